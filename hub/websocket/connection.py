"""The hub's WebSocket, under gevent-websocket's place in the environment (`environ["wsgi.websocket"]`).

Engine.IO and every raw door use this class alike. Why it is our own: docs/architecture.md "Raw WebSocket". The handshake is
lazy: until the first accept(), send() or receive() the application may still refuse with a plain HTTP answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from gevent.lock import Semaphore
from geventwebsocket.exceptions import WebSocketError

from hub.net.send_queue import unsent_bytes
from hub.net.transport import PeerGone, Source, linger, send_all
from hub.websocket import frames
from hub.websocket.frames import FrameError, Prepared, prepare
from hub.websocket.reader import MessageReader, Skipped

if TYPE_CHECKING:
    from hub.websocket.keepalive import Keeper

__all__ = ["Prepared", "Skipped", "WebSocket", "WebSocketClosed", "prepare"]

log = logging.getLogger(__name__)

JOIN_BYTES = 64 * 1024
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

    def __init__(
        self,
        source: Source,
        environ: dict[str, Any],
        handshake: Callable[[], None],
        keeper: Keeper,
        max_message_bytes: int,
        send_stall_seconds: float,
    ) -> None:
        self.environ = environ
        self.accepted = False
        self.closed = False
        self.close_code: int | None = None
        self.close_reason = ""
        self.pinged = 0.0
        self.deadline: float | None = None
        self.receiving = False
        self._reader = MessageReader(source, max_message_bytes)
        self._sock = source.sock
        self._turn = source.turn
        self._handshake = handshake
        self._keeper = keeper
        self._stall_seconds = send_stall_seconds
        self._lock = Semaphore(1)
        self._close_sent = False
        self._finished_by_peer = False
        self._broken = False
        self._torn = b""
        self._pong: bytes | None = None
        self._ping_due = False

    @property
    def max_message_bytes(self) -> int:
        return self._reader.max_message_bytes

    @max_message_bytes.setter
    def max_message_bytes(self, value: int) -> None:
        self._reader.max_message_bytes = value

    @property
    def keep_bytes(self) -> int | None:
        """Longer messages than this are not collected; they come as `Skipped`. None: all are."""
        return self._reader.keep_bytes

    @keep_bytes.setter
    def keep_bytes(self, value: int | None) -> None:
        self._reader.keep_bytes = value

    @property
    def unsent(self) -> int:
        """Bytes that were given to the system and have not reached the peer yet, as far as the system tells."""
        return unsent_bytes(self._sock)

    @property
    def heard(self) -> float:
        """When the peer last sent anything (monotonic seconds)."""
        return self._reader.heard

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

    def send(
        self,
        message: str | bytes | bytearray | memoryview | Prepared,
        binary: bool | None = None,
        timeout: float | None = None,
    ) -> None:
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
        self._reader.heard = monotonic()
        try:
            return self._reader.next(self._on_control)
        except FrameError as error:
            self._fail(error)
        except PeerGone as error:
            self.lost(frames.LOST, str(error))
        finally:
            self.receiving = False
            if self._reader.broken:
                self.lost(frames.LOST, "interrupted in the middle of a message")
        return None

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Begin to close: tell the peer `code` and `reason`. Does not wait for its answer; the server does."""
        if self.closed:
            return
        self._begin_close(code, reason)
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
                self._reader.next(self._on_control)
        except (FrameError, PeerGone):
            pass  # it was told why we close; how it takes that changes nothing
        finally:
            self._keeper.discard(self)

    # -- for the keeper

    def ping(self) -> None:
        """Ask the peer for a sign of life, without waiting; `pinged` is when the question has gone out."""
        self._ping_due = True
        self.flush_controls()

    def lost(self, code: int, reason: str) -> None:
        """Give the connection up at once: whoever sends or receives on it finds it closed."""
        if not self.closed:
            self._begin_close(code, reason)
            log.debug("WebSocket of %s lost: %s", self.peer, reason)
        self._finished_by_peer = True
        try:
            self._sock.shutdown(2)
        except OSError:
            pass  # shut already

    def give_up(self, code: int, reason: str) -> None:
        """Drop a peer that has gone silent; the code goes out only if that needs no waiting."""
        self._begin_close(code, reason)
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
        if self._ping_due:
            self.pinged = monotonic()
        self._torn, self._pong, self._ping_due = frame[sent:], None, False

    @staticmethod
    def _control_frame(opcode: int, payload: bytes) -> bytes:
        return frames.frame_head(opcode, len(payload)) + payload

    def _closed_error(self) -> WebSocketClosed:
        return WebSocketClosed(self.close_code or frames.LOST, self.close_reason)

    # -- what the peer's control frames ask for

    def _on_control(self, opcode: int, payload: bytes) -> bool:
        """Handle a ping, pong or close frame; True when the peer has closed."""
        if opcode == frames.CLOSE:
            code, reason = frames.read_close(payload)
            self._finished_by_peer = True
            if not self.closed:
                self._begin_close(code, reason)
                self._send_close(code, reason)
            return True
        if opcode == frames.PING:
            # Only the newest ping needs an answer, so a flood of them costs one buffered pong.
            self._pong = payload
            self.flush_controls()
        return False

    def _begin_close(self, code: int, reason: str) -> None:
        self.closed = self._reader.throw_away = True
        self.close_code, self.close_reason = code, reason

    def _fail(self, error: FrameError) -> None:
        """Close because of what the peer sent; the rest of its bytes mean nothing any more."""
        self._broken = True
        self._reader.forget()
        log.debug("WebSocket of %s closed with %d: %s", self.peer, error.code, error)
        self.close(error.code, str(error))
