"""Whether the wall clock can be trusted with deleting old rows: after an implausible jump nothing is deleted.

A PC whose clock is set wrong for an hour would otherwise lose everything that is kept for some days. The last time that
was trusted is kept in a small file of the instance folder. A clock that is far ahead of it is trusted after the hub has
run under it for a day, or once the operator changes how many days rows are kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import orjson

log = logging.getLogger(__name__)

FILE_NAME = "clock.json"
DAY = 86_400.0
JUMP_SECONDS = 7 * DAY
PROOF_SECONDS = DAY


class PlausibleClock:
    """`trusted(table, days, newest)` before old rows of a table are deleted."""

    def __init__(
        self,
        folder: Path | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = folder / FILE_NAME if folder is not None else None
        self._now, self._monotonic = now, monotonic
        self._last: float | None = None  # the last trusted wall time
        self._days: dict[str, int] = {}  # of the tables whose old rows were deleted last, as they were set then
        self._confirmed: set[str] = set()  # tables whose days the operator has set since
        self._observed = 0.0  # seconds that the hub ran under a clock that is far ahead
        self._checked = monotonic()
        self._ahead: dict[str, float] = {}  # days that the clock is ahead, by table that is left alone
        self._read()

    def _read(self) -> None:
        if self._path is None:
            return
        try:
            kept = orjson.loads(self._path.read_bytes())
            last, observed, days = float(kept["trusted"]), float(kept["observed"]), dict(kept["days"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read (%s); the newest stored rows say the last time.", self._path, error)
            return
        self._last, self._observed, self._days = last, observed, days

    def now(self) -> float:
        """The wall time."""
        return self._now()

    def trusted(self, table: str, days: int, newest: Callable[[], float | None]) -> bool:
        """Whether rows of `table` that are older than `days` may be deleted now. `newest`: of its rows."""
        now = self._now()
        if self._last is None:
            found = newest()
            self._last = now if found is None else min(found, now)
        self._observe(now)
        ahead = now - self._last
        if self._days.get(table, days) != days:
            self._confirmed.add(table)
        if self._implausible(table, ahead):
            if table not in self._ahead:
                log.warning("%s", self._sentence(table, ahead / DAY))
            self._ahead[table] = ahead / DAY
            self._save()
            return False
        self._ahead.pop(table, None)
        self._days[table] = days
        if ahead <= JUMP_SECONDS or self._observed >= PROOF_SECONDS:
            self._last, self._observed = now, 0.0
        self._save()
        return True

    def ahead(self, table: str, days: int) -> float | None:
        """Days by which the clock is ahead, where `trusted` would say no now; None where it would say yes."""
        if self._last is None or self._days.get(table, days) != days:
            return None
        ahead = self._now() - self._last
        return ahead / DAY if self._implausible(table, ahead) else None

    def _implausible(self, table: str, ahead: float) -> bool:
        return ahead > JUMP_SECONDS and self._observed < PROOF_SECONDS and table not in self._confirmed

    def _observe(self, now: float) -> None:
        """Count the time that passes under a clock that is far ahead."""
        moment = self._monotonic()
        if self._last is not None and now - self._last > JUMP_SECONDS:
            self._observed += moment - self._checked
        self._checked = moment

    def _save(self) -> None:
        if self._path is None:
            return
        text = orjson.dumps({"trusted": self._last, "observed": self._observed, "days": self._days})
        part = self._path.with_suffix(".part")
        try:
            part.write_bytes(text)
            part.replace(self._path)
        except OSError as error:
            log.warning("%s was not written: %s", self._path, error)

    @staticmethod
    def _sentence(table: str, days: float) -> str:
        return (
            f"This machine's clock is {days:.0f} days ahead of the last time that the hub knows, so nothing old is "
            f"deleted from {table}. If the clock is wrong, set it right; if it is right, the hub deletes again after "
            "it has run for a day, or at once when the setting of its days is changed and the hub is started again."
        )

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        return [self._sentence(table, days) for table, days in self._ahead.items()]
