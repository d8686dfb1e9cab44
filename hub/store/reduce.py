"""Small versions of pictures: decoded within the limits of `hub.store.examine`, on native threads."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from hub.store.examine import DecodeLimits, inspect
from hub.store.pictures import Head, PictureError, decoding
from hub.store.png import check_png

MAX_WIDTH = 320  # pixels
MAX_HEIGHT = 240
QUALITIES = (70, 55, 40, 30)  # the first that gives no more than ENOUGH_BYTES, or the last
ENOUGH_BYTES = 5_000
MAX_PIXELS = 16_000_000  # of what is decoded at its full size: all but JPEG, which decodes to an eighth
PAPER = (255, 255, 255)  # behind what is transparent


def head_of(data: bytes, limits: DecodeLimits) -> Head:
    """The head of a picture that may be made small. Raises PictureError."""
    head = inspect(data, limits)
    if head.kind != "JPEG" and head.width * head.height > MAX_PIXELS:
        raise PictureError(f"has {head.width} x {head.height} pixels, too many to make it small")
    return head


def reduce(data: bytes, head: Head) -> bytes:
    """The picture as a JPEG of at most MAX_WIDTH x MAX_HEIGHT pixels, upright, without its metadata.

    Raises PictureError where it cannot be decoded.
    """
    with decoding():
        return _reduce(data, head)


def _reduce(data: bytes, head: Head) -> bytes:
    if head.kind == "PNG":
        check_png(data)
    with Image.open(io.BytesIO(data), formats=[head.kind]) as image:
        if image.size != (head.width, head.height):
            raise PictureError("cannot be decoded (it has two sizes)")
        if head.kind == "JPEG":
            image.draft("RGB", (MAX_WIDTH, MAX_HEIGHT))
        image.thumbnail((MAX_WIDTH, MAX_HEIGHT), Image.Resampling.BILINEAR, reducing_gap=2.0)
        small = ImageOps.exif_transpose(image)
        small.thumbnail((MAX_WIDTH, MAX_HEIGHT))  # one that lay on its side may be too high now
        if small.mode in ("RGBA", "LA", "PA") or "transparency" in small.info:
            drawn = small.convert("RGBA")
            small = Image.new("RGB", drawn.size, PAPER)
            small.paste(drawn, mask=drawn.getchannel("A"))
        return _encode(small.convert("RGB"))


def _encode(image: Image.Image) -> bytes:
    data = b""
    for quality in QUALITIES:
        made = io.BytesIO()
        image.save(made, "JPEG", quality=quality)
        data = made.getvalue()
        if len(data) <= ENOUGH_BYTES:
            break
    return data
