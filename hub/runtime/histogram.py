"""Durations counted in buckets: no locks, one list access and one addition for each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """`observe` is called by one thread at a time. `bounds`: upper bounds of the buckets in seconds, ascending."""

    __slots__ = ("bounds", "_counts", "_sum", "longest")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)  # the last one: longer than every bound
        self._sum = 0.0
        self.longest = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self.bounds, seconds)] += 1
        self._sum += seconds
        if seconds > self.longest:
            self.longest = seconds

    def snapshot(self) -> tuple[list[tuple[str, int]], float]:
        """(upper bound as text, durations up to it) for each bucket, the last one "+Inf"; and the sum in seconds."""
        total, rows = 0, []
        for bound, count in zip((*map(repr, self.bounds), "+Inf"), self._counts, strict=True):
            total += count
            rows.append((bound, total))
        return rows, self._sum
