"""The hub's WebSocket, found where gevent-websocket puts its own (`environ["wsgi.websocket"]`).

Engine.IO and every raw transport use this class alike. Why it is our own: docs/architecture.md "Raw WebSocket". The
handshake is lazy: until the first accept(), send() or receive() the application may still refuse with a plain HTTP
answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

from hub.net.connection_input import ConnectionInput
from hub.net.transport import PeerDisconnected, linger
from hub.websocket import frames
from hub.websocket.errors import WebSocketClosed
from hub.websocket.frame_sender import INTERRUPTED, JOIN_BYTES, FrameSender
from hub.websocket.frames import FrameError, Prepared, prepare
from hub.websocket.keepalive import KeepAliveMonitor
from hub.websocket.reader import MESSAGE_SECONDS, DiscardedMessage, MessageReader

__all__ = ["DiscardedMessage", "Prepared", "WebSocket", "WebSocketClosed", "prepare"]

log = logging.getLogger(__name__)

LINGER_SECONDS = 10.0
LINGER_BYTES = 256 * 1024 * 1024


class WebSocket(FrameSender):
    """One WebSocket connection, for any number of sending greenlets and one that receives.

    A transport may lower `max_message_bytes`. `closed` is true as soon as either side has begun to close; `close_code`
    and `close_reason` then say why (1006: the connection was lost). Engine.IO's gevent driver reads `version`, `path`,
    `origin` and `protocol`.
    """

    def __init__(
        self,
        connection: ConnectionInput,
        environ: dict[str, Any],
        handshake: Callable[[], None],
        keepalive: KeepAliveMonitor,
        max_message_bytes: int,
        send_stall_seconds: float,
        message_seconds: float = MESSAGE_SECONDS,
    ) -> None:
        super().__init__(connection, send_stall_seconds)
        self.environ = environ
        self.version: str = environ.get("HTTP_SEC_WEBSOCKET_VERSION", "")
        self.path: str = environ.get("PATH_INFO", "")
        self.origin: str | None = environ.get("HTTP_ORIGIN")
        self.protocol: str | None = environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL")
        self.close_deadline: float | None = None
        self.receiving = False
        self._reader = MessageReader(connection, max_message_bytes, message_seconds)
        self._handshake = handshake
        self._keepalive = keepalive
        self._peer_finished = False
        self._protocol_violated = False

    @property
    def max_message_bytes(self) -> int:
        """A longer message closes the connection with 1009."""
        return self._reader.max_message_bytes

    @max_message_bytes.setter
    def max_message_bytes(self, value: int) -> None:
        self._reader.max_message_bytes = value

    @property
    def max_buffered_bytes(self) -> int | None:
        """A longer message is not buffered but comes as `DiscardedMessage`; None: no such limit."""
        return self._reader.max_buffered_bytes

    @max_buffered_bytes.setter
    def max_buffered_bytes(self, value: int | None) -> None:
        self._reader.max_buffered_bytes = value

    @property
    def last_received(self) -> float:
        """When the peer last sent anything (monotonic seconds)."""
        return self._reader.last_received

    @property
    def last_ping(self) -> float:
        """When a ping last went out (monotonic seconds)."""
        return self._controls.last_ping

    @property
    def peer(self) -> str:
        """The address of the other side, for messages."""
        return f"{self.environ.get('REMOTE_ADDR', '?')}:{self.environ.get('REMOTE_PORT', '?')}"

    def accept(self) -> None:
        """Complete the handshake (101). The first send() or receive() does so too; calling it again has no effect."""
        if self.accepted:
            return
        with self._lock:
            if self.accepted:
                return
            if self.closed:
                raise self._closed_error()
            try:
                self._handshake()
            except PeerDisconnected as error:
                self.abort(frames.ABNORMAL_CLOSURE, str(error))
                raise self._closed_error() from error
            self.accepted = True
            self._keepalive.add(self)

    def send(
        self,
        message: str | bytes | bytearray | memoryview | Prepared,
        binary: bool | None = None,
        timeout: float | None = None,
    ) -> None:
        """Send one message: str as text, bytes as binary (`binary` overrules), `Prepared` as it is.

        Waits while the peer reads; raises `WebSocketClosed` when the connection is closed or the peer reads nothing for
        `timeout` seconds (default: the server's limit), in which case the connection is aborted.
        """
        self.accept()
        if isinstance(message, Prepared):
            self._transmit(message, b"", timeout)
            return
        payload: bytes | bytearray | memoryview
        if isinstance(message, str):
            text, payload = True, message.encode()
        else:
            text, payload = False, message
        size = payload.nbytes if isinstance(payload, memoryview) else len(payload)
        head = frames.frame_head(frames.TEXT if (text if binary is None else not binary) else frames.BINARY, size)
        if size <= JOIN_BYTES:
            self._transmit(head + bytes(payload), b"", timeout)
        else:
            self._transmit(head, payload, timeout)

    def receive(self) -> str | bytes | None:
        """Wait for the next message: str for text, bytes for binary, None once the connection is closed."""
        if self.closed:
            return None
        try:
            self.accept()
        except WebSocketClosed:
            return None
        if self.receiving:
            raise RuntimeError("Two greenlets receive from one WebSocket; only one can.")
        self.receiving = True
        self._reader.last_received = monotonic()
        try:
            return self._reader.next(self._on_control)
        except FrameError as error:
            self._fail(error)
        except PeerDisconnected as error:
            self._keepalive.ends.wait()
            self.abort(frames.ABNORMAL_CLOSURE, str(error))
        finally:
            self.receiving = False
            if self._reader.interrupted:
                self.abort(frames.ABNORMAL_CLOSURE, INTERRUPTED)
            if self.closed:
                self._reader.release()
        return None

    def close(self, code: int = frames.NORMAL_CLOSURE, reason: str = "") -> None:
        """Begin the closing handshake. Does not wait for the peer's close frame; the keep-alive monitor does."""
        if self.closed:
            return
        self._begin_close(code, reason)
        if self.accepted:
            self.close_deadline = monotonic() + self._keepalive.close_seconds
            self._send_close(code, reason, self._keepalive.close_seconds)

    def finish(self) -> None:
        """Complete the closing handshake once the application has returned. Called by the server's handler."""
        if not self.accepted:
            return
        try:
            self.close()
            if self._protocol_violated:
                linger(self._sock, LINGER_SECONDS, LINGER_BYTES)
            elif not self._peer_finished and not self.receiving:
                self.receiving = True
                self._reader.next(self._on_control)
        except (FrameError, PeerDisconnected):
            pass  # the close frame was sent; how the peer reacts makes no difference
        finally:
            self._keepalive.discard(self)
            self._reader.release()

    # -- for the keep-alive monitor

    def ping(self) -> None:
        """Send a ping without waiting, or leave it to the next send; `last_ping` is when it has gone out."""
        self._controls.ping_due = True
        self.flush_controls()

    def overdue(self, now: float) -> str | None:
        """Why the message that the peer has begun has taken too long at the time `now`; None where it has not."""
        return self._reader.overdue(now)

    def abort(self, code: int, reason: str) -> None:
        """End the connection at once, without a closing handshake; every sender and the receiver find it closed."""
        if not self.closed:
            self._begin_close(code, reason)
            log.debug("WebSocket of %s aborted: %s", self.peer, reason)
        self._peer_finished = True
        try:
            self._sock.shutdown(2)
        except OSError:
            pass  # shut down already

    def drop(self, code: int, reason: str) -> None:
        """Abort the connection of a dead peer; the close frame is sent only if that needs no waiting."""
        self._begin_close(code, reason)
        self._close_now(code, reason)
        self.abort(code, reason)

    # -- control frames of the peer

    def _on_control(self, opcode: int, payload: bytes) -> bool:
        """Handle a ping, pong or close frame; True when the peer has closed."""
        if opcode == frames.CLOSE:
            code, reason = frames.read_close(payload)
            self._keepalive.ends.wait()
            self._peer_finished = True
            if not self.closed:
                self._begin_close(code, reason)
                self._send_close(code, reason, self._keepalive.close_seconds)
            return True
        if opcode == frames.PING:
            # Only the newest ping needs an answer, so a flood of them costs one buffered pong.
            self._controls.pong = payload
            self.flush_controls()
        return False

    def _begin_close(self, code: int, reason: str) -> None:
        self.closed = self._reader.discarding = True
        self.close_code, self.close_reason = code, reason

    def _fail(self, error: FrameError) -> None:
        """Close after a protocol violation; the rest of the peer's bytes cannot be interpreted."""
        self._protocol_violated = True
        self._reader.clear()
        log.debug("WebSocket of %s closed with %d: %s", self.peer, error.code, error)
        self.close(error.code, str(error))
