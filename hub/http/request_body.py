"""The body of an HTTP request as `wsgi.input`: limits on its size, its rate and its time, a clear reason when it fails.

What has been received is counted in the budget of its connection until the request ends.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException

from hub.net.connection_input import ConnectionInput
from hub.net.http_error import HttpError, over_budget
from hub.net.transport import BLOCK_BYTES, PeerDisconnected
from hub.runtime.budget import OverBudget

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A body may pause and a weak link may be slow; a lower average rate after the grace time is a slow-body attack.
MIN_BYTES_PER_SECOND = 1024
GRACE_SECONDS = 30.0
# After `body_seconds` a body must have come at this average rate.
MIN_LATE_BYTES_PER_SECOND = 32 * 1024
MAX_CHUNK_LINE = 1024
# Bytes of chunk headers beyond those of the payload: lines of 10 bytes pass, 300 KB in chunks of one byte do not.
MAX_CHUNK_OVERHEAD = 16 * 1024
CHUNKS_PER_PASS = 2048
# Bodies up to this size may use the reserve of the budget.
SMALL_BYTES = 64 * 1024
COUNTED_BYTES = 256 * 1024
NEVER = 1 << 62
MAX_TRAILER_LINES = 32

# From the end of one chunk's data to the beginning of the next one's.
_CHUNK_HEADER = re.compile(rb"\r?\n([0-9a-fA-F]{1,7})(?:;[^\n]{0,256})?\r?\n")
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class BodyError(HTTPException, OSError):
    """Raised to the reader of a body that is too large, ends early, stalls or is malformed.

    The server answers such a request itself (413, 400 or 408), however the application handles the error. It is an
    HTTPException as well, so that Flask treats it as the sender's error and logs no traceback.
    """

    def __init__(self, error: HttpError) -> None:
        super().__init__(error.message)
        self.code = error.status


class RequestBody(io.RawIOBase):
    """A request body read from a connection.

    `length` is its size in bytes, None for a chunked body. `error` is the error that reading has met, if any.
    `before_first_read` is called once, before the first byte is read (it sends 100 Continue).
    """

    def __init__(
        self,
        source: ConnectionInput,
        length: int | None,
        max_bytes: int,
        stall_seconds: float,
        body_seconds: float,
        before_first_read: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._input = source
        self._chunked = length is None
        self._left = length or 0
        self._max_bytes = max_bytes
        self._stall_seconds = stall_seconds
        self._body_seconds = body_seconds
        self._small = length is not None and length <= SMALL_BYTES
        self._counted = self._held = 0  # bytes that the budget counts, at least those received
        self._overhead = 0  # bytes of chunk headers
        self._before_first_read = before_first_read
        self._wait_before = source.wait_seconds
        self._first_chunk = True
        self.received = 0
        self.finished = length == 0
        self.error: HttpError | None = None

    def readable(self) -> bool:
        return True

    @property
    def sender_may_send(self) -> bool:
        """False while the sender waits for 100 Continue."""
        return self._before_first_read is None

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read some of the body into `buffer`; 0 at its end. Raises `BodyError`."""
        if self.error:
            raise BodyError(self.error)
        if self.finished:
            return 0
        try:
            if self._before_first_read:
                before_first_read, self._before_first_read = self._before_first_read, None
                before_first_read()
            view = memoryview(buffer).cast("B")
            return self._read_chunks(view) if self._chunked else self._read_block(view)
        except HttpError as error:
            self.error = error.with_traceback(None)  # whose frames would keep what was read
        except TimeoutError:
            self.error = self._too_late()
        except OverBudget:
            self.error = over_budget(f"; {self._so_far()}")
        except PeerDisconnected:
            self.error = self._ended_early()
        raise BodyError(self.error)

    def readall(self) -> bytes:
        """Read the rest of the body; called by `BufferedReader.read()`."""
        rest = io.BytesIO()  # returns its content without a copy
        block = bytearray(BLOCK_BYTES)
        while count := self.readinto(block):
            rest.write(memoryview(block)[:count])
        return rest.getvalue()

    def beginning(self, max_bytes: int, seconds: float) -> bytes:
        """At most `max_bytes` of a body that nobody wants, as far as they come within `seconds`.

        Nothing where its sender waits for 100 Continue, or where some of it was read already.
        """
        if self.received or not self.sender_may_send:
            return b""
        self._stall_seconds = self._body_seconds = seconds
        data, block = bytearray(), bytearray(max_bytes)
        with contextlib.suppress(BodyError):
            while len(data) < max_bytes and (count := self.readinto(memoryview(block)[len(data) :])):
                data += block[len(data) : len(data) + count]
        return bytes(data)

    def discard(self, max_bytes: int) -> bool:
        """Read and drop the rest if that is at most `max_bytes`; True when the next request can be read."""
        if self.error or not self.sender_may_send or (not self._chunked and self._left > max_bytes):
            return self.finished
        block = bytearray(min(max_bytes, BLOCK_BYTES))
        try:
            while max_bytes > 0 and (count := self.readinto(block)):
                max_bytes -= count
        except BodyError:
            return False
        return self.finished

    def release(self) -> None:
        """Give back what the budget counts, when the request has ended."""
        held, self._held = self._held, 0
        self._counted = NEVER
        self._input.budget.give_back(held)

    def _read_block(self, view: memoryview) -> int:
        count = self._input.read_into(view[: self._left], self._read_seconds())
        if count == 0:
            raise self._ended_early()
        self._left -= count
        self.received += count
        if self._left == 0 and not self._chunked:
            self.finished = True
        if self.received > self._counted:
            self._count()
        waited = self._input.wait_seconds - self._wait_before
        if waited > GRACE_SECONDS and self.received < waited * MIN_BYTES_PER_SECOND:
            raise self._too_slow(waited)
        return count

    def _count(self) -> None:
        """Count what was received, in larger pieces. Raises OverBudget."""
        piece = self.received - self._counted + min(COUNTED_BYTES, self._left)
        small = self._small or self._counted + piece <= SMALL_BYTES
        self._input.budget.take(piece, small)
        self._counted += piece
        self._held += piece

    def _seconds_left(self) -> float:
        """How long the sender may still be waited for in all, by what it has sent so far."""
        allowed = max(self._body_seconds, self.received / MIN_LATE_BYTES_PER_SECOND)
        return allowed - self._input.wait_seconds + self._wait_before

    def _read_seconds(self) -> float:
        """How long the next read may wait. Raises `HttpError` when the time of the whole body is over."""
        left = self._seconds_left()
        if left <= 0:
            raise self._too_late()
        return min(self._stall_seconds, left)

    def _too_slow(self, waited: float) -> HttpError:
        return HttpError(408, f"The body of the request came too slowly; {self._so_far()} in {waited:.0f} s.")

    def _too_late(self) -> HttpError:
        if self._seconds_left() <= 0:
            return self._too_slow(self._input.wait_seconds - self._wait_before)
        return HttpError(
            408, f"The body of the request stopped coming for {self._stall_seconds:g} s; {self._so_far()}."
        )

    def _read_chunks(self, view: memoryview) -> int:
        """Fill `view` from as many chunks as have arrived; small chunks would cost a call each."""
        count = 0
        while count < len(view):
            if self._left == 0:
                if not self._first_chunk:
                    count += self._buffered_chunks(view[count:])
                if count == len(view):
                    break
                if count and not self._has_chunk_header():
                    break
                if not self._next_chunk():
                    break
            elif count and not self._input.buffer:
                break
            count += self._read_block(view[count:])
        return count

    def _buffered_chunks(self, view: memoryview) -> int:
        """Move small chunks that have arrived as a whole to `view`; the first byte is that after a chunk's data."""
        data, size = self._input.buffer, len(view)
        count = position = 0
        for _ in range(CHUNKS_PER_PASS):
            header = _CHUNK_HEADER.match(data, position)
            if header is None:
                break
            start, length = header.end(), int(header[1], 16)
            if not length or start + length > len(data) or count + length > size:
                break
            view[count : count + length] = data[start : start + length]
            count += length
            position = start + length
        del data[:position]
        self.received += count
        self._overhead += position - count
        if self.received > self._max_bytes:
            raise too_large(self._max_bytes)
        if self.received > self._counted:
            self._count()
        return count

    def _has_chunk_header(self) -> bool:
        """Whether the next chunk's header has arrived: the end of this chunk's line and a line of its own."""
        buffer = self._input.buffer
        end = buffer.find(b"\n", 0, MAX_CHUNK_LINE)
        return end >= 0 and buffer.find(b"\n", end + 1, end + MAX_CHUNK_LINE) >= 0

    def _next_chunk(self) -> bool:
        """Read the header of the next chunk; False after the last one."""
        self._input.time_slice.check()
        if self._overhead > self.received + MAX_CHUNK_OVERHEAD:
            raise HttpError(400, "The body of the request comes in too many small chunks; send larger ones.")
        if not self._first_chunk and self._line():
            raise HttpError(400, "A chunk of the body is longer than its length says.")
        self._first_chunk = False
        size = self._line().partition(b";")[0].strip()
        if not size or len(size) > 15 or not _HEX_DIGITS.issuperset(size):
            raise HttpError(400, "The length of a chunk is not a hexadecimal number.")
        self._left = int(size, 16)
        if self.received + self._left > self._max_bytes:
            raise too_large(self._max_bytes)
        if self._left:
            return True
        for _ in range(MAX_TRAILER_LINES):
            if not self._line():
                self.finished = True
                return False
        raise HttpError(400, "The body of the request ends with too many trailers.")

    def _line(self) -> bytes:
        """Read the next line, without its line end."""
        buffer = self._input.buffer
        while (end := buffer.find(b"\n", 0, MAX_CHUNK_LINE)) < 0:
            if len(buffer) >= MAX_CHUNK_LINE:
                raise HttpError(400, "The body of the request is not in the chunked form it announces.")
            if not self._input.fill(self._read_seconds()):
                raise self._ended_early()
        line = bytes(buffer[:end]).rstrip(b"\r")
        del buffer[: end + 1]
        self._overhead += end + 1
        return line

    def _ended_early(self) -> HttpError:
        return HttpError(400, f"The body of the request ended early; {self._so_far()}. Send it again.")

    def _so_far(self) -> str:
        if self._chunked:
            return f"{self.received} bytes had come"
        return f"{self.received} of {self.received + self._left} bytes had come"


def too_large(max_bytes: int) -> HttpError:
    """The error of a body over the limit."""
    return HttpError(413, f"The body of the request is larger than the limit of {max_bytes / 1024 / 1024:.4g} MB.")
