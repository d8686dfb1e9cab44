"""Engine.IO packets as they arrive, over a WebSocket or in POSTs: what is none never reaches the library.

python-engineio logs a traceback for most malformed packets, and leaves the session of some of them open.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from hub.net.wsgi import Environ, StartResponse
from hub.socketio.guard import SessionGuard
from hub.websocket.connection import WebSocket
from hub.websocket.frames import PROTOCOL_ERROR

SEPARATOR = "\x1e"  # between the packets of a POST
TYPES = frozenset("0123456")  # the first character of a text packet
BASE64 = "b"  # and of a binary one in text
NOOP = "6"


class CheckedWebSocket:
    """Replaces the WebSocket of engineio's gevent driver: what is no packet ends the connection, as a close does."""

    def __init__(self, handler: Callable[[Any], Any], server: Any) -> None:
        self._handler = handler
        self._session: Any = handler.__self__  # type: ignore[attr-defined]  # it is a bound method of the session

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        session = self._session
        self.socket: WebSocket = environ["wsgi.websocket"]
        session.websocket = self.socket
        session.address = environ.get("REMOTE_ADDR", "")
        try:
            answer: Iterable[bytes] = self._handler(self)
            return answer
        finally:
            session.websocket = None
            if session.upgraded:
                session.close(wait=False, abort=True, reason=session.server.reason.TRANSPORT_CLOSE)

    def wait(self) -> str | bytes | None:
        """The next packet; None when the connection has ended."""
        data: str | bytes | None = self.socket.receive()
        if data is not None and (problem := problem_of(data)):
            guard_of(self._session).note_malformed(address_of(self._session), problem)
            self.socket.close(PROTOCOL_ERROR, problem)
            data = None
        if data is None and self._session.upgrading:
            return NOOP  # which ends the upgrade; the library would fail at None
        return data

    def send(self, message: str | bytes) -> None:
        """Send a packet."""
        self.socket.send(message)

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


def guard_of(session: Any) -> SessionGuard:
    """The guard of a session's server."""
    guard: SessionGuard = session.server.guard
    return guard


def address_of(session: Any) -> str:
    """The address of a session's client, for messages."""
    return str(getattr(session, "address", "") or "a client")


def posted_packets(body: bytes, max_packets: int) -> Iterator[str]:
    """The packets of a POST, one after the other. Raises ValueError for what is none."""
    text = body.decode()
    if text.startswith("d="):  # JSONP
        text = parse_qs(text).get("d", [""])[0]
    if not text:
        return
    if text.count(SEPARATOR) >= max_packets:
        raise ValueError(f"more than {max_packets} packets in one POST")
    start = 0
    while start <= len(text):
        end = text.find(SEPARATOR, start)
        end = len(text) if end < 0 else end
        packet = text[start:end]
        if problem := problem_of(packet):
            raise ValueError(problem)
        yield packet
        start = end + 1


def problem_of(packet: str | bytes) -> str:
    """Say what is wrong with a packet; "" when it can be decoded."""
    if isinstance(packet, bytes) or packet[:1] in TYPES:
        return ""
    if packet[:1] != BASE64:
        return "a packet does not begin with its type"
    try:
        base64.b64decode(packet[1:])
    except ValueError:
        return "a binary packet is not base64"
    return ""
