"""Pings of all Engine.IO sessions in one greenlet; python-engineio has one for each that waits for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from weakref import ReferenceType, ref

import gevent
from gevent.event import Event

from hub.runtime.time_slice import TimeSlice
from hub.socketio.library_types import EngineIoSession


class Pings:
    """Calls `ping(session)` for each session `seconds` after its `add`, unless it has gone by then."""

    def __init__(
        self, seconds: float, ping: Callable[[EngineIoSession], None], now: Callable[[], float] = monotonic
    ) -> None:
        self._seconds, self._ping, self._now = seconds, ping, now
        self._due: deque[tuple[float, ReferenceType[EngineIoSession]]] = deque()  # the one that is due next first
        self._wake = Event()
        self._time_slice = TimeSlice()

    def add(self, session: EngineIoSession) -> None:
        """Have a session pinged once."""
        self._due.append((self._now() + self._seconds, ref(session)))
        self._wake.set()

    def run(self) -> None:
        """The supervised greenlet."""
        while True:
            if not self._due:
                self._wake.clear()
                self._wake.wait()
            gevent.sleep(max(0.0, self._due[0][0] - self._now()))
            self.step()

    def step(self) -> None:
        """Ping the sessions that are due."""
        now = self._now()
        while self._due and self._due[0][0] <= now:
            session = self._due.popleft()[1]()
            if session is not None and not session.closing and not session.closed:
                self._ping(session)
            self._time_slice.check()  # thousands that were connected together are due together
