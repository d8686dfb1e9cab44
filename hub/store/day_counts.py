"""Counts of stored records by hour and place. Implements `hub.contract.day_counts.CountedRecords`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Integer, Table, case, cast, func, select

from hub.contract.day_counts import HourCount
from hub.store.feeds import newest_seq
from hub.store.reader import Reader
from hub.store.statements import unindexed

HOUR = 3600.0


class CountedTable:
    """The rows of a table with the columns `seq`, `at` (epoch seconds, with an index), `place`, and whether `read`."""

    def __init__(
        self, reader: Reader, table: Table, at: ColumnElement[Any], place: ColumnElement[Any], read: ColumnElement[bool]
    ) -> None:
        self._reader, self._table, self._at = reader, table, at
        self._place, self._total = place.label("place"), func.count().label("total")
        self._read = func.sum(case((read, 1), else_=0)).label("read")

    def newest(self) -> int:
        """The sequence number of the newest record, 0 without one."""
        return newest_seq(self._reader, self._table)

    def hour(self, since: float, until: float, newest: int) -> list[HourCount]:
        """Counts of the records of an hour, found by the index of their times."""
        rows = self._reader.search(
            select(self._place, self._total, self._read)
            .where(self._at >= since, self._at < until, unindexed(self._table.columns.seq) <= newest)
            .group_by(self._place)
        )
        return [HourCount(row["place"], row["total"], row["read"]) for row in rows]

    def added(self, since: float, until: float, after: int, newest: int) -> list[tuple[int, HourCount]]:
        """Counts by hour of the records that came after `after`, found by their sequence numbers."""
        seq, at = self._table.columns.seq, unindexed(self._at)
        hour = cast((at - since) / HOUR, Integer).label("hour")
        rows = self._reader.search(
            select(hour, self._place, self._total, self._read)
            .where(seq > after, seq <= newest, at >= since, at < until)
            .group_by(hour, self._place)
        )
        return [(row["hour"], HourCount(row["place"], row["total"], row["read"])) for row in rows]
