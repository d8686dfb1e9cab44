"""A pause for work that can wait, while many records are being stored."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

MANY = 300.0
"""Records a second; a site with many cameras sends some tens."""
PAUSE_SECONDS = 0.1
SAMPLE_SECONDS = 0.2


class GiveWay:
    """Called before each piece of work, it returns the seconds to wait first: 0, or PAUSE_SECONDS."""

    def __init__(self, records: Callable[[], int], now: Callable[[], float] = monotonic) -> None:
        """`records()`: how many were stored since the start."""
        self._records, self._now = records, now
        self._at, self._counted, self._many = now(), records(), False

    def __call__(self) -> float:
        """The pause, by the rate since the last sample."""
        now = self._now()
        elapsed = now - self._at
        if elapsed >= SAMPLE_SECONDS:
            records = self._records()
            self._many = (records - self._counted) / elapsed > MANY
            self._at, self._counted = now, records
        return PAUSE_SECONDS if self._many else 0.0
