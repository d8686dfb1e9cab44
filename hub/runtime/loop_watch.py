"""Whether the event loop is ever held: a timer that should ring every 20 ms, and how late it rings."""

from __future__ import annotations

import logging
import time
from collections import deque

import gevent

log = logging.getLogger(__name__)

TICK_SECONDS = 0.02
PROMISE_MS = 50.0  # nothing blocks the hub's loop for longer
KEPT_SECONDS = 600.0


class LoopWatch:
    """Counts the times that the loop was held beyond the promise; the last ten minutes are kept."""

    def __init__(self) -> None:
        self._stalls: deque[tuple[float, float]] = deque(maxlen=1000)
        self.longest_ms = 0.0

    def run(self) -> None:
        """The supervised greenlet."""
        due = time.monotonic() + TICK_SECONDS
        while True:
            gevent.sleep(TICK_SECONDS)
            now = time.monotonic()
            late = (now - due) * 1000
            if late > self.longest_ms:
                self.longest_ms = late
            if late > PROMISE_MS:
                self._stalls.append((now, late))
                log.debug("The event loop was held for %.0f ms.", late)
            due = now + TICK_SECONDS

    def status(self) -> dict[str, float | int]:
        """Over the last ten minutes: how often it was held for more than 50 ms, and the longest time in milliseconds."""
        since = time.monotonic() - KEPT_SECONDS
        recent = [late for when, late in self._stalls if when >= since]
        return {
            "stalls": len(recent),
            "longest_ms": round(max(recent, default=0.0), 1),
            "longest_ever_ms": round(self.longest_ms, 1),
        }
