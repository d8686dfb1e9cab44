"""A camera's metrics: frames a second, jitter, efficiency, processing time (docs/wire/apriltag.md 2.3, 2.4).

The flaws of the older server that 2.4 lists are corrected.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Any

WINDOW = 20  # intervals, sizes and processing times in the statistics
RATE_FRAMES = 10  # arrivals that `fps` is computed from
ENOUGH_INTERVALS = 10  # with fewer the median is no estimate of the target
HISTORY_SECONDS = 60


class SecondTotals:
    """Totals of one second, for the plots."""

    __slots__ = ("second", "frames", "bytes", "processing", "gap")

    def __init__(self, second: int) -> None:
        self.second = second
        self.frames = self.bytes = 0
        self.processing = self.gap = 0.0


class Metrics:
    """Metrics of one camera. `now` and arrival times are monotonic, in seconds.

    `fixed_ms` over 0 is the target interval; 0 takes the median interval as the target.
    """

    def __init__(self, fixed_ms: int = 0) -> None:
        self.fixed_ms = fixed_ms
        self.width = self.height = 0
        self.total = self.dropped = 0
        self._arrivals: deque[float] = deque(maxlen=RATE_FRAMES)
        self._intervals: deque[float] = deque(maxlen=WINDOW)
        self._sizes: deque[int] = deque(maxlen=WINDOW)
        self._processing: deque[float] = deque(maxlen=WINDOW)
        self._history: deque[SecondTotals] = deque(maxlen=HISTORY_SECONDS + 1)

    def add(self, now: float, size: int, processing_ms: float, width: int, height: int) -> None:
        """Record a frame: `size` in bytes, `processing_ms` from its receipt until it was stored."""
        gap = now - self._arrivals[-1] if self._arrivals else 0.0
        if self._arrivals:
            self._intervals.append(gap)
        self._arrivals.append(now)
        self._sizes.append(size)
        self._processing.append(processing_ms)
        self.total += 1
        self.width, self.height = width, height
        if not self._history or self._history[-1].second != int(now):
            self._history.append(SecondTotals(int(now)))
        second = self._history[-1]
        second.frames += 1
        second.bytes += size
        second.processing += processing_ms
        second.gap = max(second.gap, gap)

    def fps(self, now: float) -> float:
        """Frames a second: (n-1)/(last-first) of the last arrivals.

        A late next frame lowers it; it is 0 after a silence of three mean intervals and at least one second.
        """
        count = len(self._arrivals)
        if count < 2:
            return 0.0
        first, last = self._arrivals[0], self._arrivals[-1]
        mean = (last - first) / (count - 1)
        silence = now - last
        if silence > max(1.0, 3 * mean):
            return 0.0
        span = last - first + max(0.0, silence - mean)
        return (count - 1) / span if span > 0 else 0.0

    def target(self) -> float:
        """Target frames a second, configured or estimated; 0 before the second frame."""
        if self.fixed_ms:
            return 1000.0 / self.fixed_ms
        if not self._intervals:
            return 0.0
        if len(self._intervals) >= ENOUGH_INTERVALS:
            base = _upper_median(self._intervals)
        else:
            base = sum(self._intervals) / len(self._intervals)
        return 1.0 / base if base > 0 else 0.0

    def jitter(self) -> float:
        """Population standard deviation of the intervals, in seconds."""
        if not self._intervals:
            return 0.0
        mean = sum(self._intervals) / len(self._intervals)
        return math.sqrt(sum((value - mean) ** 2 for value in self._intervals) / len(self._intervals))

    def efficiency(self) -> float | None:
        """Efficiency in percent; None while there is too little data."""
        if not self._intervals:
            return None
        mean = sum(self._intervals) / len(self._intervals)
        if mean <= 0:
            return None
        if self.fixed_ms:
            return 100.0 * (1.0 / mean) / self.target()
        if len(self._intervals) < ENOUGH_INTERVALS:
            return None
        median = _upper_median(self._intervals)
        if median <= 0:
            return None
        return min(100.0, max(0.0, 100.0 * (1.0 - abs(mean - median) / median)))

    def rate_body(self, now: float | None = None) -> dict[str, Any]:
        """The body of /video_fps."""
        target = self.target()
        return {
            "fps": round(self.fps(_now(now)), 2),
            "target_fps": round(target, 1),
            "interval_ms": int(round(1000.0 / target, 3)) if target else 0,
            **self._resolution(),
        }

    def body(self, now: float | None = None) -> dict[str, Any]:
        """The body of /video_stats, with the keys and roundings of docs/wire/apriltag.md 2.3."""
        intervals = self._intervals
        mean = sum(intervals) / len(intervals) if intervals else 0.0
        known = bool(intervals)
        efficiency = self.efficiency()
        processing = sum(self._processing) / len(self._processing) if known else 0.0
        return {
            "avg_interval": round(mean, 3),
            "min_interval": round(min(intervals, default=0.0), 3),
            "max_interval": round(max(intervals, default=0.0), 3),
            "jitter": round(self.jitter(), 3),
            "avg_fps": round(1.0 / mean, 3) if mean > 0 else 0.0,
            "target_fps": round(self.target() if known else 0.0, 1),
            "avg_size": int(sum(self._sizes) / len(self._sizes)) if known else 0,
            "min_size": min(self._sizes) if known else 0,
            "max_size": max(self._sizes) if known else 0,
            "avg_processing": round(processing, 2),
            "max_processing": round(max(self._processing), 2) if known else 0.0,
            "total_frames": self.total,
            "dropped_frames": self.dropped,
            "efficiency": round(efficiency, 1) if efficiency is not None else 0.0,
            "recommendation": self._recommendation(efficiency, processing),
            "current_fps": round(self.fps(_now(now)), 2),
            **self._resolution(),
        }

    def words(self) -> dict[str, str]:
        """One rating each for jitter, efficiency and processing (docs/wire/apriltag.md 2.3).

        A rating is "" while there is too little data.
        """
        efficiency = self.efficiency()
        mean = sum(self._processing) / len(self._processing) if self._intervals else None
        return {
            "jitter": ""
            if not self._intervals
            else _word(-self.jitter(), (-0.1, "EXCELLENT"), (-0.3, "GOOD"), (-0.5, "OK"), otherwise="HIGH"),
            "efficiency": ""
            if efficiency is None
            else _word(efficiency, (95, "OPTIMAL"), (85, "GOOD"), (70, "FAIR"), otherwise="POOR"),
            "processing": ""
            if mean is None
            else _word(-mean, (-1, "FAST"), (-10, "GOOD"), (-50, "OK"), otherwise="SLOW"),
        }

    def history(self, now: float | None = None) -> dict[str, list[float]]:
        """The last minute, one value a second, oldest first.

        Rows: frames, mean size in bytes, mean processing in ms, longest gap in ms. The current second is left out; a
        second without frames is 0 in each row.
        """
        last = int(_now(now)) - 1
        found = {row.second: row for row in self._history}
        rows = [found.get(second) for second in range(last - HISTORY_SECONDS + 1, last + 1)]
        return {
            "fps": [row.frames if row else 0 for row in rows],
            "size": [row.bytes // row.frames if row else 0 for row in rows],
            "processing_ms": [round(row.processing / row.frames, 2) if row else 0.0 for row in rows],
            "longest_gap_ms": [round(row.gap * 1000) if row else 0 for row in rows],
        }

    def _resolution(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "height": self.height,
            "resolution": f"{self.width}x{self.height}" if self.width else "Unknown",
        }

    def _recommendation(self, efficiency: float | None, processing: float) -> str:
        """A rating and a sentence. The older server rated too little data as POOR; here the rating says so."""
        if not self._intervals:
            return "WAITING_FOR_DATA"
        if efficiency is None:
            return f"INSUFFICIENT_DATA - {len(self._intervals)} of {ENOUGH_INTERVALS} intervals seen"
        jitter = self.jitter()
        if efficiency > 95:
            return "OPTIMAL - the frames come evenly"
        if efficiency > 85:
            return "GOOD - small differences between the frames' intervals"
        if efficiency > 70:
            return (
                "UNSTABLE - the intervals differ by more than half a second; look at the network"
                if jitter > 0.5
                else "FAIR - some frames come late"
            )
        if processing > 50:
            return "SLOW - the hub takes more than 50 ms for a frame; it has too much to do"
        return (
            "UNSTABLE - the intervals differ by more than a second; look at the network"
            if jitter > 1.0
            else "POOR - many frames come late; ask the camera for fewer"
        )


def _word(value: float, *steps: tuple[float, str], otherwise: str) -> str:
    """Return the word of the first step whose bound `value` exceeds."""
    return next((word for bound, word in steps if value > bound), otherwise)


def _upper_median(values: deque[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _now(now: float | None) -> float:
    return time.monotonic() if now is None else now
