"""Motion JPEG over HTTP: the pictures in a multipart/x-mixed-replace body.

Cameras differ in everything the format leaves open: Content-Length is present, missing or wrong; the announced
boundary has its two hyphens or not, is quoted, or is not the one sent; there is text and padding between parts. So a
part's length is only a hint, and a part counts if its bytes are one complete JPEG.
"""

import re

from agent_lib.cameras.frames import JPEG_START, MAX_FRAME_BYTES, FrameError, whole_jpeg_length

MAX_HEADER_BYTES = 65536

Part = tuple[bytes, float, float]

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
# In a scan, FF 00 is data, FF D0..D7 are restart markers, FF FF is fill. Any other FF ends the scan.
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


class StreamError(ValueError):
    """The data is no motion JPEG stream; the message says why."""


class JpegWalker:
    """Finds the end of a JPEG at the start of a growing buffer.

    It walks from segment to segment, because a thumbnail in the header contains an end marker of its own.
    """

    def __init__(self) -> None:
        self._at = 2
        self._in_scan = False

    def find_end(self, data: bytearray) -> int:
        """Length of the JPEG, -1 while it is incomplete. Raises FrameError at an invalid segment."""
        while True:
            if self._in_scan:
                match = _SCAN_END.search(data, self._at)
                if match is None:
                    self._at = max(self._at, len(data) - 1)
                    return -1
                self._at, self._in_scan = match.start(), False
            if self._at + 2 > len(data):
                return -1
            if data[self._at] != 0xFF:
                raise FrameError("The picture's bytes are no JPEG.")
            marker = data[self._at + 1]
            if marker == _END_OF_IMAGE:
                return self._at + 2
            if marker == 0xFF:
                self._at += 1
            elif marker in _STANDALONE:
                self._at += 2
            elif self._at + 4 > len(data):
                return -1
            else:
                self._at += 2 + int.from_bytes(data[self._at + 2 : self._at + 4], "big")
                self._in_scan = marker == _START_OF_SCAN


class MultipartParser:
    """Splits the body into complete pictures. `bad` counts the other parts; a truncated picture is never returned."""

    def __init__(self, boundary: str = "") -> None:
        self._boundary = boundary.strip('" ').encode("latin-1", "replace")
        self._delimiter = b""
        self._buffer = bytearray()
        self._length: int | None = None
        self._walker: JpegWalker | None = None
        self._started: tuple[float, float] | None = None
        self._searched_to = 0
        self._out_of_sync = False
        self.bad = 0

    def feed(self, data: bytes, ts: float, mono: float) -> list[Part]:
        """The pictures that `data` completes: (JPEG bytes, ts, mono), with the times of the part's first byte.

        `ts` and `mono` are the time of `data`. Raises StreamError if a picture exceeds 32 MB or there is none at all.
        """
        self._buffer += data
        parts: list[Part] = []
        while self._step(parts, (ts, mono)):
            pass
        return parts

    def _step(self, parts: list[Part], now: tuple[float, float]) -> bool:
        """Advance in the buffer; False if more bytes are needed."""
        if self._out_of_sync:
            return self._find_delimiter()
        if self._walker is not None:
            return self._by_end_marker(parts, self._walker)
        if self._length is not None:
            return self._by_length(parts)
        return self._header(now)

    def _header(self, now: tuple[float, float]) -> bool:
        buffer = self._buffer
        del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
        if self._started is None and self._part_has_started():
            self._started = now
        if buffer[:2] == JPEG_START:
            self._walker = JpegWalker()
            return True
        match = _BLANK_LINE.search(buffer, 0, MAX_HEADER_BYTES)
        if match is None:
            if len(buffer) > MAX_HEADER_BYTES:
                raise StreamError("it sends a stream that holds no pictures")
            return False
        lines = bytes(buffer[: match.start()]).splitlines()
        rest = bytes(buffer[match.end() : match.end() + 2])
        length = self._parse_header(lines)
        if length is None and len(rest) < 2:
            return False
        del buffer[: match.end()]
        if length is not None:
            self._length = length
        elif rest == JPEG_START:
            self._walker = JpegWalker()
        else:
            self._started = None
        return True

    def _part_has_started(self) -> bool:
        """Whether there is more than the delimiter, which some cameras send right after the previous picture."""
        if not self._buffer.startswith(self._delimiter or b"--"):
            return bool(self._buffer)
        return 0 <= self._buffer.find(b"\n") < len(self._buffer) - 1

    def _parse_header(self, lines: list[bytes]) -> int | None:
        """The Content-Length of a part's header; also learns the delimiter as it is actually sent."""
        length = None
        for line in lines:
            name, colon, value = line.partition(b":")
            if colon and name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value.strip()[:20])
            elif line.startswith(b"--") or (self._boundary and line.strip() == self._boundary):
                self._delimiter = line.strip()
        if length is not None and length > MAX_FRAME_BYTES:
            raise StreamError(
                f"it announces a picture of {length / 1e6:.0f} MB, and at most {MAX_FRAME_BYTES >> 20} MB are taken"
            )
        return length or None

    def _by_length(self, parts: list[Part]) -> bool:
        length = self._length or 0
        if len(self._buffer) < length:
            return False
        data = bytes(memoryview(self._buffer)[:length])
        # If the sender broke off and continued with the next part, drop only the truncated one.
        cut = data.find(b"\n" + self._delimiter) if self._delimiter else -1
        if cut >= 0:
            self._drop(cut + 1)
        elif whole := whole_jpeg_length(data):
            self._deliver(data[:whole], parts)
        elif data[:2] == JPEG_START and self._delimiter:
            # The announced length may be too short: search for the end marker or the next delimiter.
            self._length, self._walker = None, JpegWalker()
        else:
            self._drop(length)
            self._out_of_sync = bool(self._delimiter)
        return True

    def _by_end_marker(self, parts: list[Part], walker: JpegWalker) -> bool:
        cut = -1
        if self._delimiter:
            mark = b"\n" + self._delimiter
            cut = self._buffer.find(mark, max(0, self._searched_to - len(mark)))
            self._searched_to = len(self._buffer)
        try:
            end = walker.find_end(self._buffer)
        except FrameError:
            self._drop(2)
            self._out_of_sync = True
            return True
        if 0 <= cut and not 0 <= end <= cut:
            self._drop(cut + 1)
            return True
        if end >= 0:
            self._deliver(bytes(memoryview(self._buffer)[:end]), parts)
            return True
        self._check_size()
        return False

    def _find_delimiter(self) -> bool:
        """Resynchronise after a broken part: skip to the next delimiter, or the next picture if none is used."""
        mark = self._delimiter or JPEG_START
        at = self._buffer.find(mark)
        if at < 0:
            del self._buffer[: max(0, len(self._buffer) - len(mark) + 1)]
            return False
        del self._buffer[:at]
        self._out_of_sync = False
        return True

    def _deliver(self, data: bytes, parts: list[Part]) -> None:
        ts, mono = self._started or (0.0, 0.0)
        parts.append((data, ts, mono))
        self._next(len(data))

    def _drop(self, length: int) -> None:
        self.bad += 1
        self._next(length)

    def _next(self, length: int) -> None:
        del self._buffer[:length]
        self._length = self._walker = self._started = None
        self._searched_to = 0

    def _check_size(self) -> None:
        if len(self._buffer) > MAX_FRAME_BYTES:
            raise StreamError(f"it sends a picture of more than {MAX_FRAME_BYTES >> 20} MB")
