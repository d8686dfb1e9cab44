"""How many Engine.IO sessions may be open, in all and of one address.

A session that polls has no connection of its own: a client could open any number over one, each with a queue, a
greenlet for its pings and an environment, and let them expire.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qs

from hub.access.networks import is_loopback
from hub.net.wsgi import Environ
from hub.socketio.internals import (
    session_end_handler,
    session_start_handler,
    set_session_end_handler,
    set_session_start_handler,
)
from hub.socketio.library_types import SocketIoServer

# This share of all sessions is left to other addresses.
RESERVE_DIVISOR = 10
FULL = "The hub has as many Socket.IO sessions as it may (limits.max_sessions); try again in a moment."
SHARE_FULL = (
    "The hub has as many Socket.IO sessions of this address as one may have (limits.sessions_per_address); close some, "
    "or try again in a moment."
)
RETRY_SECONDS = 5


class SessionLimit:
    """Counts open sessions by the address that opened them."""

    def __init__(self, limit: int, per_address: int) -> None:
        self._limit, self._per_address = limit, per_address
        self._most = limit - limit // RESERVE_DIVISOR
        self._sessions: dict[str, str] = {}  # session -> address
        self._counts: Counter[str] = Counter()
        self.refused = 0

    def reason_to_refuse(self, address: str) -> str | None:
        """The sentence for a session that finds no place; else None."""
        share = self._most if is_loopback(address) else min(self._per_address, self._most)
        if len(self._sessions) >= self._limit:
            reason = FULL
        elif self._counts[address] >= share:
            reason = SHARE_FULL
        else:
            return None
        self.refused += 1
        return reason

    def add(self, session: str, address: str) -> None:
        """Count a session that was opened."""
        self._sessions[session] = address
        self._counts[address] += 1

    def remove(self, session: str) -> None:
        """Count a session no more; without effect for one that is not counted."""
        address = self._sessions.pop(session, None)
        if address is None:
            return
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "open": len(self._sessions),
            "most": self._limit,
            "most_of_one_address": max(self._counts.values(), default=0),
            "refused": self.refused,
        }


def is_new_session(environ: Environ) -> bool:
    """Whether a request to Engine.IO asks for a session: it names none, as python-engineio reads its query."""
    return "sid" not in parse_qs(environ.get("QUERY_STRING", ""))


def count_sessions(server: SocketIoServer, limit: SessionLimit) -> None:
    """Have `limit` count every session from its beginning to its end."""
    start, end = session_start_handler(server), session_end_handler(server)

    def on_start(session: str, environ: Environ) -> Any:
        limit.add(session, environ.get("REMOTE_ADDR", ""))
        return start(session, environ)

    def on_end(session: str, reason: str) -> Any:
        limit.remove(session)
        return end(session, reason)

    set_session_start_handler(server, on_start)
    set_session_end_handler(server, on_end)
