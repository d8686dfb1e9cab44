"""Decoding of pictures from outside: checked by their header before a pixel is decoded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from hub.vision.objects.interfaces import Picture

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
MAX_MEGAPIXELS = 25.0
MAX_SIDE = 32_000
MAX_SCANS = 64
"""Of a progressive JPEG: each one is decoded over the whole picture; cameras write about ten."""
FAILED = "Failed to decode frame"
ORIENTATION = 0x0112
TURNS: dict[int, tuple[Callable[[Picture], Picture], ...]] = {
    2: (np.fliplr,),
    3: (np.flipud, np.fliplr),
    4: (np.flipud,),
    5: (np.rot90, np.flipud),
    6: (partial(np.rot90, k=-1),),
    7: (np.rot90, np.fliplr),
    8: (np.rot90,),
}
"""What makes a picture upright, by EXIF orientation."""
START_OF_SCAN = b"\xff\xda"


def decode(data: bytes, max_megapixels: float = MAX_MEGAPIXELS, upright: bool = False) -> Picture:
    """The pixels of an encoded picture: H x W x 3, BGR. Transparent parts are white.

    They are as stored, so that boxes are in pixels of the picture as it was sent. `upright`: turned as the EXIF data
    says; phones store photos lying on their side. Raises ValueError with a sentence that begins with FAILED.
    """
    if not data:
        raise ValueError(f"{FAILED}: there is no picture, the data is empty.")
    orientation = _check_header(data, max_megapixels)
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError(f"{FAILED}: the picture is damaged.") from error
    if picture is None or picture.size == 0:
        raise ValueError(f"{FAILED}: the picture is damaged or its kind cannot be read; send JPEG or PNG.")
    pixels = _three_channels(_eight_bits(picture))
    for step in TURNS.get(orientation, ()) if upright else ():
        pixels = np.ascontiguousarray(step(pixels))
    return pixels


def _check_header(data: bytes, max_megapixels: float) -> int:
    """The EXIF orientation, 1 where there is none.

    Raises ValueError for what is not a picture, has too many pixels, or is expensive to decode.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as header:
                width, height = header.size
                orientation = _orientation(header)
                progressive = header.format == "JPEG" and bool(header.info.get("progressive"))
    except Image.DecompressionBombError as error:
        raise ValueError(f"{FAILED}: the picture has far too many pixels; send a smaller one.") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{FAILED}: the data is not a picture; send JPEG or PNG.") from error
    if width * height > max_megapixels * 1e6 or max(width, height) > MAX_SIDE:
        raise ValueError(
            f"{FAILED}: the picture has {width} x {height} pixels and at most {max_megapixels:g} megapixels are "
            "accepted; send a smaller one."
        )
    if progressive and data.count(START_OF_SCAN) > MAX_SCANS:
        raise ValueError(f"{FAILED}: the JPEG has too many scans; save it as a usual JPEG.")
    return orientation


def _orientation(header: Image.Image) -> int:
    """The EXIF orientation of an opened picture; 1 where there is none that can be read."""
    try:
        value = header.getexif().get(ORIENTATION, 1)
    except Exception:  # Pillow raises many kinds of errors for EXIF data of other programs, and a picture needs none
        return 1
    return value if isinstance(value, int) else 1


def _eight_bits(picture: np.ndarray) -> np.ndarray:
    """Bytes, whatever the depth was: 16-bit values are divided, others brought into their range."""
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype == np.uint16:
        eight: np.ndarray = (picture >> 8).astype(np.uint8)
        return eight
    values = np.nan_to_num(picture.astype(np.float32))
    largest = float(values.max())
    scaled: np.ndarray = np.clip(values * (255 / largest if largest > 0 else 0), 0, 255).astype(np.uint8)
    return scaled


def _three_channels(picture: np.ndarray) -> Picture:
    """BGR of grey, grey with alpha, BGR or BGRA."""
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    channels = picture.shape[2]
    if channels == 3:
        return np.asarray(picture, np.uint8)
    if channels == 1:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    alpha = picture[..., -1:].astype(np.uint16)
    colours = picture[..., :3] if channels == 4 else np.repeat(picture[..., :1], 3, axis=2)
    return ((colours * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
