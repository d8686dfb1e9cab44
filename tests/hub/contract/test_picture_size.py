"""Sizes from headers of every kind of picture, compared with what Pillow wrote."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hub.contract.picture_size import picture_size

HEADS = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L"]


def encoded(kind: str, size: tuple[int, int], **options: object) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(data, kind, **options)
    return data.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_the_size_of_every_kind(kind: str, options: dict[str, object]) -> None:
    assert picture_size(encoded(kind, (123, 45), **options)) == (123, 45)


def test_a_bmp_of_os2_and_one_from_top_to_bottom() -> None:
    head = b"BM" + bytes(12)
    assert picture_size(head + b"\x0c\0\0\0" + b"\x40\0\x30\0" + bytes(4)) == (64, 48)
    down = bytearray(encoded("BMP", (64, 48)))
    down[22:26] = (-48).to_bytes(4, "little", signed=True)
    assert picture_size(bytes(down)) == (64, 48)


@given(st.sampled_from(HEADS), st.binary(max_size=60))
def test_any_bytes_give_a_size_or_none(head: bytes, rest: bytes) -> None:
    size = picture_size(head + rest)
    assert size is None or (len(size) == 2 and min(size) >= 0)
