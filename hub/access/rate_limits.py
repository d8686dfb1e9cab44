"""A rate limiter by source (token buckets, bounded in number)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from hub.runtime.log_throttle import LogThrottle

__all__ = ["LogThrottle", "RateLimiter"]

MAX_SOURCES = 4096


class RateLimiter:
    """Token buckets: at most `per_second` calls a second of each source, with bursts of one second's worth.

    `burst`: another size of bursts.
    """

    def __init__(
        self,
        per_second: float,
        max_sources: int = MAX_SOURCES,
        now: Callable[[], float] = monotonic,
        burst: float | None = None,
    ) -> None:
        self._per_second, self._max, self._now = per_second, max_sources, now
        self._burst = per_second if burst is None else burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # source -> tokens left, at what time
        self.refused = 0

    def allow(self, source: str) -> bool:
        """Take one token of the source; False where none is left."""
        now = self._now()
        left, when = self._buckets.pop(source, (self._burst, now))
        left = min(self._burst, left + (now - when) * self._per_second)
        allowed = left >= 1.0
        self._buckets[source] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > self._max:
            self._buckets.popitem(last=False)
        self.refused += not allowed
        return allowed

    def __len__(self) -> int:
        return len(self._buckets)
