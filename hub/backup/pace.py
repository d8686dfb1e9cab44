"""How fast a backup may go: so many bytes a second, progress told now and then, an end when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.backup.errors import Stopped

MAX_LAG_SECONDS = 0.1  # what a slow moment may be made up for afterwards
REPORT_SECONDS = 0.25
MB = 1_000_000

Report = Callable[[str, int, int], None]  # (what is done now, bytes that were done, bytes in all)


def silent(phase: str, done: int, total: int) -> None:
    """A Report that goes nowhere."""


class Pace:
    """`count(size)` waits until so many more bytes may be read or written."""

    def __init__(
        self, mb_per_second: float = 0, report: Report = silent, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """`mb_per_second`: 0 is no limit. `stopping` is asked often, on the same thread."""
        self._rate, self._report, self._stopping = mb_per_second * MB, report, stopping
        self._free_at = self._report_at = 0.0
        self.phase, self.done, self.total = "", 0, 0

    def begin(self, phase: str, total: int | None = None) -> None:
        """What is done from now on; `total`: bytes of everything, where it is known now."""
        self.phase = phase
        if total is not None:
            self.done, self.total = 0, total
        self._report_at = 0.0
        self.count(0)

    def count(self, size: int) -> None:
        """Add bytes that were done, and wait. Raises Stopped."""
        if self._stopping():
            raise Stopped("It was stopped before it was done.")
        self.done += size
        now = time.monotonic()
        if now >= self._report_at:
            self._report_at = now + REPORT_SECONDS
            self._report(self.phase, self.done, max(self.total, self.done))
        if self._rate and size:
            self._free_at = max(self._free_at, now - MAX_LAG_SECONDS) + size / self._rate
            if self._free_at > now:
                time.sleep(self._free_at - now)
