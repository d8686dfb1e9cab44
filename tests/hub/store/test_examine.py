"""What is decoded, and what is refused by its head alone."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from hub.store.examine import DecodeLimits, check, examine, inspect
from hub.store.pictures import PictureError
from tests.support.scans import many_scans

pytestmark = pytest.mark.slow

NOISE = Image.effect_noise((203, 157), 80)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, size: tuple[int, int] = (4, 4), kind: bytes = b"\x08\x00\0\0\0") -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">II", *size) + kind) + b"".join(chunks)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_png_of_every_kind(mode: str) -> None:
    image = NOISE if mode == "L" else NOISE.convert("I").convert(mode) if mode == "I;16" else NOISE.convert(mode)
    found = examine(saved(image, "PNG"))
    assert (found.suffix, found.width, found.height) == (".png", 203, 157)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (8, 8), (9, 17), (203, 157)])
@pytest.mark.parametrize(("colour", "depth"), [(0, 1), (0, 16), (2, 8), (6, 8)])
def test_png_interlaced(size: tuple[int, int], colour: int, depth: int) -> None:
    bits = depth * {0: 1, 2: 3, 6: 4}[colour]
    rows = b""
    for left, top, across, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ):  # fmt: skip
        wide, high = len(range(left, size[0], across)), len(range(top, size[1], down))
        rows += (b"\x01" + bytes((wide * bits + 7) // 8)) * high if wide else b""
    head = struct.pack("BBBBB", depth, colour, 0, 0, 1)
    data = png(chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""), size=size, kind=head)
    Image.open(io.BytesIO(data)).load()
    assert examine(data).width == size[0]
    with pytest.raises(PictureError, match="cut off"):
        examine(png(chunk(b"IDAT", zlib.compress(rows[:-1])), size=size, kind=head))


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ([chunk(b"IDAT", zlib.compress(bytes(19)))], "cut off"),
        ([chunk(b"IDAT", zlib.compress(bytes(20)))[:-1]], "cut off"),
        ([chunk(b"IDAT", zlib.compress(b"\x05" + bytes(19)))], "its pixels"),
        ([chunk(b"IDAT", b"noise" * 9)], "incorrect header"),
        ([chunk(b"IDAT", zlib.compress(bytes(20)))[:-4] + b"crc."], "checksum"),
        ([chunk(b"tEXt", b"")] * 50_001, "parts"),
        ([], "cut off"),
    ],
    ids=["a byte short", "cut", "filter", "noise", "checksum", "parts", "nothing"],
)
def test_png_that_is_not_whole(chunks: list[bytes], reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        examine(png(*chunks))


def test_png_pixels_are_not_held_in_memory() -> None:
    data = saved(Image.new("RGB", (7000, 7000)), "PNG")
    tracemalloc.start()
    try:
        examine(data)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_png_with_more_data_than_pixels_is_not_inflated_without_end() -> None:
    compress = zlib.compressobj()
    body = b"".join(compress.compress(bytes(1_000_000)) for _ in range(500)) + compress.flush()
    assert len(body) < 600_000 and examine(png(chunk(b"IDAT", body))).width == 4


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"progressive": True, "subsampling": 0}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_counts_scans_and_blocks(mode: str, options: dict[str, Any]) -> None:
    data = saved(NOISE.convert(mode), "JPEG", **options)
    data = data[:2] + b"\xff\xfe\x00\x06\xff\xda\xff\xd9" + data[2:]  # a comment that looks like a scan
    head = inspect(data, DecodeLimits())
    assert (head.width, head.height) == (203, 157)
    assert (head.scans == 1) == (not options) and head.scans < 20
    assert 0 < head.blocks < 40_000
    assert check(data, head).suffix == ".jpg"
    with pytest.raises(PictureError, match="cannot be decoded"):
        examine(data[:-300])


def test_jpeg_of_many_scans_is_refused_by_its_head() -> None:
    with pytest.raises(PictureError, match="has 3000 scans, more than 100"):
        inspect(many_scans(3000), DecodeLimits())
    assert examine(many_scans(60)).width == 1500
    with pytest.raises(PictureError, match="scans of 1500 x 1500 pixels"):
        inspect(many_scans(3000), DecodeLimits(scans=9999))


def test_memory_that_decoding_takes_is_bounded() -> None:
    data = saved(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True, subsampling=0)
    with pytest.raises(PictureError, match="more than 90 MB to decode"):
        inspect(data, DecodeLimits(memory=90 * 1024 * 1024))
    assert inspect(data, DecodeLimits()).memory == pytest.approx(96_000_000, rel=0.01)
    plain = saved(Image.new("RGB", (4000, 4000)), "JPEG", subsampling=0)
    assert inspect(plain, DecodeLimits()).memory < 10_000_000


@pytest.mark.parametrize(
    ("kind", "options"),
    [("GIF", {}), ("BMP", {}), ("WEBP", {}), ("WEBP", {"lossless": True}), ("WEBP", {"exif": b"Exif\0\0xx"})],
)
def test_other_kinds(kind: str, options: dict[str, Any]) -> None:
    data = saved(NOISE.convert("RGB"), kind, **options)
    found = examine(data)
    assert (found.width, found.height) == (203, 157)
    with pytest.raises(PictureError, match="cannot be decoded"):
        examine(data[: len(data) // 2])
    with pytest.raises(PictureError, match="203 x 157 pixels"):
        inspect(data, DecodeLimits(memory=1000))


def _gif_with_a_long_comment() -> bytes:
    data = saved(NOISE, "GIF")
    start = 13 + (3 << (data[10] & 7) + 1)
    return data[:start] + b"\x21\xfe" + (b"\xff" + bytes(255)) * 4000 + b"\0" + data[start:]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_gif_with_a_long_comment, "too long"),
        (lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * 20_000, "parts"),
        (lambda: b"\xff\xd8" + b"\xff" * 8_000_000, "cut off"),
        (lambda: b"\xff\xd8\xff\xe0" + bytes(8_000_000), "cut off"),
        (lambda: b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\xff" * 6 + b"x" * 50, "more than 50 million"),
        (lambda: b"RIFF\0\0\0\0WEBPJUNK" + bytes(100), "not a WebP"),
        (lambda: b"RIFF\0\0\0\0WAVE" + bytes(100), "not a WebP"),
        (lambda: b"BM" + bytes(50), "cannot be decoded"),
    ],
    ids=["GIF comment", "JPEG parts", "JPEG fill", "JPEG noise", "WebP size", "WebP chunk", "WAV", "BMP"],
)
def test_heads_that_are_made_to_be_slow_or_large(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        inspect(make(), DecodeLimits())
