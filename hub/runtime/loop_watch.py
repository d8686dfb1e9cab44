"""Detection of a blocked event loop: a timer that is due every 20 ms, and how late it fires."""

from __future__ import annotations

import logging
import time
from collections import deque

import gevent

from hub.runtime.histogram import Histogram

log = logging.getLogger(__name__)

TICK_SECONDS = 0.02
MAX_BLOCK_MS = 50.0  # nothing may block the event loop for longer (docs/architecture.md "Promises")
WINDOW_SECONDS = 600.0
LAG_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class LoopWatch:
    """Records how often and how long the event loop was blocked, over the last ten minutes."""

    def __init__(self) -> None:
        self._stalls: deque[tuple[float, float]] = deque(maxlen=1000)
        self.longest_ms = 0.0
        self._longest_taken = 0.0
        self.lag_seconds = Histogram(LAG_BOUNDS)  # how late each timer fired

    def run(self) -> None:
        """The supervised greenlet."""
        due = time.monotonic() + TICK_SECONDS
        while True:
            gevent.sleep(TICK_SECONDS)
            now = time.monotonic()
            late = (now - due) * 1000
            self.lag_seconds.observe(max(0.0, now - due))
            self._longest_taken = max(self._longest_taken, late)
            if late > self.longest_ms:
                self.longest_ms = late
            if late > MAX_BLOCK_MS:
                self._stalls.append((now, late))
                log.debug("The event loop was blocked for %.0f ms.", late)
            due = now + TICK_SECONDS

    def take_longest(self) -> float:
        """The longest delay since the last call, in milliseconds; for one caller."""
        longest, self._longest_taken = self._longest_taken, 0.0
        return longest

    def status(self) -> dict[str, float | int]:
        """Over the last ten minutes: how often it was blocked for more than 50 ms, and the longest time (ms)."""
        since = time.monotonic() - WINDOW_SECONDS
        recent = [late for when, late in self._stalls if when >= since]
        return {
            "stalls": len(recent),
            "longest_ms": round(max(recent, default=0.0), 1),
            "longest_ever_ms": round(self.longest_ms, 1),
        }
