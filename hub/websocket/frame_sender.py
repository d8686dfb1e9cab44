"""The sending half of a WebSocket: whole frames, one sender at a time, with the control frames that are due between."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gevent.lock import Semaphore

from hub.net.connection_input import ConnectionInput
from hub.net.send_queue import unsent_bytes
from hub.net.tls import TlsSocket
from hub.net.transport import PeerDisconnected, send_all
from hub.websocket import frames
from hub.websocket.control_frames import PendingControlFrames
from hub.websocket.errors import WebSocketClosed
from hub.websocket.frames import Prepared

# Up to this size header and payload are copied into one packet.
JOIN_BYTES = 64 * 1024
INTERRUPTED = "interrupted in the middle of a message"


class FrameSender(ABC):
    """What a WebSocket is to those who send: whole frames from any number of greenlets, one at a time.

    A base class, not a part: a connection that ends is free of reference cycles (hub/runtime/collector.py). `accepted`
    is true once the handshake is done, `closed` as soon as either side has begun to close; `close_code` and
    `close_reason` then say why.
    """

    def __init__(self, connection: ConnectionInput, stall_seconds: float) -> None:
        self.accepted = False
        self.closed = False
        self.close_code: int | None = None
        self.close_reason = ""
        self._lock = Semaphore(1)  # held while a frame is sent
        self._controls = PendingControlFrames()
        self._sock = connection.sock
        self._time_slice = connection.time_slice
        self._stall_seconds = stall_seconds

    @abstractmethod
    def abort(self, code: int, reason: str) -> None:
        """End the connection at once: the stream cannot be continued."""

    @property
    def unsent(self) -> int:
        """Bytes that the peer has not acknowledged; 0 where the system does not report them."""
        return unsent_bytes(self._sock)

    @property
    def unfinished(self) -> bool:
        """Whether the rest of a frame is still to be sent."""
        return bool(self._controls.remainder)

    def _transmit(self, head: bytes, payload: bytes | bytearray | memoryview, timeout: float | None) -> None:
        """Send a frame, in one part or two, waiting while the peer reads. Raises `WebSocketClosed`."""
        stall = self._stall_seconds if timeout is None else timeout
        controls = self._controls
        with self._lock:
            if self.closed:
                raise self._closed_error()
            try:
                if controls.remainder:
                    remainder, controls.remainder = controls.remainder, b""
                    send_all(self._sock, remainder, stall, self._time_slice)
                send_all(self._sock, head, stall, self._time_slice)
                if payload:
                    send_all(self._sock, payload, stall, self._time_slice)
            except PeerDisconnected as error:
                self.abort(frames.ABNORMAL_CLOSURE, str(error))
                raise self._closed_error() from error
            except BaseException:
                # A timeout of the caller or a kill left a frame half sent: the stream cannot be continued.
                self.abort(frames.ABNORMAL_CLOSURE, INTERRUPTED)
                raise
            if controls.pong is not None or controls.ping_due:
                self._flush_locked()

    def send_now(self, message: Prepared) -> bool:
        """Send framed messages without waiting; False where `send` is to send them, since that may have to wait.

        Where `unfinished` is true afterwards, the peer has not taken all; the next `send` begins with the rest.
        Raises `WebSocketClosed`.
        """
        controls = self._controls
        if not self.accepted or controls.due or len(message) > JOIN_BYTES or isinstance(self._sock, TlsSocket):
            return False
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self.closed:
                raise self._closed_error()
            rest = controls.send_now(self._sock, message)
            if len(rest) == len(message):
                return False
            controls.remainder = bytes(rest)
            return True
        except PeerDisconnected as error:
            self.abort(frames.ABNORMAL_CLOSURE, str(error))
            raise self._closed_error() from error
        finally:
            self._lock.release()

    def _send_close(self, code: int, reason: str, seconds: float) -> None:
        """Send our close frame, once, after the message in progress and within `seconds`."""
        if self._controls.close_sent:
            return
        self._controls.close_sent = True
        if not self._lock.acquire(timeout=seconds):
            self.abort(code, reason)
            return
        try:
            send_all(self._sock, self._controls.close_frame(code, reason), seconds, self._time_slice)
        except PeerDisconnected as error:
            self.abort(code, str(error))
        finally:
            self._lock.release()

    def _close_now(self, code: int, reason: str) -> None:
        """Send our close frame, once, if that needs no waiting."""
        controls = self._controls
        if not controls.close_sent and self._lock.acquire(blocking=False):
            controls.remainder = controls.close_frame(code, reason)
            self._flush_locked()
            self._lock.release()

    def flush_controls(self) -> None:
        """Send due pings and pongs if that needs no waiting; a sender in progress sends them after its message."""
        if self._controls.due and self._lock.acquire(blocking=False):
            self._flush_locked()
            self._lock.release()

    def _flush_locked(self) -> None:
        """Send due control frames without waiting; the caller holds the lock."""
        try:
            self._controls.flush(self._sock)
        except PeerDisconnected as error:
            self.abort(frames.ABNORMAL_CLOSURE, str(error))

    def _closed_error(self) -> WebSocketClosed:
        return WebSocketClosed(self.close_code or frames.ABNORMAL_CLOSURE, self.close_reason)
