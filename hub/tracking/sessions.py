"""Every open tracking session: limits, ids that are taken over, and what all sessions are told."""

from __future__ import annotations

import logging
from typing import Any

from hub.access.networks import is_loopback
from hub.access.rate_limits import RateLimiter
from hub.contract.errors import TooManyRequests, Unavailable
from hub.settings.tracking import Tracking
from hub.tracking.contract import replies
from hub.tracking.session import Session

log = logging.getLogger(__name__)

TAKEN_OVER = 4001
"""Close code of a socket whose session id another one has taken over."""
MAX_SHOWN = 50


class Sessions:
    """Sessions by id. `check` is called before the upgrade, so that a client that is refused gets an HTTP status."""

    def __init__(self, settings: Tracking) -> None:
        self._settings = settings
        self._sessions: dict[str, Session] = {}
        self._connects = RateLimiter(settings.connects_per_second, burst=2.0 * settings.connects_per_second)
        self.opened = self.refused = self.taken_over = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def check(self, session_id: str, address: str) -> None:
        """Raise Unavailable (503) or TooManyRequests (429) where the session may not be opened."""
        limit = self._settings
        if not self._connects.allow(address):
            self.refused += 1
            raise TooManyRequests("Tracking sessions are opened too often from this address.", retry_after=1)
        if session_id in self._sessions:
            return
        if len(self._sessions) >= limit.max_sessions:
            self.refused += 1
            raise Unavailable(
                f"The hub has as many tracking sessions as it may ({limit.max_sessions}); close some or raise "
                "tracking.max_sessions.",
                retry_after=5,
            )
        if is_loopback(address):
            return
        if sum(session.address == address for session in self._sessions.values()) >= limit.sessions_per_address:
            self.refused += 1
            raise Unavailable(
                f"This address has as many tracking sessions as it may ({limit.sessions_per_address}); close some or "
                "raise tracking.sessions_per_address.",
                retry_after=5,
            )

    def add(self, session: Session) -> None:
        """Add a session; an older one with its id ends, since clients reconnect before the old socket is known dead."""
        before = self._sessions.get(session.id)
        self._sessions[session.id] = session
        self.opened += 1
        if before is not None:
            self.taken_over += 1
            log.info("The tracking session %s was taken over by a new connection.", session.id)
            before.close()
            before.peer.dismiss(TAKEN_OVER, "another connection uses this session id now")

    def remove(self, session: Session) -> None:
        """Remove a session that has ended, unless another one has its id by now."""
        session.close()
        session.peer.end()
        if self._sessions.get(session.id) is session:
            del self._sessions[session.id]

    def warn(self, message: str) -> None:
        """Tell every session that has asked for an analysis."""
        for session in list(self._sessions.values()):
            if session.used:
                session.peer.status(replies.WARNING, message)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        rows = [session.status() for session in list(self._sessions.values())[:MAX_SHOWN]]
        return {
            "sessions": len(self),
            "opened": self.opened,
            "refused": self.refused,
            "taken_over": self.taken_over,
            "list": rows,
        }
