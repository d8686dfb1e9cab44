"""The size of a JPEG, read from its headers alone: decoding a picture would block the event loop."""

from __future__ import annotations

SOI = b"\xff\xd8"
MARKERS_BYTES = 4  # start and end marker with nothing between them
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_NOT_FRAMES = frozenset((0xC4, 0xC8, 0xCC))
_END, _SCAN = 0xD9, 0xDA
_MAX_SEGMENTS = 400


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
