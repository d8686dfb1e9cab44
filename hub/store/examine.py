"""Kind and size of a picture from its bytes, and whether they can be decoded. Called on native threads.

What a picture costs is known from its head, before anything is decoded, and bounded: pixels, scans, memory and work.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import cast

from PIL import BmpImagePlugin, Image

from hub.contract.picture_size import webp_size
from hub.store.jpeg import inspect_jpeg
from hub.store.pictures import SUFFIXES, Head, Picture, PictureError, decoding
from hub.store.png import check_png, inspect_png

HEADS = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF8", "GIF"), (b"BM", "BMP"), (b"RIFF", "WEBP"))
MB = 1024 * 1024
# A decoder takes about 35 ns a block and 40 ns a coded byte: less than two seconds for this many in 16 MB.
MAX_BLOCKS = 30_000_000
MAX_PYTHON_BYTES = 256 * 1024  # of what Pillow decodes in Python, holding the GIL: run-length coded BMP
MAX_GIF_EXTENSION_BYTES = 256 * 1024  # before the first frame; Pillow copies all of a comment for each 255 bytes
WEBP_BYTES, PIXEL_BYTES = 16, 4  # memory for a pixel: libwebp keeps two canvases beside the picture


@dataclass(frozen=True)
class DecodeLimits:
    """What a picture may have, to be decoded and shown."""

    megapixels: int = 50
    scans: int = 100
    memory: int = 256 * MB


def examine(data: bytes, limits: DecodeLimits | None = None) -> Picture:
    """Decode `data` far enough to know that it is whole. Raises PictureError.

    The kind is detected from the first bytes, never from a name or a declared type.
    """
    return check(data, inspect(data, limits or DecodeLimits()))


def inspect(data: bytes, limits: DecodeLimits) -> Head:
    """What the head of a picture says; nothing is decoded. Raises PictureError for what may not be decoded."""
    kind = next((name for head, name in HEADS if data.startswith(head)), None)
    if kind is None:
        raise PictureError("is not a picture (JPEG, PNG, WebP, GIF or BMP expected)")
    head = _inspect(data, kind)
    size = f"{head.width} x {head.height} pixels"
    if head.width * head.height > limits.megapixels * 1_000_000:
        raise PictureError(f"has {size}, more than {limits.megapixels} million")
    if head.scans > limits.scans:
        raise PictureError(f"has {head.scans} scans, more than {limits.scans}")
    if head.blocks > MAX_BLOCKS:
        raise PictureError(f"has {head.scans} scans of {size}, which take too long to decode")
    if head.memory > limits.memory:
        raise PictureError(f"has {size}, which take more than {limits.memory // MB} MB to decode in this format")
    return head


def _inspect(data: bytes, kind: str) -> Head:
    if kind == "JPEG":
        return inspect_jpeg(data)
    if kind == "PNG":
        return inspect_png(data)
    if kind == "WEBP":
        width, height = _webp_size(data)
        return Head(kind, width, height, width * height * WEBP_BYTES)
    if kind == "GIF":
        _bound_gif_extensions(data)
    with decoding(), Image.open(io.BytesIO(data), formats=[kind]) as image:
        width, height = image.size
        tile = image.tile[0] if image.tile else None
    if kind == "BMP" and tile is not None and tile.codec_name != "raw" and len(data) > MAX_PYTHON_BYTES:
        raise PictureError("is a run-length coded BMP, which takes too long to decode")
    return Head(kind, width, height, width * height * PIXEL_BYTES)


def check(data: bytes, head: Head) -> Picture:
    """Read all of a picture that `inspect` let pass. Raises PictureError where it is not whole.

    JPEG is decoded at an eighth of its size: every coded byte is read, at a third of the cost.
    """
    if head.kind == "PNG":
        check_png(data)
    else:
        with decoding():
            _decode(data, head)
    return Picture(data, SUFFIXES[head.kind], head.width, head.height)


def _decode(data: bytes, head: Head) -> None:
    with Image.open(io.BytesIO(data), formats=[head.kind]) as image:
        if image.size != (head.width, head.height):
            raise PictureError("cannot be decoded (it has two sizes)")
        if isinstance(image, BmpImagePlugin.BmpImageFile) and image.tile and image.tile[0].codec_name == "raw":
            tile = image.tile[0]
            if tile.offset + abs(cast(tuple[str, int, int], tile.args)[1]) * head.height > len(data):
                raise PictureError("cannot be decoded (it is cut off)")
            return
        if head.kind == "JPEG":
            image.draft("L", (max(1, head.width // 8), max(1, head.height // 8)))
        image.load()


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the first chunk of a WebP: opening one by its library allocates its pixels."""
    size = webp_size(data)
    if size is None:
        raise PictureError("cannot be decoded (it is not a WebP)")
    return size


def _bound_gif_extensions(data: bytes) -> None:
    """Raise PictureError where what stands before the first frame is large."""
    position = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    start = position
    while position < len(data) and data[position] == 0x21:
        position += 2
        while position < len(data) and data[position] and position - start <= MAX_GIF_EXTENSION_BYTES:
            position += 1 + data[position]
        position += 1
        if position - start > MAX_GIF_EXTENSION_BYTES:
            raise PictureError("cannot be decoded (what stands before its picture is too long)")
