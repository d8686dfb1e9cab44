"""A throttle for log lines about frequent events."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic


class LogThrottle:
    """`due()` is true at most once in `seconds`, for log lines about frequent events."""

    def __init__(self, seconds: float, now: Callable[[], float] = monotonic) -> None:
        self._seconds, self._now = seconds, now
        self._next = now()

    def due(self) -> bool:
        """Whether to log now; the next log line is due `seconds` later."""
        if self._now() < self._next:
            return False
        self._next = self._now() + self._seconds
        return True
