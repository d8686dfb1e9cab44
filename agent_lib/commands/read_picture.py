"""Load a picture file of any common format as BGR pixels as a person sees it: upright, 8 bits, opaque."""

from __future__ import annotations

import io
import stat
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from PIL import ImageOps, UnidentifiedImageError

from agent_lib.runtime.arrays import Array, Image

MAX_BYTES = 512 * 1024 * 1024
MAX_PIXELS = 120_000_000
"""Half a gigabyte decoded; photos of phones with 50 or 108 megapixels are below it."""
MIN_SIDE = 16
MAX_SIDE = 4096
"""Larger pictures are reduced to this, which keeps even the smallest readable label large enough."""
_BACKDROP = (128, 128, 128)
_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1")


class PictureError(Exception):
    """A file cannot be processed; the message says why and, if possible, what to do."""


def load_picture(path: Path) -> tuple[Image, float]:
    """(height, width, 3) BGR uint8, the longer side at most 4096, and how many pixels of the file one of them spans.

    The factor is 1.0 if the picture is not reduced. Of an animation, the first frame. Raises PictureError.
    """
    return decode(_bytes(path))


def _bytes(path: Path) -> bytes:
    """The file's content, read by Python so that names in any script work on Windows too."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PictureError("This is a folder.")
        if not stat.S_ISREG(status.st_mode):
            raise PictureError("This is no file that can be read.")
        if status.st_size > MAX_BYTES:
            raise PictureError(f"The file is larger than {MAX_BYTES >> 20} MB.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PictureError("There is no such file.") from error
    except OSError as error:
        raise PictureError(f"The file cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise PictureError("The name is not valid.") from error
    if not data:
        raise PictureError("The file is empty.")
    return data


def decode(data: bytes) -> tuple[Image, float]:
    """Decode a file's bytes: see load_picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about large pictures and odd tags, which are handled or harmless
        try:
            image = PIL.Image.open(io.BytesIO(data))
        except UnidentifiedImageError:
            return _second_try(data)
        except PIL.Image.DecompressionBombError as error:
            raise PictureError(
                f"The picture is too large: use at most {MAX_PIXELS // 1_000_000} megapixels."
            ) from error
        except (OSError, ValueError, SyntaxError, struct.error) as error:
            raise PictureError(f"The picture is damaged: {error}.") from error
        width, height = image.size
        _refuse_size(width, height)
        # JPEG can be decoded at a fraction of its size, which saves most of the time for a huge one.
        image.draft(None, (min(width, MAX_SIDE), min(height, MAX_SIDE)))
        try:
            image.load()
            return _reduced(_to_bgr(ImageOps.exif_transpose(image)), max(width, height))
        except MemoryError as error:
            raise PictureError(f"There is not enough memory for {width} x {height} pixels.") from error
        except Exception as error:  # decoders raise nearly anything for a corrupt file
            raise PictureError(f"The picture is damaged: {error}.") from error


def _refuse_size(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise PictureError(f"The picture is too small: it has {width} x {height} pixels.")
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"The picture of {width} x {height} pixels is too large: use at most {MAX_PIXELS // 1_000_000} megapixels."
        )


def _second_try(data: bytes) -> tuple[Image, float]:
    """Decode formats that OpenCV supports and Pillow does not, such as some TIFF with 16 bits."""
    if data[4:12] in _HEIC:
        raise PictureError("HEIC photos cannot be read: save or send the picture as JPEG.")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise PictureError("This is not a picture that can be read (JPEG, PNG, WebP, BMP, TIFF or GIF).")
    _refuse_size(image.shape[1], image.shape[0])
    return _reduced(image, max(image.shape[:2]))


def _to_bgr(image: PIL.Image.Image) -> Image:
    if image.mode.startswith(("I", "F")):
        return _stretched(np.asarray(image))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = PIL.Image.alpha_composite(PIL.Image.new("RGBA", image.size, (*_BACKDROP, 255)), image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def _stretched(values: Array) -> Image:
    """Reduce grey with more than 8 bits: cameras use 10 to 16 of them, so the brightest pixel becomes white."""
    values = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(values.min())), float(values.max())
    grey = ((values - low) * (255.0 / max(high - low, 1e-6))).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def _reduced(image: Image, original: int) -> tuple[Image, float]:
    """The picture reduced to the maximum side; `original` is the longer side of the file's picture."""
    longest = max(image.shape[:2])
    if longest > MAX_SIDE:
        share = MAX_SIDE / longest
        size = (max(1, round(image.shape[1] * share)), max(1, round(image.shape[0] * share)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image, original / max(image.shape[:2])
