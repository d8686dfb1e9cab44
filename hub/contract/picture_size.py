"""The size of a picture, read from its headers alone: decoding it would block the event loop."""

from __future__ import annotations

import struct

SOI = b"\xff\xd8"
MARKERS_BYTES = 4  # start and end marker with nothing between them
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_NOT_FRAMES = frozenset((0xC4, 0xC8, 0xCC))
_END, _SCAN = 0xD9, 0xDA
_MAX_SEGMENTS = 2000


def is_jpeg(data: bytes) -> bool:
    """Whether `data` starts with the SOI marker (docs/wire/apriltag.md 5.8) and has more than its two markers."""
    return data[:2] == SOI and len(data) > MARKERS_BYTES


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a JPEG, baseline or progressive; None when `data` is no JPEG or its headers lack them.

    Walks from segment to segment up to the first frame header (SOFn). The older server searched for the first bytes
    FF C0 anywhere (docs/wire/apriltag.md 2.4), which is wrong for pictures with thumbnails and for progressive ones.
    """
    if not is_jpeg(data):
        return None
    position, end = 2, len(data)
    for _ in range(_MAX_SEGMENTS):
        if position + 4 > end or data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in (_END, _SCAN):
            return None
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES:
            if position + 9 > end:
                return None
            height = data[position + 5] << 8 | data[position + 6]
            width = data[position + 7] << 8 | data[position + 8]
            return (width, height) if width and height else None
        length = data[position + 2] << 8 | data[position + 3]
        if length < 2:
            return None
        position += 2 + length
    return None


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a WebP from its first chunk; None when `data` is no WebP."""
    kind, body = data[12:16], data[20:30]
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(body) < 10:
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a JPEG, PNG, GIF, BMP or WebP; None where its headers do not give them."""
    try:
        if data.startswith(SOI):
            return jpeg_size(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", data, 16)
        if data.startswith(b"GIF8"):
            return struct.unpack_from("<HH", data, 6)
        if data.startswith(b"BM"):
            old = data[14:18] == b"\x0c\0\0\0"  # the header of OS/2 has 16 bits for each side
            width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
            return abs(width), abs(height)
    except struct.error:
        return None
    return webp_size(data)
