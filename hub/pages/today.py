"""How many records today has brought, by hour: each is counted once, however often pages ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from gevent.lock import Semaphore

from hub.contract.day_counts import CountedRecords, HourCount
from hub.contract.times import utc_text

HOUR = 3600.0
FRESH_SECONDS = 1.0  # counts so old are answered without a look at the database
MAX_PLACES = 5000  # of one kind; records of more are counted as of the place ""


@dataclass
class DayOfKind:
    """The counts of one kind of record: by place, [total, read] of each hour, up to a sequence number."""

    newest: int
    hours: int
    places: dict[str, list[list[int]]] = field(default_factory=dict)

    def add(self, hour: int, count: HourCount) -> None:
        """Count records of an hour of the day."""
        place = count.place if count.place in self.places or len(self.places) < MAX_PLACES else ""
        counts = self.places.setdefault(place, [[0, 0] for _ in range(self.hours)])[hour]
        counts[0] += count.total
        counts[1] += count.read


class Today:
    """Counts of the site's day, from midnight to midnight.

    The day is counted once, hour by hour; afterwards only what was stored since the last look is. What arrives late for
    an earlier hour of today counts there. Records that expire on the day they were made stay counted.
    """

    def __init__(
        self,
        kinds: Mapping[str, CountedRecords],
        zone: tzinfo | None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kinds, self._zone, self._now, self._monotonic = kinds, zone, now, monotonic
        self._counting = Semaphore(1)
        self._day, self._since, self._until = "", 0.0, 0.0
        self._counted: dict[str, DayOfKind] = {}
        self._counted_at = float("-inf")

    def counts(self, places: Mapping[str, str | None]) -> dict[str, Any]:
        """Today by hour: for each kind the counts of one place, of all of them for None; kinds that are not in `places`
        are left out. Raises Unavailable or DatabaseError.
        """
        with self._counting:
            if self._monotonic() - self._counted_at >= FRESH_SECONDS or self._now() >= self._until:
                self._count()
        kinds = {kind: self._of_place(kind, place) for kind, place in places.items() if kind in self._counted}
        return {
            "day": self._day,
            "now": utc_text(self._now()),
            "hours": [
                {"from": utc_text(self._since + hour * HOUR), **{kind: list(by[hour]) for kind, by in kinds.items()}}
                for hour in range(self._hours)
            ],
            "totals": {kind: [sum(each) for each in zip(*by, strict=True)] for kind, by in kinds.items()},
        }

    @property
    def _hours(self) -> int:
        """23, 24 or 25: the clock may change."""
        return max(1, round((self._until - self._since) / HOUR))

    def _of_place(self, kind: str, place: str | None) -> list[list[int]]:
        counted = self._counted[kind]
        empty = [[0, 0] for _ in range(counted.hours)]
        if place is not None:
            return counted.places.get(place, empty)
        for by_hour in counted.places.values():
            for sums, counts in zip(empty, by_hour, strict=True):
                sums[0] += counts[0]
                sums[1] += counts[1]
        return empty

    def _count(self) -> None:
        self._begin_day()
        for name, records in self._kinds.items():
            newest, counted = records.newest(), self._counted.get(name)
            if counted is None or newest < counted.newest:
                self._counted[name] = self._whole_day(records, newest)
            elif newest > counted.newest:
                for hour, count in records.added(self._since, self._until, counted.newest, newest):
                    counted.add(min(hour, counted.hours - 1), count)
                counted.newest = newest
        self._counted_at = self._monotonic()

    def _begin_day(self) -> None:
        now = self._now()
        if self._since <= now < self._until:
            return
        midnight = datetime.fromtimestamp(now, self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        naive = midnight.replace(tzinfo=None) + timedelta(days=1)
        self._day = midnight.strftime("%Y-%m-%d")
        self._since, self._until = midnight.timestamp(), naive.replace(tzinfo=self._zone).timestamp()
        self._counted = {}

    def _whole_day(self, records: CountedRecords, newest: int) -> DayOfKind:
        counted = DayOfKind(newest, self._hours)
        for hour in range(counted.hours):
            begin = self._since + hour * HOUR
            end = self._until if hour == counted.hours - 1 else begin + HOUR
            for count in records.hour(begin, end, newest):
                counted.add(hour, count)
        return counted
