"""Bytes of Socket.IO events between their arrival and the end of their handlers.

Engine.IO reads on while a handler runs, so that one connection could have any number of large events in memory. One
that has as much in flight as it may is not read from until a handler has ended.
"""

from __future__ import annotations

from time import monotonic

from gevent.event import Event

from hub.runtime.budget import Budget, OverBudget

COUNTED_BYTES = 4096  # smaller events are not counted
SMALL_BYTES = 256 * 1024  # events up to this size may use the reserve of the budget
SESSION_BYTES = 32 * 1024 * 1024  # of one connection, or one event that is larger
WAIT_SECONDS = 15.0


class EventsInFlight:
    """Counts the bytes of events in `budget`, and those of each session."""

    def __init__(self, budget: Budget, session_bytes: int = SESSION_BYTES, wait_seconds: float = WAIT_SECONDS) -> None:
        self._budget = budget
        self._session_bytes, self._wait_seconds = session_bytes, wait_seconds
        self._sessions: dict[str, int] = {}
        self._released = Event()
        self.refused = 0

    @property
    def bytes(self) -> int:
        """The bytes of all events in flight."""
        return sum(self._sessions.values())

    def admit(self, session: str, size: int) -> bool:
        """Count an event once it fits, within some seconds; False where it does not."""
        deadline = monotonic() + self._wait_seconds
        while not self._take(session, size):
            left = deadline - monotonic()
            if left <= 0:
                self.refused += 1
                return False
            self._released.clear()
            self._released.wait(min(left, 1.0))
        return True

    def release(self, session: str, size: int) -> None:
        """Give the bytes of an event back."""
        left = self._sessions[session] - size
        if left:
            self._sessions[session] = left
        else:
            del self._sessions[session]
        self._budget.give_back(size)
        self._released.set()

    def _take(self, session: str, size: int) -> bool:
        held = self._sessions.get(session, 0)
        if held and held + size > self._session_bytes:
            return False
        try:
            self._budget.take(size, small=size <= SMALL_BYTES)
        except OverBudget:
            return False
        self._sessions[session] = held + size
        return True
