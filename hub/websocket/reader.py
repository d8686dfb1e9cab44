"""Messages from the bytes of a WebSocket: frames are validated, unmasked and reassembled in time slices."""

from __future__ import annotations

import io
from collections.abc import Callable
from sys import getsizeof
from time import monotonic

from hub.net.connection_input import RECEIVE_BYTES, ConnectionInput
from hub.net.transport import PeerDisconnected
from hub.runtime.budget import OverBudget
from hub.runtime.progress import Progress
from hub.websocket import frames
from hub.websocket.frames import FrameError, Header

MAX_CONTROLS_PER_SECOND = 500
MAX_EMPTY_FRAGMENTS = 10_000  # of one message
MESSAGE_SECONDS = 60.0
# A message up to this size that arrives at once is not counted: its connection has a buffer of about that much anyway.
UNCOUNTED_BYTES = 4096
SMALL_BYTES = 256 * 1024  # messages up to this size may use the reserve of the budget

OnControl = Callable[[int, bytes], bool]


class DiscardedMessage(bytes):
    """Stands for a message longer than `max_buffered_bytes`, which was read to its end and not buffered."""


class MessageReader:
    """Reads the messages of one connection.

    A message over `max_message_bytes` is a protocol violation; one over `max_buffered_bytes` (None: no such limit)
    comes as `DiscardedMessage` and is never held in memory. `last_received` is when the peer last sent anything
    (monotonic seconds). With `discarding` set, messages are read and dropped until the peer closes. `interrupted` is
    set when a read ended in the middle of a frame (a timeout of the caller, a kill): where the next frame begins is
    then unknown.

    The bytes of a message are counted in the connection's budget as they arrive, and until the next one is read; a
    message that does not fit ends the connection with 1013. `overdue` says why an unfinished message is to end it.
    """

    def __init__(
        self, connection: ConnectionInput, max_message_bytes: int, message_seconds: float = MESSAGE_SECONDS
    ) -> None:
        self.max_message_bytes = max_message_bytes
        self.max_buffered_bytes: int | None = None
        self.last_received = monotonic()
        self.discarding = False
        self.interrupted = False
        self._sock = connection.sock
        self._time_slice = connection.time_slice
        self._buffer = connection.buffer
        self._opcode = frames.CONTINUATION
        # BytesIO returns its content without a copy; copying 60 MB blocks the event loop for over 30 ms.
        self._message = io.BytesIO()
        self._size = 0  # of the fragments so far, discarded ones included
        self._controls = 0
        self._controls_since = self.last_received
        self._budget = connection.budget
        self._collected = 0  # counted bytes of the unfinished message
        self._delivered = 0  # counted bytes of the message that the application handles
        self._empty_fragments = 0
        self._progress = Progress(message_seconds)

    def clear(self) -> None:
        """Release what has been buffered. Nothing is read after it, so it does not matter where a frame ended."""
        self._buffer.clear()
        self.interrupted = False
        self.release()

    def release(self) -> None:
        """Give the bytes of every message back, the unfinished one included."""
        self._message, self._size = io.BytesIO(), 0
        self._budget.give_back(self._collected + self._delivered)
        self._collected = self._delivered = 0
        self._progress.end()

    def overdue(self, now: float) -> str | None:
        """Why the unfinished message has taken too long at the time `now` (monotonic); None where it has not."""
        if self._progress.overdue(now):
            return f"a message was not finished within {self._progress.seconds:g} s"
        return None

    def next(self, on_control: OnControl) -> str | bytes | None:
        """Read the next whole message; None when `on_control(opcode, payload)` reports that the peer has closed.

        Raises `FrameError` when the peer violates the protocol, `PeerDisconnected` when it ends without a close frame.
        """
        data = self._buffer
        if self._delivered:
            self._budget.give_back(self._delivered)
            self._delivered = 0
        while True:
            header = frames.read_header(data)
            if header is None:
                self._fill()
                continue
            self._time_slice.check()
            if header.opcode >= frames.CLOSE:
                if on_control(header.opcode, self._control(header)):
                    return None
                continue
            self._check(header)
            end = header.size + header.length
            if header.fin and header.opcode and len(data) >= end:
                payload = frames.unmask(data[header.size : end], header.key)
                del data[:end]
                opcode, size = header.opcode, header.length
                if size > UNCOUNTED_BYTES and not self.discarding:
                    self._take(size, size)
            else:
                self._collect(header)
                if not header.fin:
                    continue
                payload, self._message = self._message.getvalue(), io.BytesIO()
                size, self._size = self._size, 0
                self._empty_fragments = 0
                self._progress.end()
                opcode, self._opcode = self._opcode, frames.CONTINUATION
            self._delivered, self._collected = self._collected, 0
            if self.discarding:
                self.release()
                continue
            if self.max_buffered_bytes is not None and size > self.max_buffered_bytes:
                return DiscardedMessage()
            return self._decode(payload) if opcode == frames.TEXT else bytes(payload)

    def _decode(self, payload: bytes | bytearray) -> str:
        """Decode a text message, whose characters may need up to four times its bytes. Raises `FrameError`."""
        text = frames.decode_text(payload, self._time_slice)
        if self._delivered and (more := getsizeof(text) - len(payload)) > SMALL_BYTES:
            self._take(more, more)
            self._delivered, self._collected = self._delivered + self._collected, 0
        return text

    def _check(self, header: Header) -> None:
        """Raise `FrameError` for fragments out of order and for messages over the limit."""
        if header.opcode == frames.CONTINUATION:
            if self._opcode == frames.CONTINUATION:
                raise FrameError(frames.PROTOCOL_ERROR, "a continuation came without a beginning")
        elif self._opcode != frames.CONTINUATION:
            raise FrameError(frames.PROTOCOL_ERROR, "a new message began before the last one ended")
        if self._size + header.length > self.max_message_bytes:
            raise FrameError(frames.MESSAGE_TOO_BIG, f"messages may have at most {self.max_message_bytes} bytes")

    def _collect(self, header: Header) -> None:
        """Append a data frame's payload to the current message, unmasked block by block as it arrives."""
        data = self._buffer
        del data[: header.size]
        if header.opcode:
            self._opcode = header.opcode
        if not header.length and not header.fin:
            self._count_empty_fragment()
        self._progress.begin(self.last_received)
        self._size += header.length
        keep = not self.discarding and (self.max_buffered_bytes is None or self._size <= self.max_buffered_bytes)
        if not keep:
            self._drop_collected()
        position = 0
        self.interrupted = True
        while position < header.length:
            if not data:
                self._fill()
            block = data[: header.length - position]
            del data[: len(block)]
            if keep and not self.discarding:
                self._take(len(block), self._size)
                self._message.write(frames.unmask(block, header.key, position))
            position += len(block)
            self._progress.bytes += len(block)
        self.interrupted = False

    def _take(self, size: int, whole: int) -> None:
        """Count `size` bytes of a message that has `whole` bytes so far. Raises `FrameError`."""
        try:
            self._budget.take(size, small=whole <= SMALL_BYTES)
        except OverBudget as error:
            reason = "The hub holds as many messages as it may. Connect and send it again in a few seconds."
            raise FrameError(frames.TRY_LATER, reason) from error
        self._collected += size

    def _drop_collected(self) -> None:
        """Release the first part of a message that is discarded."""
        self._message = io.BytesIO()
        self._budget.give_back(self._collected)
        self._collected = 0

    def _count_empty_fragment(self) -> None:
        """Raise `FrameError` at too many fragments without a payload."""
        self._empty_fragments += 1
        if self._empty_fragments > MAX_EMPTY_FRAGMENTS:
            reason = f"a message may have at most {MAX_EMPTY_FRAGMENTS} empty fragments"
            raise FrameError(frames.POLICY_VIOLATION, reason)
        self._count_control()

    def _control(self, header: Header) -> bytes:
        """Read the payload of a control frame. Raises `FrameError` at a flood of them."""
        end = header.size + header.length
        while len(self._buffer) < end:
            self._fill()
        payload = bytes(frames.unmask(self._buffer[header.size : end], header.key))
        del self._buffer[:end]
        self._count_control()
        return payload

    def _count_control(self) -> None:
        """Raise `FrameError` at a flood of frames that carry nothing."""
        self._controls += 1
        if self._controls > MAX_CONTROLS_PER_SECOND:
            now = monotonic()
            if now - self._controls_since < 1.0:
                reason = f"more than {MAX_CONTROLS_PER_SECOND} pings, pongs or empty fragments in a second"
                raise FrameError(frames.POLICY_VIOLATION, reason)
            self._controls, self._controls_since = 0, now

    def _fill(self) -> None:
        """Append what has arrived to the buffer."""
        self._time_slice.check()
        while True:
            # No timeout: the keep-alive monitor drops silent peers, one greenlet with one clock for all connections.
            self._sock.settimeout(None)
            try:
                received = self._sock.recv(RECEIVE_BYTES)
                break
            except (BlockingIOError, TimeoutError):
                continue  # the timeout of a sending greenlet, set on the shared socket
            except OSError as error:
                raise PeerDisconnected(f"gone: {error.strerror or error}") from error
        if not received:
            raise PeerDisconnected("closed without a close frame")
        self.last_received = monotonic()
        self._buffer += received
