"""Pictures from outside: every kind that is decoded, and those that are refused before a pixel is decoded."""

from __future__ import annotations

import io
import struct
import time
import zlib

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image, ImageOps

from hub.vision.objects.pictures import decode


def encoded(mode: str, kind: str = "PNG", size=(40, 30), colour=None, **more) -> bytes:
    memory = io.BytesIO()
    Image.new(mode, size, colour if colour is not None else 200).save(memory, kind, **more)
    return memory.getvalue()


def png_header(width: int, height: int, content: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (encoded("RGB", colour=(10, 20, 200)), (200, 20, 10)),
        (encoded("L"), (200, 200, 200)),
        (encoded("LA", colour=(0, 0)), (255, 255, 255)),
        (encoded("RGBA", colour=(10, 20, 200, 255)), (200, 20, 10)),
        (encoded("RGBA", colour=(10, 20, 200, 0)), (255, 255, 255)),
        (encoded("I;16", colour=200 * 256), (200, 200, 200)),
        (encoded("1", colour=1), (255, 255, 255)),
        (encoded("RGB", "BMP", colour=(10, 20, 200)), (200, 20, 10)),
        (encoded("RGB", "WEBP", colour=(10, 20, 200), lossless=True), (200, 20, 10)),
    ],
)
def test_every_kind_of_pixel_becomes_bgr(data, colour):
    picture = decode(data)
    assert (picture.shape, picture.dtype) == ((30, 40, 3), np.uint8)
    assert tuple(picture[15, 20]) == colour


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_of_any_colours_is_decoded(mode):
    assert decode(encoded(mode, "JPEG")).shape == (30, 40, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_as_its_exif_data_says_where_that_is_wanted(orientation):
    content = np.zeros((32, 48, 3), np.uint8)
    content[:8, :24] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    memory = io.BytesIO()
    Image.fromarray(content).save(memory, "PNG", exif=exif)
    np.testing.assert_array_equal(decode(memory.getvalue()), content)
    turned = np.asarray(ImageOps.exif_transpose(Image.open(memory)))
    np.testing.assert_array_equal(decode(memory.getvalue(), upright=True), turned)


def test_exif_data_that_cannot_be_read_does_not_matter():
    assert decode(encoded("RGB", "JPEG", exif=b"Exif\0\0MM\0*" + b"\xff" * 40), upright=True).shape == (30, 40, 3)


@pytest.mark.alone
def test_a_picture_of_900_megapixels_is_refused_without_its_memory():
    data = png_header(30_000, 30_000, zlib.compress(bytes(1_000_000)))
    before, began = psutil.Process().memory_info().rss, time.monotonic()
    with pytest.raises(ValueError, match=r"^Failed to decode frame: the picture has .*send a smaller one\.$"):
        decode(data)
    assert time.monotonic() - began < 1
    assert psutil.Process().memory_info().rss - before < 50e6


def test_the_limit_of_the_request_counts():
    data = encoded("RGB", size=(1000, 500))
    assert decode(data, 0.5).shape == (500, 1000, 3)
    with pytest.raises(ValueError, match=r"has 1000 x 500 pixels and at most 0\.4 megapixels"):
        decode(data, 0.4)


def test_a_progressive_jpeg_is_decoded_and_one_with_hundreds_of_scans_is_refused():
    data = encoded("RGB", "JPEG", size=(64, 64), progressive=True)
    assert decode(data).shape == (64, 64, 3)
    last = data.rindex(b"\xff\xda")
    many = data[:last] + data[last:-2] * 300 + data[-2:]
    with pytest.raises(ValueError, match="Failed to decode frame: the JPEG has too many scans"):
        decode(many)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 500,
        b"<html></html>",
        b"\xff\xd8\xff",
        png_header(40, 30)[:40],
        b"GIF89a" + b"\0" * 30,
        encoded("RGB")[:60],
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(data):
    with pytest.raises(ValueError, match=r"^Failed to decode frame: [^\n]*\.$") as failure:
        decode(data)
    assert "OpenCV" not in str(failure.value) and "cv2" not in str(failure.value)


def test_a_jpeg_that_ends_early_is_refused():
    whole = cv2.imencode(".jpg", np.full((200, 200, 3), 90, np.uint8))[1].tobytes()
    with pytest.raises(ValueError, match="Failed to decode frame: the picture is damaged"):
        decode(whole[: len(whole) - 20])
