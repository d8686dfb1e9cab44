"""How often pictures of one camera are processed, and how long that takes, over the last ones."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable

WINDOW = 20


class Durations:
    """The last durations, the wait for the vision process included."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._recent: deque[tuple[float, float]] = deque(maxlen=WINDOW)  # (when it ended, seconds taken)

    def add(self, seconds: float) -> None:
        """Count a picture that was processed just now."""
        self._recent.append((self._now(), seconds))

    def rate(self) -> float:
        """Pictures processed a second."""
        if len(self._recent) < 2:
            return 0.0
        return (len(self._recent) - 1) / max(self._now() - self._recent[0][0], 1e-3)

    def milliseconds(self) -> float:
        """Median duration."""
        return statistics.median(seconds for _, seconds in self._recent) * 1000 if self._recent else 0.0
