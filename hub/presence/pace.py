"""A limit of how often something is done: callers wait for their turn, in the order in which they came."""

from __future__ import annotations

import time
from collections.abc import Callable

import gevent


class Pace:
    """At most `per_second` turns a second, evenly spaced."""

    def __init__(
        self,
        per_second: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = gevent.sleep,
    ) -> None:
        self._interval, self._now, self._sleep = 1 / per_second, now, sleep
        self._next = 0.0

    def wait(self) -> None:
        """Wait for the next turn that nobody has taken."""
        now = self._now()
        turn = max(self._next, now)
        self._next = turn + self._interval
        if turn > now:
            self._sleep(turn - now)
