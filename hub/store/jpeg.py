"""Head of a JPEG: its size, and the scans that a decoder would have to pass over."""

from __future__ import annotations

import re

from hub.store.pictures import Head, PictureError

MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")  # those that a length follows, SOI and EOI
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
EOI, SOS = 0xD9, 0xDA
SCAN = b"\xff\xda"
MAX_SEGMENTS = 10_000
COEFFICIENT_BYTES = 128  # of a block
CUT_OFF = "cannot be decoded (it is cut off before its picture)"


def inspect_jpeg(data: bytes) -> Head:
    """The head of a JPEG. Raises PictureError.

    A decoder keeps the coefficients of the whole picture when it has several scans, and passes over all their blocks
    for each, however few bytes a scan has. Coded data cannot hold the marker of a scan, so all of these after the first
    are counted: one in a comment counts as well, which real files do not have there.
    """
    frame, progressive, position = _find_frame(data)
    width, height, components = frame
    widest = max(across for across, _ in components.values())
    highest = max(down for _, down in components.values())
    units = -(-width // (8 * widest)) * -(-height // (8 * highest))
    blocks = {name: units * across * down for name, (across, down) in components.items()}
    every = sum(blocks.values())
    if not progressive and _count(data, position) == len(components):
        return Head("JPEG", width, height, every * 8, 1, every)
    scans, passed = data.count(SCAN, position), 0
    for _ in range(min(scans, 1000)):  # more are refused, whatever is in them
        position = data.find(SCAN, position)
        names = data[position + 5 : position + 5 + 2 * _count(data, position) : 2]
        passed += sum(blocks.get(name, every) for name in names)
        position += 2
    return Head("JPEG", width, height, every * COEFFICIENT_BYTES, scans, passed)


def _count(data: bytes, position: int) -> int:
    """How many components the scan at `position` has."""
    if position + 5 > len(data):
        raise PictureError(CUT_OFF)
    return data[position + 4]


def _find_frame(data: bytes) -> tuple[tuple[int, int, dict[int, tuple[int, int]]], bool, int]:
    """Width, height and sampling factors by component; whether it is progressive; the position of the first scan."""
    frame: tuple[int, int, dict[int, tuple[int, int]]] | None = None
    progressive, position = False, 2
    for _ in range(MAX_SEGMENTS):
        found = MARKER.search(data, position)
        if found is None or found.end() + 2 > len(data) or found[1][0] == EOI:
            break
        marker, start = found[1][0], found.end()
        if marker == SOS and frame is not None:
            return frame, progressive, start - 2
        if marker in FRAMES:
            frame, progressive = _frame(data[start : start + 8 + 3 * 255]), marker in PROGRESSIVE
        position = start if marker == 0xD8 else start + max(2, int.from_bytes(data[start : start + 2], "big"))
    else:
        raise PictureError(f"cannot be decoded (it has more than {MAX_SEGMENTS} parts before its picture)")
    raise PictureError(CUT_OFF)


def _frame(segment: bytes) -> tuple[int, int, dict[int, tuple[int, int]]]:
    """Width, height and sampling factors of each component from a SOF segment, its length first."""
    if len(segment) < 8 or len(segment) < 8 + 3 * segment[7]:
        raise PictureError(CUT_OFF)
    height, width = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[5:7], "big")
    sampling = {segment[at]: (segment[at + 1] >> 4, segment[at + 1] & 15) for at in range(8, 8 + 3 * segment[7], 3)}
    if not width or not height or not sampling or not all(across and down for across, down in sampling.values()):
        raise PictureError("cannot be decoded (it has no pixels)")
    return width, height, sampling
