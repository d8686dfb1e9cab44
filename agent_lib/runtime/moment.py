"""An instant on both clocks of the machine."""

from __future__ import annotations

import time
from typing import NamedTuple


class Moment(NamedTuple):
    """`ts` is time.time(), which may be set; `mono` time.monotonic(), which begins anew when the machine starts."""

    ts: float
    mono: float

    @classmethod
    def now(cls) -> Moment:
        """This instant."""
        return cls(time.time(), time.monotonic())

    def is_within(self, seconds: float, now: Moment) -> bool:
        """Whether at most so many seconds have passed until `now`, by either clock."""
        return abs(now.ts - self.ts) <= seconds or 0 <= now.mono - self.mono <= seconds
