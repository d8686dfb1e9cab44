"""The WebSocket of tracking clients at /video-stream/ID (docs/wire/tracking.md 1.4 to 1.6)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.access.rate_limits import RateLimiter
from hub.access.senders import count_message
from hub.context import Hub
from hub.contract.errors import RequestError
from hub.net.wsgi import Environ
from hub.runtime.log_throttle import LogThrottle
from hub.tracking.contract import replies
from hub.tracking.contract.session_id import session_id
from hub.tracking.peer import Peer
from hub.tracking.session import Session, Tools
from hub.tracking.sessions import Sessions
from hub.websocket.connection import WebSocket
from hub.websocket.routes import limit_messages

FRAME_TEXT = 4096
"""Longer messages are frames: beyond the rate of a session they are skipped before they are parsed."""
WARN_SECONDS = 10.0
MEGABYTE = 1024 * 1024


class TrackingSockets:
    """Serves tracking clients."""

    def __init__(self, hub: Hub, sessions: Sessions, tools: Tools) -> None:
        self._hub, self._sessions, self._tools = hub, sessions, tools
        self.skipped = 0

    def serve(self, socket: WebSocket, environ: Environ) -> Iterable[bytes]:
        """Serve one client until it disconnects. Raises RequestError before the upgrade."""
        hub, address = self._hub, environ.get("REMOTE_ADDR", "")
        name = session_id(environ.get("PATH_INFO", ""))
        self._sessions.check(name, address)
        limit_messages(socket, hub.settings.tracking.max_message_mb)
        socket.accept()
        queue_bytes = hub.settings.limits.max_queue_mb * MEGABYTE
        peer = Peer(socket, name, hub.supervisor.spawn, queue_bytes, hub.memory.child("tracking replies", queue_bytes))
        session = Session(name, address, peer, self._tools)
        peer.status(replies.CONNECTED, f"Session {name} established")
        self._sessions.add(session)
        try:
            self._receive(socket, session, environ)
        finally:
            self._sessions.remove(session)
        return []

    def _receive(self, socket: WebSocket, session: Session, environ: Environ) -> None:
        """Frames have the rate of their session, other messages that of their device."""
        per_second = self._hub.settings.tracking.frames_per_second
        rate, warned = RateLimiter(per_second, max_sources=1), LogThrottle(WARN_SECONDS)
        while (message := socket.receive()) is not None:
            if len(message) > FRAME_TEXT and not rate.allow(""):
                self.skipped += 1
                if warned.due():
                    session.peer.status(
                        replies.WARNING, f"Frames come faster than {per_second} a second; some are skipped."
                    )
                continue
            try:
                if len(message) <= FRAME_TEXT:
                    count_message(self._hub.gate, environ)
                session.on_message(self._hub.json.decode_object(message))
            except RequestError as error:
                session.peer.status(replies.ERROR, error.message)
