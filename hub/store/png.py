"""PNG: its head, and a check of the whole file that holds no pixels in memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from hub.store.pictures import Head, PictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Adam7: the first pixel and the distance of pixels, across and down, of each of its passes.
INTERLACED = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PLAIN = ((0, 0, 1, 1),)
FILTERS = bytes(range(5))
MAX_CHUNKS = 50_000
# Of one step of inflating. Each has to win the GIL back from the event loop, which can take milliseconds; larger
# buffers cost more in new pages of memory (measured, a picture of 49 megapixels: 0.23 s, with 8 MB 0.31 s).
IN_BYTES, OUT_BYTES = 256 * 1024, 1024 * 1024
CHECK_BYTES = 2 * OUT_BYTES


def inspect_png(data: bytes) -> Head:
    """The head of a PNG. Raises PictureError."""
    width, height, _, _ = _header(data)
    return Head("PNG", width, height, CHECK_BYTES)


def check_png(data: bytes) -> None:
    """Verify the checksums of all chunks and inflate the pixels, which are discarded. Raises PictureError."""
    width, height, bits, passes = _header(data)
    rows = [
        (1 + (-(-(width - left) // across) * bits + 7) // 8, -(-(height - top) // down))
        for left, top, across, down in passes
        if width > left and height > top
    ]
    try:
        _inflate(_pixel_data(data), rows)
    except zlib.error as error:
        raise PictureError(f"cannot be decoded ({error})") from error


def _header(data: bytes) -> tuple[int, int, int, tuple[tuple[int, int, int, int], ...]]:
    """Width, height, bits of a pixel, and the passes in which the pixels come."""
    if len(data) < 33 or data[8:16] != b"\0\0\0\rIHDR":
        raise PictureError("cannot be decoded (it is cut off in its header)")
    width, height, depth, colour, compression, filtering, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if not width or not height or depth not in DEPTHS.get(colour, ()) or compression or filtering or interlaced > 1:
        raise PictureError("cannot be decoded (its header is not one of a PNG)")
    return width, height, depth * CHANNELS[colour], INTERLACED if interlaced else PLAIN


def _pixel_data(data: bytes) -> Iterator[memoryview]:
    """The compressed pixels in small pieces. Every chunk up to their end must be whole."""
    view, position, began, palette = memoryview(data), len(SIGNATURE), False, data[25] != 3
    for _ in range(MAX_CHUNKS):
        if position + 12 > len(data):
            break
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        end = position + 8 + length
        if end + 4 > len(data) or kind == b"IEND" or (began and kind != b"IDAT"):
            break
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise PictureError(f"cannot be decoded (the checksum of its part {kind!r} is wrong)")
        palette = palette or kind == b"PLTE"
        if kind == b"IDAT":
            if not palette:
                raise PictureError("cannot be decoded (it has no palette)")
            began = True
            for start in range(position + 8, end, IN_BYTES):
                yield view[start : min(end, start + IN_BYTES)]
        position = end + 4
    else:
        raise PictureError(f"cannot be decoded (it has more than {MAX_CHUNKS} parts)")


def _inflate(pieces: Iterator[memoryview], rows: list[tuple[int, int]]) -> None:
    """Inflate the pieces; there must be all rows, given as (bytes, number), each with a filter type at its start.

    zlib releases the GIL while it inflates. Pieces are small since the rest of one is copied for each step.
    """
    inflate, filters = zlib.decompressobj(), _Filters(rows)
    for piece in pieces:
        rest: bytes | memoryview = piece
        while rest and not inflate.eof:
            filters.feed(inflate.decompress(rest, OUT_BYTES))
            rest = inflate.unconsumed_tail
            if filters.excess > OUT_BYTES:
                return
        if inflate.eof:
            break
    while not inflate.eof and filters.missing and (more := inflate.decompress(b"", OUT_BYTES)):
        filters.feed(more)
    if filters.missing:
        raise PictureError("cannot be decoded (it is cut off)")


class _Filters:
    """Checks the filter type of each row of the inflated bytes as they pass."""

    def __init__(self, rows: list[tuple[int, int]]) -> None:
        self._rows = [row for row in rows if row[1]]
        self._offset = 0  # of the next filter type, from the start of the next bytes
        self.missing = sum(size * number for size, number in self._rows)
        self.excess = 0

    def feed(self, data: bytes) -> None:
        if len(data) > self.missing:
            self.excess += len(data) - self.missing
            data = data[: self.missing]
        self.missing -= len(data)
        while self._rows and self._offset < len(data):
            size, number = self._rows[0]
            end = min(len(data), self._offset + size * number)
            found = data[self._offset : end : size]
            if found.translate(None, FILTERS):
                raise PictureError("cannot be decoded (its pixels are not those of a PNG)")
            self._offset += len(found) * size
            self._rows[0] = (size, number - len(found))
            if number == len(found):
                del self._rows[0]
        self._offset -= len(data)
