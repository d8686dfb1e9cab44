"""Binary attachments of Socket.IO events: bounded in number, bytes and time.

python-socketio collects as many attachments as an event announces, and keeps them after their connection has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic

import gevent
from gevent.event import Event

from hub.runtime.budget import Budget, OverBudget
from hub.runtime.progress import Progress

MAX_ATTACHMENTS = 64
CHECK_SECONDS = 1.0
_ANNOUNCED = re.compile(r"[56]([0-9]{1,12})-")


class RefusedEvent(Exception):
    """The connection of a binary event is to be ended; the text says why."""


class Pending:
    """The event of one session whose attachments are arriving."""

    def __init__(self, seconds: float) -> None:
        self.bytes = 0
        self.progress = Progress(seconds)
        self.progress.begin(monotonic())


class Attachments:
    """Watches the binary events of every session. `end(session, reason)` ends a session that is too slow."""

    def __init__(self, budget: Budget, max_bytes: int, seconds: float, end: Callable[[str, str], None]) -> None:
        self._budget, self._max_bytes, self._seconds, self._end = budget, max_bytes, seconds, end
        self._pending: dict[str, Pending] = {}
        self._wake = Event()
        self.refused = 0

    @property
    def bytes(self) -> int:
        """The bytes of all attachments whose event is incomplete."""
        return sum(pending.bytes for pending in self._pending.values())

    def begin(self, session: str, text: str) -> None:
        """Note an event that announces attachments. Raises RefusedEvent when there are too many."""
        announced = _ANNOUNCED.match(text)
        if announced is not None and int(announced[1]) > MAX_ATTACHMENTS:
            raise self._refusal(f"an event may have at most {MAX_ATTACHMENTS} attachments")
        self._pending[session] = Pending(self._seconds)
        self._wake.set()

    def add(self, session: str, data: object) -> None:
        """Count an attachment. Raises RefusedEvent for anything else, and when the event does not fit."""
        pending = self._pending.get(session)
        if pending is None:
            raise self._refusal("an attachment came without its event")
        if not isinstance(data, bytes):
            raise self._refusal("an event has fewer attachments than it announced")
        size = len(data)
        if pending.bytes + size > self._max_bytes:
            raise self._refusal(f"the attachments of an event may have at most {self._max_bytes} bytes")
        try:
            self._budget.take(size, small=size <= 64 * 1024)
        except OverBudget as error:
            raise self._refusal("the hub holds as many messages as it may; send it again in a few seconds") from error
        pending.bytes += size
        pending.progress.bytes += size

    def complete(self, session: str) -> int:
        """Give the bytes of an event back, which is complete or was dropped; how many those were."""
        pending = self._pending.pop(session, None)
        if pending is None:
            return 0
        self._budget.give_back(pending.bytes)
        return pending.bytes

    def run(self) -> None:
        """Supervised greenlet: end the sessions whose attachments do not arrive in time."""
        while True:
            self._wake.wait()
            while self._pending:
                gevent.sleep(CHECK_SECONDS)
                now = monotonic()
                for session, pending in tuple(self._pending.items()):
                    if pending.progress.overdue(now):
                        self.refused += 1
                        self._end(session, f"the attachments of an event did not arrive within {self._seconds:g} s")
            self._wake.clear()

    def _refusal(self, reason: str) -> RefusedEvent:
        self.refused += 1
        return RefusedEvent(reason)
