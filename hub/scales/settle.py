"""Decides on which weights a scale has settled."""

from __future__ import annotations

from hub.scales.contract import Reading

EMPTY, MOVING, STEADY, OVERLOAD = "empty", "moving", "steady", "overload"


class Settling:
    """`add` each reading; times are of the monotonic clock.

    `state` is one of EMPTY, MOVING, STEADY, OVERLOAD. A weight is steady where the indicator says that it is stable;
    where it does not say, when it stayed within `steady_kg` for `steady_seconds`.
    """

    def __init__(self, min_kg: float, steady_kg: float, steady_seconds: float) -> None:
        self._min_kg, self._steady_kg, self._steady_seconds = min_kg, steady_kg, steady_seconds
        self._low = self._high = 0.0
        self._since: float | None = None  # when the weights from _low to _high began
        self._settled = 0.0  # what was settled last, 0 when empty
        self.state = EMPTY

    def add(self, reading: Reading, now: float) -> float | None:
        """The weight in kg where this reading settles one, 0 where the scale is empty again; else None."""
        kg = reading.kg
        if kg is None:
            self.state, self._since = OVERLOAD, None
            return None
        if kg < self._min_kg or kg <= 0:
            self.state, self._since = EMPTY, None
            return self._settle(0.0)
        if not self._is_steady(reading, kg, now):
            self.state = MOVING
            return None
        self.state = STEADY
        return self._settle(kg)

    def pause(self) -> None:
        """The indicator was lost: what comes next does not continue what was before. What was settled stays."""
        self._since = None

    def _is_steady(self, reading: Reading, kg: float, now: float) -> bool:
        if reading.stable is not None:
            return reading.stable
        low, high = min(self._low, kg), max(self._high, kg)
        if self._since is None or high - low > self._steady_kg:
            self._low = self._high = kg
            self._since = now
        else:
            self._low, self._high = low, high
        return now - self._since >= self._steady_seconds

    def _settle(self, kg: float) -> float | None:
        """`kg` unless it was settled already: once for each vehicle that stands there."""
        if kg == self._settled or (kg and self._settled and abs(kg - self._settled) <= self._steady_kg):
            return None
        self._settled = kg
        return kg
