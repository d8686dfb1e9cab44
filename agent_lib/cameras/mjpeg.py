"""Motion JPEG over HTTP: the pictures in a multipart/x-mixed-replace body.

Cameras differ in all that the format leaves open: with and without Content-Length (and with a wrong one), boundaries
announced with or without their two hyphens, in quotes, or other than those sent, text and padding between parts. So a
part's length is a hint, and what counts is that the bytes are one whole JPEG.
"""

import re

from agent_lib.cameras.frames import JPEG_START, MAX_FRAME_BYTES, FrameError, whole_jpeg_length

MAX_HEADER_BYTES = 65536

Part = tuple[bytes, float, float]

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
# In a scan: FF 00 is data, FF D0..D7 restart it, FF FF is filling. Any other FF ends it.
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


class StreamError(ValueError):
    """The stream cannot be what it should be; the text says why."""


class JpegWalker:
    """Finds the end of a JPEG at the beginning of a growing buffer.

    It goes from segment to segment, because a thumbnail in the header holds an end marker of its own.
    """

    def __init__(self) -> None:
        self._at = 2
        self._in_scan = False

    def find_end(self, data: bytearray) -> int:
        """Length of the JPEG, -1 while its end has not come. Raises FrameError where no segment begins."""
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
            elif marker in _ALONE:
                self._at += 2
            elif self._at + 4 > len(data):
                return -1
            else:
                self._at += 2 + int.from_bytes(data[self._at + 2 : self._at + 4], "big")
                self._in_scan = marker == _START_OF_SCAN


class MultipartParser:
    """Cuts the body into whole pictures. `bad` counts parts that were none; half a picture never comes out."""

    def __init__(self, boundary: str = "") -> None:
        self._boundary = boundary.strip('" ').encode("latin-1", "replace")
        self._delimiter = b""
        self._buffer = bytearray()
        self._length: int | None = None
        self._walker: JpegWalker | None = None
        self._begun: tuple[float, float] | None = None
        self._searched = 0
        self._lost = False
        self.bad = 0

    def feed(self, data: bytes, ts: float, mono: float) -> list[Part]:
        """The pictures that `data` completes: (JPEG bytes, ts, mono), the times those of the part's first byte.

        `ts` and `mono` say when `data` came. Raises StreamError when a picture is larger than 32 MB or no picture comes
        at all.
        """
        self._buffer += data
        parts: list[Part] = []
        while self._step(parts, (ts, mono)):
            pass
        return parts

    def _step(self, parts: list[Part], now: tuple[float, float]) -> bool:
        """One step ahead in the buffer; False when more bytes are needed."""
        if self._lost:
            return self._find_delimiter()
        if self._walker is not None:
            return self._by_end_marker(parts)
        if self._length is not None:
            return self._by_length(parts)
        return self._header(now)

    def _header(self, now: tuple[float, float]) -> bool:
        buffer = self._buffer
        del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
        if self._begun is None and self._part_has_begun():
            self._begun = now
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
        length = self._understand(lines)
        if length is None and len(rest) < 2:
            return False
        del buffer[: match.end()]
        if length is not None:
            self._length = length
        elif rest == JPEG_START:
            self._walker = JpegWalker()
        else:
            self._begun = None
        return True

    def _part_has_begun(self) -> bool:
        """Whether more than the delimiter is there: some cameras send that right behind the picture before."""
        if not self._buffer.startswith(self._delimiter or b"--"):
            return bool(self._buffer)
        return 0 <= self._buffer.find(b"\n") < len(self._buffer) - 1

    def _understand(self, lines: list[bytes]) -> int | None:
        """The Content-Length of a part's header; learns the delimiter as it is really sent."""
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
        # A sender that broke off in the middle and went on with the next part would else cost both.
        cut = data.find(b"\n" + self._delimiter) if self._delimiter else -1
        if cut >= 0:
            self._drop(cut + 1)
        elif whole := whole_jpeg_length(data):
            self._deliver(data[:whole], parts)
        elif data[:2] == JPEG_START and self._delimiter:
            # The announced length may be too short: the next delimiter decides.
            self._length, self._walker = None, JpegWalker()
        else:
            self._drop(length)
            self._lost = bool(self._delimiter)
        return True

    def _by_end_marker(self, parts: list[Part]) -> bool:
        cut = -1
        if self._delimiter:
            mark = b"\n" + self._delimiter
            cut = self._buffer.find(mark, max(0, self._searched - len(mark)))
            self._searched = len(self._buffer)
        try:
            end = self._walker.find_end(self._buffer)
        except FrameError:
            self._drop(2)
            self._lost = True
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
        """After a broken part: go on at the next delimiter, or the next picture where none is used."""
        mark = self._delimiter or JPEG_START
        at = self._buffer.find(mark)
        if at < 0:
            del self._buffer[: max(0, len(self._buffer) - len(mark) + 1)]
            return False
        del self._buffer[:at]
        self._lost = False
        return True

    def _deliver(self, data: bytes, parts: list[Part]) -> None:
        ts, mono = self._begun or (0.0, 0.0)
        parts.append((data, ts, mono))
        self._next(len(data))

    def _drop(self, length: int) -> None:
        self.bad += 1
        self._next(length)

    def _next(self, length: int) -> None:
        del self._buffer[:length]
        self._length = self._walker = self._begun = None
        self._searched = 0

    def _check_size(self) -> None:
        if len(self._buffer) > MAX_FRAME_BYTES:
            raise StreamError(f"it sends a picture of more than {MAX_FRAME_BYTES >> 20} MB")
