"""The body of an HTTP request as `wsgi.input`: limits on its size and its pace, and a clear reason when it fails."""

from __future__ import annotations

import io
from collections.abc import Callable

from werkzeug.exceptions import HTTPException

from hub.http.request_head import Refusal
from hub.net.transport import PIECE_BYTES, PeerGone, Source

# A body may pause and a weak link may be slow; one that averages less than this after the grace time is an attack.
SLOWEST_BYTES_PER_SECOND = 1024
GRACE_SECONDS = 30.0
MAX_CHUNK_LINE = 1024
MAX_TRAILER_LINES = 32

_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class BodyError(HTTPException, OSError):
    """Raised to whoever reads a body that is too large, ends early, stalls or is malformed.

    The server answers such a request itself (413, 400 or 408), whatever the application makes of the error. It is an
    HTTPException as well so that Flask takes it for the sender's mistake and logs no traceback of ours.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.code = refusal.status


class Body(io.RawIOBase):
    """A request body read from a connection.

    `length` is its size in bytes, None for a chunked body. `problem` is the refusal that reading ran into, if any.
    `before_first_read` is called once, when somebody wants the first byte (that is where 100 Continue is sent).
    """

    def __init__(
        self,
        source: Source,
        length: int | None,
        max_bytes: int,
        stall_seconds: float,
        before_first_read: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._source = source
        self._chunked = length is None
        self._left = length or 0
        self._max_bytes = max_bytes
        self._stall_seconds = stall_seconds
        self._before_first_read = before_first_read
        self._began_waiting = source.waited
        self._first_chunk = True
        self.received = 0
        self.finished = length == 0
        self.problem: Refusal | None = None

    def readable(self) -> bool:
        return True

    @property
    def asked_for(self) -> bool:
        """False while the sender still waits for 100 Continue."""
        return self._before_first_read is None

    def readinto(self, buffer) -> int:
        """Some of the body into `buffer`; 0 at its end. Raises `BodyError`."""
        if self.problem:
            raise BodyError(self.problem)
        if self.finished:
            return 0
        try:
            if self._before_first_read:
                announce, self._before_first_read = self._before_first_read, None
                announce()
            if self._chunked and self._left == 0 and not self._next_chunk():
                return 0
            return self._take(memoryview(buffer).cast("B"))
        except Refusal as refusal:
            self.problem = refusal
        except TimeoutError:
            self.problem = Refusal(
                408, f"The body of the request stopped coming for {self._stall_seconds:g} s; {self._so_far()}."
            )
        except PeerGone:
            self.problem = self._ended_early()
        raise BodyError(self.problem)

    def readall(self) -> bytes:
        """The rest of the body; asked for by `BufferedReader.read()`."""
        whole = bytearray()
        piece = bytearray(PIECE_BYTES)
        while count := self.readinto(piece):
            whole += memoryview(piece)[:count]
        return bytes(whole)

    def discard(self, max_bytes: int) -> bool:
        """Read the rest away if that is at most `max_bytes`; True when the connection stands at the next request."""
        if self.problem or not self.asked_for or (not self._chunked and self._left > max_bytes):
            return self.finished
        piece = bytearray(min(max_bytes, PIECE_BYTES))
        try:
            while max_bytes > 0 and (count := self.readinto(piece)):
                max_bytes -= count
        except BodyError:
            return False
        return self.finished

    def _take(self, view: memoryview) -> int:
        count = self._source.take_into(view[: self._left], self._stall_seconds)
        if count == 0:
            raise self._ended_early()
        self._left -= count
        self.received += count
        if self._left == 0 and not self._chunked:
            self.finished = True
        waited = self._source.waited - self._began_waiting
        if waited > GRACE_SECONDS and self.received < waited * SLOWEST_BYTES_PER_SECOND:
            raise Refusal(408, f"The body of the request came too slowly; {self._so_far()} in {waited:.0f} s.")
        return count

    def _next_chunk(self) -> bool:
        """Read the line before the next chunk; False when that was the last."""
        if not self._first_chunk and self._line():
            raise Refusal(400, "A chunk of the body is longer than its length says.")
        self._first_chunk = False
        size = self._line().partition(b";")[0].strip()
        if not size or len(size) > 15 or not _HEX_DIGITS.issuperset(size):
            raise Refusal(400, "The length of a chunk is not a hexadecimal number.")
        self._left = int(size, 16)
        if self.received + self._left > self._max_bytes:
            raise too_large(self._max_bytes)
        if self._left:
            return True
        for _ in range(MAX_TRAILER_LINES):
            if not self._line():
                self.finished = True
                return False
        raise Refusal(400, "The body of the request ends with too many trailers.")

    def _line(self) -> bytes:
        """The next line without its end."""
        ahead = self._source.ahead
        while (end := ahead.find(b"\n", 0, MAX_CHUNK_LINE)) < 0:
            if len(ahead) >= MAX_CHUNK_LINE:
                raise Refusal(400, "The body of the request is not in the chunked form it announces.")
            if not self._source.fill(self._stall_seconds):
                raise self._ended_early()
        line = bytes(ahead[:end]).rstrip(b"\r")
        del ahead[: end + 1]
        return line

    def _ended_early(self) -> Refusal:
        return Refusal(400, f"The body of the request ended early; {self._so_far()}. Send it again.")

    def _so_far(self) -> str:
        return (
            f"{self.received} bytes had come"
            if self._chunked
            else f"{self.received} of {self.received + self._left} bytes had come"
        )


def too_large(max_bytes: int) -> Refusal:
    """The refusal of a body over the limit."""
    return Refusal(413, f"The body of the request is larger than the limit of {max_bytes / 1024 / 1024:.4g} MB.")
