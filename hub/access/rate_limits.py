"""How much one source may send (a bucket of tokens for each, and a bounded number of buckets), and how often something is said."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

MAX_SOURCES = 4096


class RateLimiter:
    """`allow(source)` is true for at most `per_second` calls a second; one second's worth may come at once."""

    def __init__(self, per_second: float, max_sources: int = MAX_SOURCES, now: Callable[[], float] = monotonic) -> None:
        self._per_second, self._max, self._now = per_second, max_sources, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # source -> what is left, as of when
        self.refused = 0

    def allow(self, source: str) -> bool:
        now = self._now()
        left, when = self._buckets.pop(source, (self._per_second, now))
        left = min(self._per_second, left + (now - when) * self._per_second)
        allowed = left >= 1.0
        self._buckets[source] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > self._max:
            self._buckets.popitem(last=False)
        self.refused += not allowed
        return allowed

    def __len__(self) -> int:
        return len(self._buckets)


class LogThrottle:
    """`due()` is true at most once in `seconds`: for log lines about what may happen very often."""

    def __init__(self, seconds: float, now: Callable[[], float] = monotonic) -> None:
        self._seconds, self._now = seconds, now
        self._next = now()

    def due(self) -> bool:
        if self._now() < self._next:
            return False
        self._next = self._now() + self._seconds
        return True
