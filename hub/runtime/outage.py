"""A receiver that cannot be reached: since when, why, and how long to wait before the next try."""

from __future__ import annotations

from collections.abc import Callable, Sequence

WARN_SECONDS = 60.0


class Outage:
    """Counts failures in a row. `backoff`: seconds before the first, second, ... try again, the last for all further.

    `problem`: why the last try failed, "" while there is no outage. `since`: epoch seconds, None while there is none.
    """

    def __init__(self, backoff: Sequence[float], now: Callable[[], float]) -> None:
        self._backoff, self._now = backoff, now
        self._failures = 0
        self.since: float | None = None
        self.problem = ""

    def failed(self, reason: str) -> bool:
        """Count a failure; whether its reason is another than before, so that it is worth a line of the log."""
        if self.since is None:
            self.since = self._now()
        self._failures += 1
        other, self.problem = reason != self.problem, reason
        return other

    def over(self) -> bool:
        """It works; whether it has not until now."""
        was, self._failures, self.since, self.problem = self.since is not None, 0, None, ""
        return was

    @property
    def pause(self) -> float:
        """Seconds until the next try."""
        return self._backoff[min(max(self._failures, 1), len(self._backoff)) - 1]

    @property
    def since_when(self) -> float | None:
        """Since when, where that is long enough to warn of it."""
        return self.since if self.since is not None and self._now() - self.since >= WARN_SECONDS else None
