"""The hub's WebSocket, under gevent-websocket's place in the environment (`environ["wsgi.websocket"]`).

Engine.IO and every raw door use this class alike. Why it is our own: ARCHITECTURE "Raw WebSocket". The handshake is
lazy: until the first accept(), send() or receive() the application may still refuse with a plain HTTP answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from gevent.lock import Semaphore
from geventwebsocket.exceptions import WebSocketError

from hub import websocket_frames as frames
from hub.server_socket import PIECE_BYTES, READ_BYTES, PeerGone, Source, linger, send_all
from hub.websocket_frames import FrameError, Header, Prepared, prepare

if TYPE_CHECKING:
    from hub.websocket_keeper import Keeper

__all__ = ["Prepared", "WebSocket", "WebSocketClosed", "prepare"]

log = logging.getLogger(__name__)

JOIN_BYTES = 64 * 1024
MAX_CONTROLS_PER_SECOND = 500
LINGER_SECONDS = 10.0
LINGER_BYTES = 256 * 1024 * 1024


class WebSocketClosed(WebSocketError):
    """Nothing can be sent any more; `code` says why the connection ended."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"The WebSocket is closed ({code}{': ' + reason if reason else ''}).")
        self.code = code


class WebSocket:
    """One WebSocket connection, for any number of sending greenlets and one that receives.

    `max_message_bytes` may be lowered by a door. `closed` is true as soon as either side has begun to close;
    `close_code` and `close_reason` then say why (1006: the connection was lost). `version`, `path`, `origin` and
    `protocol` are what Engine.IO's gevent driver asks for.
    """

    def __init__(self, source: Source, environ: dict[str, Any], handshake: Callable[[], None], keeper: Keeper, max_message_bytes: int, send_stall_seconds: float) -> None:
        self.environ = environ
        self.max_message_bytes = max_message_bytes
        self.accepted = False
        self.closed = False
        self.close_code: int | None = None
        self.close_reason = ""
        self.heard = monotonic()
        self.pinged = 0.0
        self.deadline: float | None = None
        self.receiving = False
        self._source = source
        self._sock = source.sock
        self._turn = source.turn
        self._in = source.ahead
        self._handshake = handshake
        self._keeper = keeper
        self._stall_seconds = send_stall_seconds
        self._lock = Semaphore(1)
        self._close_sent = False
        self._finished_by_peer = False
        self._broken = False
        self._opcode = frames.CONTINUATION
        self._message = bytearray()
        self._torn = b""
        self._pong: bytes | None = None
        self._ping_due = False
        self._controls = 0
        self._controls_since = self.heard

    @property
    def version(self) -> str:
        return self.environ.get("HTTP_SEC_WEBSOCKET_VERSION", "")

    @property
    def path(self) -> str:
        return self.environ.get("PATH_INFO", "")

    @property
    def origin(self) -> str | None:
        return self.environ.get("HTTP_ORIGIN")

    @property
    def protocol(self) -> str | None:
        return self.environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL")

    @property
    def peer(self) -> str:
        """The other side's address, for messages."""
        return f"{self.environ.get('REMOTE_ADDR', '?')}:{self.environ.get('REMOTE_PORT', '?')}"

    def accept(self) -> None:
        """Complete the handshake (101). Called by the first send() or receive(); once is enough, more do no harm."""
        if self.accepted:
            return
        with self._lock:
            if self.accepted:
                return
            if self.closed:
                raise self._closed_error()
            try:
                self._handshake()
            except PeerGone as error:
                self.lost(frames.LOST, str(error))
                raise self._closed_error() from error
            self.accepted = True
            self._keeper.add(self)

    def send(self, message: str | bytes | bytearray | memoryview | Prepared, binary: bool | None = None, timeout: float | None = None) -> None:
        """Send one message: str as text, bytes as binary (`binary` overrules), `Prepared` as it is.

        Waits while the peer takes bytes; raises `WebSocketClosed` when the connection is closed or the peer takes
        nothing for `timeout` seconds (default: the server's limit), in which case it is dropped.
        """
        self.accept()
        if isinstance(message, Prepared):
            self._transmit(message, b"", timeout)
            return
        text = isinstance(message, str)
        payload = message.encode() if text else message
        size = payload.nbytes if isinstance(payload, memoryview) else len(payload)
        head = frames.frame_head(frames.TEXT if (text if binary is None else not binary) else frames.BINARY, size)
        if size <= JOIN_BYTES:
            self._transmit(head + bytes(payload), b"", timeout)
        else:
            self._transmit(head, payload, timeout)

    def receive(self) -> str | bytes | None:
        """The next message: str for text, bytes for binary, None once the connection is closed, for whatever reason."""
        if self.closed:
            return None
        try:
            self.accept()
        except WebSocketClosed:
            return None
        if self.receiving:
            raise RuntimeError("Two greenlets receive from one WebSocket; only one can.")
        self.receiving = True
        self.heard = monotonic()
        try:
            return self._next_message()
        except FrameError as error:
            self._fail(error)
        except PeerGone as error:
            self.lost(frames.LOST, str(error))
        finally:
            self.receiving = False
        return None

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Begin to close: tell the peer `code` and `reason`. Does not wait for its answer; the server does."""
        if self.closed:
            return
        self.closed = True
        self.close_code, self.close_reason = code, reason
        if self.accepted:
            self.deadline = monotonic() + self._keeper.close_seconds
            self._send_close(code, reason)

    def finish(self) -> None:
        """End the connection properly once the application is done with it. Called by the server's handler."""
        if not self.accepted:
            return
        try:
            self.close()
            if self._broken:
                linger(self._sock, LINGER_SECONDS, LINGER_BYTES)
            elif not self._finished_by_peer and not self.receiving:
                self.receiving = True
                self._next_message()
        except (FrameError, PeerGone):
            pass  # it was told why we close; how it takes that changes nothing
        finally:
            self._keeper.discard(self)

    # -- for the keeper

    def ping(self) -> None:
        """Ask the peer for a sign of life, without waiting."""
        self.pinged = monotonic()
        self._ping_due = True
        self.flush_controls()

    def lost(self, code: int, reason: str) -> None:
        """Give the connection up at once: whoever sends or receives on it finds it closed."""
        if not self.closed:
            self.closed = True
            self.close_code, self.close_reason = code, reason
            log.debug("WebSocket of %s lost: %s", self.peer, reason)
        self._finished_by_peer = True
        try:
            self._sock.shutdown(2)
        except OSError:
            pass  # shut already

    def give_up(self, code: int, reason: str) -> None:
        """Drop a peer that has gone silent; the code goes out only if that needs no waiting."""
        self.closed, self.close_code, self.close_reason = True, code, reason
        if not self._close_sent and self._lock.acquire(blocking=False):
            self._close_sent = True
            self._torn += self._control_frame(frames.CLOSE, frames.close_payload(code, reason))
            self._flush_held()
            self._lock.release()
        self.lost(code, reason)

    def flush_controls(self) -> None:
        """Send pings and pongs that are due if that needs no waiting; a sender at work sends them after its message."""
        if (self._pong is not None or self._ping_due or self._torn) and self._lock.acquire(blocking=False):
            self._flush_held()
            self._lock.release()

    # -- sending

    def _transmit(self, head: bytes, payload: bytes | bytearray | memoryview, timeout: float | None) -> None:
        stall = self._stall_seconds if timeout is None else timeout
        with self._lock:
            if self.closed:
                raise self._closed_error()
            try:
                if self._torn:
                    torn, self._torn = self._torn, b""
                    send_all(self._sock, torn, stall, self._turn)
                send_all(self._sock, head, stall, self._turn)
                if payload:
                    send_all(self._sock, payload, stall, self._turn)
            except PeerGone as error:
                self.lost(frames.LOST, str(error))
                raise self._closed_error() from error
            except BaseException:
                # Interrupted (a timeout of the caller, a kill) with a frame half sent: the stream has no meaning now.
                self.lost(frames.LOST, "interrupted in the middle of a message")
                raise
            if self._pong is not None or self._ping_due:
                self._flush_held()

    def _send_close(self, code: int, reason: str) -> None:
        """Send our close frame behind whatever is being sent, within the time a close may take."""
        if self._close_sent:
            return
        self._close_sent = True
        if not self._lock.acquire(timeout=self._keeper.close_seconds):
            self.lost(code, reason)
            return
        try:
            frame = self._torn + self._control_frame(frames.CLOSE, frames.close_payload(code, reason))
            self._torn = b""
            send_all(self._sock, frame, self._keeper.close_seconds, self._turn)
        except PeerGone as error:
            self.lost(code, str(error))
        finally:
            self._lock.release()

    def _flush_held(self) -> None:
        """Send due control frames without waiting; the caller holds the lock."""
        frame = self._torn
        if self._pong is not None and not self._close_sent:
            frame += self._control_frame(frames.PONG, self._pong)
        if self._ping_due and not self._close_sent:
            frame += self._control_frame(frames.PING, b"")
        try:
            self._sock.settimeout(0.0)
            sent = self._sock.send(frame)
        except BlockingIOError:
            return
        except OSError as error:
            self.lost(frames.LOST, f"gone: {error.strerror or error}")
            return
        finally:
            self._sock.settimeout(None)
        self._torn, self._pong, self._ping_due = frame[sent:], None, False

    @staticmethod
    def _control_frame(opcode: int, payload: bytes) -> bytes:
        return frames.frame_head(opcode, len(payload)) + payload

    def _closed_error(self) -> WebSocketClosed:
        return WebSocketClosed(self.close_code or frames.LOST, self.close_reason)

    # -- receiving

    def _next_message(self) -> str | bytes | None:
        """Read frames until a message is whole or the peer has closed. While we close, messages are thrown away."""
        data = self._in
        while True:
            header = frames.read_header(data)
            if header is None:
                self._fill()
                continue
            self._turn.check()
            if header.opcode >= frames.CLOSE:
                if self._control(header):
                    return None
                continue
            self._check_data(header)
            end = header.size + header.length
            if header.fin and header.opcode and len(data) >= end:
                payload: bytes | bytearray = frames.unmask(data[header.size : end], header.key)
                del data[:end]
                opcode = header.opcode
            else:
                self._collect(header)
                if not header.fin:
                    continue
                payload, self._message = self._message, bytearray()
                opcode, self._opcode = self._opcode, frames.CONTINUATION
            if self.closed:
                continue
            return frames.decode_text(payload, self._turn) if opcode == frames.TEXT else bytes(payload)

    def _check_data(self, header: Header) -> None:
        """The rules that hold between frames: fragments belong together, and together they keep the limit."""
        if header.opcode == frames.CONTINUATION:
            if self._opcode == frames.CONTINUATION:
                raise FrameError(frames.PROTOCOL_ERROR, "a continuation came without a beginning")
        elif self._opcode != frames.CONTINUATION:
            raise FrameError(frames.PROTOCOL_ERROR, "a new message began before the last one ended")
        if len(self._message) + header.length > self.max_message_bytes:
            raise FrameError(frames.TOO_BIG, f"messages may have at most {self.max_message_bytes} bytes")

    def _collect(self, header: Header) -> None:
        """Add a data frame's payload to the message under way, unmasked piece by piece as it comes."""
        data = self._in
        del data[: header.size]
        if header.opcode:
            self._opcode = header.opcode
        position = 0
        try:
            while position < header.length:
                if not data:
                    self._fill(min(PIECE_BYTES, header.length - position))
                piece = data[: header.length - position]
                del data[: len(piece)]
                if not self.closed:
                    self._message += frames.unmask(piece, header.key, position)
                position += len(piece)
        except PeerGone:
            raise
        except BaseException:
            self.lost(frames.LOST, "interrupted in the middle of a message")
            raise

    def _control(self, header: Header) -> bool:
        """Handle a ping, pong or close frame; True when the peer has closed."""
        end = header.size + header.length
        while len(self._in) < end:
            self._fill()
        payload = bytes(frames.unmask(self._in[header.size : end], header.key))
        del self._in[:end]
        if header.opcode == frames.CLOSE:
            code, reason = frames.read_close(payload)
            self._finished_by_peer = True
            if not self.closed:
                self.closed, self.close_code, self.close_reason = True, code, reason
                self._send_close(code, reason)
            return True
        self._limit_controls()
        if header.opcode == frames.PING:
            # Only the newest ping needs an answer, so a flood of them costs one buffered pong.
            self._pong = payload
            self.flush_controls()
        return False

    def _limit_controls(self) -> None:
        self._controls += 1
        if self._controls > MAX_CONTROLS_PER_SECOND:
            now = monotonic()
            if now - self._controls_since < 1.0:
                raise FrameError(frames.POLICY, f"more than {MAX_CONTROLS_PER_SECOND} pings or pongs in a second")
            self._controls, self._controls_since = 0, now

    def _fill(self, most: int = READ_BYTES) -> None:
        """Read what has come behind the bytes at hand."""
        self._turn.check()
        while True:
            # While we close, the keeper's deadline ends the wait; otherwise its idle limit does.
            self._sock.settimeout(None)
            try:
                received = self._sock.recv(max(most, READ_BYTES))
            except (BlockingIOError, TimeoutError):
                continue  # a sender's limit, seen through the socket we share with it
            except OSError as error:
                raise PeerGone(f"gone: {error.strerror or error}") from error
            break
        if not received:
            raise PeerGone("closed without a close frame")
        self.heard = monotonic()
        self._in += received

    def _fail(self, error: FrameError) -> None:
        """Close because of what the peer sent; the rest of its bytes mean nothing any more."""
        self._broken = True
        self._in.clear()
        self._message = bytearray()
        log.debug("WebSocket of %s closed with %d: %s", self.peer, error.code, error)
        self.close(error.code, str(error))
