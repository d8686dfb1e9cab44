"""Messages out of a WebSocket's bytes: frames checked, unmasked and joined, and others given their turn meanwhile."""

from __future__ import annotations

import io
from collections.abc import Callable
from time import monotonic

from hub.net.transport import READ_BYTES, PeerGone, Source
from hub.websocket import frames
from hub.websocket.frames import FrameError, Header

MAX_CONTROLS_PER_SECOND = 500

OnControl = Callable[[int, bytes], bool]


class Skipped(bytes):
    """Stands for a message that was longer than `keep_bytes`: it was read to its end and thrown away."""


class MessageReader:
    """Reads one connection's messages.

    A message over `max_message_bytes` breaks the rules; one over `keep_bytes` (None: no such limit) comes as `Skipped`, without
    having been collected. `heard` is when the peer last sent anything (monotonic seconds); with `throw_away` set, messages are read and
    dropped until the peer closes. `broken` is set when a read was interrupted (a timeout of the caller, a kill) in
    the middle of a frame, so that nobody can know where the next one begins.
    """

    def __init__(self, source: Source, max_message_bytes: int) -> None:
        self.max_message_bytes = max_message_bytes
        self.keep_bytes: int | None = None
        self.heard = monotonic()
        self.throw_away = False
        self.broken = False
        self._sock = source.sock
        self._turn = source.turn
        self._in = source.ahead
        self._opcode = frames.CONTINUATION
        # BytesIO gives its content away without a copy; copying 60 MB holds the loop for over 30 ms.
        self._message = io.BytesIO()
        self._size = 0  # of the message under way, skipped parts too
        self._controls = 0
        self._controls_since = self.heard

    def forget(self) -> None:
        """Let go of what was collected."""
        self._in.clear()
        self._message, self._size = io.BytesIO(), 0

    def next(self, on_control: OnControl) -> str | bytes | None:
        """The next whole message; None when `on_control(opcode, payload)` says that the peer has closed.

        Raises `FrameError` when the peer breaks a rule, `PeerGone` when it goes without closing.
        """
        data = self._in
        while True:
            header = frames.read_header(data)
            if header is None:
                self._fill()
                continue
            self._turn.check()
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
            else:
                self._collect(header)
                if not header.fin:
                    continue
                payload, self._message = self._message.getvalue(), io.BytesIO()
                size, self._size = self._size, 0
                opcode, self._opcode = self._opcode, frames.CONTINUATION
            if self.throw_away:
                continue
            if self.keep_bytes is not None and size > self.keep_bytes:
                return Skipped()
            return frames.decode_text(payload, self._turn) if opcode == frames.TEXT else bytes(payload)

    def _check(self, header: Header) -> None:
        """The rules between frames: fragments belong together, and together they keep the limit."""
        if header.opcode == frames.CONTINUATION:
            if self._opcode == frames.CONTINUATION:
                raise FrameError(frames.PROTOCOL_ERROR, "a continuation came without a beginning")
        elif self._opcode != frames.CONTINUATION:
            raise FrameError(frames.PROTOCOL_ERROR, "a new message began before the last one ended")
        if self._size + header.length > self.max_message_bytes:
            raise FrameError(frames.TOO_BIG, f"messages may have at most {self.max_message_bytes} bytes")

    def _collect(self, header: Header) -> None:
        """Add a data frame's payload to the message under way, unmasked piece by piece as it comes."""
        data = self._in
        del data[: header.size]
        if header.opcode:
            self._opcode = header.opcode
        self._size += header.length
        keep = not self.throw_away and (self.keep_bytes is None or self._size <= self.keep_bytes)
        if not keep:
            self._message = io.BytesIO()
        position = 0
        self.broken = True
        while position < header.length:
            if not data:
                self._fill()
            piece = data[: header.length - position]
            del data[: len(piece)]
            if keep and not self.throw_away:
                self._message.write(frames.unmask(piece, header.key, position))
            position += len(piece)
        self.broken = False

    def _control(self, header: Header) -> bytes:
        """The payload of a control frame; raises `FrameError` at a flood of them."""
        end = header.size + header.length
        while len(self._in) < end:
            self._fill()
        payload = bytes(frames.unmask(self._in[header.size : end], header.key))
        del self._in[:end]
        self._controls += 1
        if self._controls > MAX_CONTROLS_PER_SECOND:
            now = monotonic()
            if now - self._controls_since < 1.0:
                raise FrameError(frames.POLICY, f"more than {MAX_CONTROLS_PER_SECOND} pings or pongs in a second")
            self._controls, self._controls_since = 0, now
        return payload

    def _fill(self) -> None:
        """Read what has come behind the bytes at hand."""
        self._turn.check()
        while True:
            # Silence is the keeper's business: one greenlet with one clock for all connections.
            self._sock.settimeout(None)
            try:
                received = self._sock.recv(READ_BYTES)
                break
            except (BlockingIOError, TimeoutError):
                continue  # a sender's limit, seen through the socket we share with it
            except OSError as error:
                raise PeerGone(f"gone: {error.strerror or error}") from error
        if not received:
            raise PeerGone("closed without a close frame")
        self.heard = monotonic()
        self._in += received
