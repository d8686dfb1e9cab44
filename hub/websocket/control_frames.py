"""Pings, pongs and close frames that are due, sent without waiting for the peer."""

from __future__ import annotations

from time import monotonic

import gevent.socket

from hub.net.tls import TlsSocket
from hub.net.transport import PeerDisconnected
from hub.websocket import frames


class PendingControlFrames:
    """The control frames that one connection has still to send. Its caller holds the send lock.

    `remainder` is the rest of a frame that the socket accepted in part: it goes out before anything else. After
    `close_sent` neither pings nor pongs follow. `last_ping` is when a ping last went out (monotonic seconds).
    """

    __slots__ = ("remainder", "pong", "ping_due", "close_sent", "last_ping")

    def __init__(self) -> None:
        self.remainder = b""
        self.pong: bytes | None = None
        self.ping_due = False
        self.close_sent = False
        self.last_ping = 0.0

    @property
    def due(self) -> bool:
        """True when there is anything to send."""
        return self.pong is not None or self.ping_due or bool(self.remainder)

    def close_frame(self, code: int, reason: str) -> bytes:
        """The close frame, after the remainder of an earlier one; both are then the caller's to send."""
        self.close_sent = True
        remainder, self.remainder = self.remainder, b""
        return remainder + control_frame(frames.CLOSE, frames.close_payload(code, reason))

    def flush(self, sock: gevent.socket.socket) -> None:
        """Send what the socket accepts at once. Raises `PeerDisconnected`."""
        if self.remainder:
            # Alone: a TLS socket that did not accept it may have encrypted it, and then expects the same bytes again.
            self.remainder = self.send_now(sock, self.remainder)
            if self.remainder:
                return
        data = b""
        if self.pong is not None and not self.close_sent:
            data += control_frame(frames.PONG, self.pong)
        if self.ping_due and not self.close_sent:
            data += control_frame(frames.PING, b"")
        self.remainder = self.send_now(sock, data)
        if len(self.remainder) == len(data) and not isinstance(sock, TlsSocket):
            self.remainder = b""
            return
        if self.ping_due:
            self.last_ping = monotonic()
        self.pong, self.ping_due = None, False

    @staticmethod
    def send_now(sock: gevent.socket.socket, data: bytes) -> bytes:
        """Send without waiting; the rest that was not accepted. Raises `PeerDisconnected`."""
        try:
            sock.settimeout(0.0)
            return data[sock.send(data) :]
        except BlockingIOError:
            return data
        except OSError as error:
            raise PeerDisconnected(f"gone: {error.strerror or error}") from error
        finally:
            sock.settimeout(None)


def control_frame(opcode: int, payload: bytes) -> bytes:
    """Encode a control frame."""
    return frames.frame_head(opcode, len(payload)) + payload
