"""Statements that find camera records again: pages, exact totals, the plates of records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_

from hub.contract.plates import normalise_plate
from hub.lpr.repository.counters import CounterKey, CounterRepository
from hub.lpr.repository.query import Query, event_conditions
from hub.lpr.tables import LprPlate, LprRecord
from hub.store.backend import Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.tables import table_of

STILL_COUNTED = ("detections", "camera")  # counters of which expired records are a part
MAX_COUNTED = 5000  # records that are counted for one answer
RECORDS = table_of(LprRecord)
LAST = "\U0010ffff"  # sorts after every character of a plate


class RecordRepository:
    """The stored records."""

    def __init__(self, reader: Reader, counters: CounterRepository) -> None:
        self._reader, self._counters, self.unreadable = reader, counters, reader.unreadable

    def page(self, query: Query) -> Rows:
        """The records that match, newest first: one more than `query.limit` where there are more.

        Newest by arrival, or by the time of the event where that or a range of times is asked for; then it is empty
        when the record of the cursor has expired.
        """
        seq, occurred_at = RECORDS.columns.seq, RECORDS.columns.occurred_at
        conditions = self._conditions(query)
        statement = select(RECORDS).order_by(*((occurred_at.desc(), seq.desc()) if query.by_time else (seq.desc(),)))
        if query.before is not None:
            if not query.by_time:
                conditions.append(seq < query.before)
            else:
                last = self._reader.all(select(occurred_at, seq).where(seq == query.before))
                if not last:
                    return Rows()
                conditions.append(tuple_(occurred_at, seq) < tuple_(last[0]["occurred_at"], last[0]["seq"]))
        if query.below is not None:
            conditions.append(tuple_(occurred_at, seq) < tuple_(*query.below))
        return self._reader.page(statement.where(*conditions).limit(query.limit + 1), query.may_scan)

    def _conditions(self, query: Query) -> list[ColumnElement[bool]]:
        """The conditions of a query, written so that each kind of it is found by an index."""
        plate, seq = _plate(query), RECORDS.columns.seq
        if plate is None:
            return event_conditions(RECORDS, query)
        if not query.several and not plate.endswith("*"):
            newest = _records_with(plate).distinct().order_by(LprPlate.record_seq.desc()).limit(query.limit + 1)
            newest = newest.where(LprPlate.record_seq < query.before) if query.before is not None else newest
            return [seq.in_(newest)]
        if self._are_many(plate):  # so many that some are among the newest that the other conditions find
            one = select(literal(1)).where(LprPlate.record_seq == seq, _matches(plate))
            return [*event_conditions(RECORDS, query), one.exists()]
        return [*event_conditions(RECORDS, query, by_index=False), seq.in_(_records_with(plate))]

    def _are_many(self, plate: str) -> bool:
        """Whether more than MAX_COUNTED plates match; those are not looked up first."""
        some = select(literal(1)).select_from(table_of(LprPlate)).where(_matches(plate)).limit(MAX_COUNTED + 1)
        return int(self._reader.all(_counted(some))[0]["count"]) > MAX_COUNTED

    def get(self, record_id: str) -> Row | None:
        """One record by its id, or None."""
        rows = self._reader.all(select(table_of(LprRecord)).where(LprRecord.id == record_id))
        return rows[0] if rows else None

    def plates(self, seqs: Iterable[int]) -> list[Row]:
        """The plates of records by their sequence numbers, in the order of each record."""
        return self._reader.all(
            select(table_of(LprPlate))
            .where(LprPlate.record_seq.in_(list(seqs)))
            .order_by(LprPlate.record_seq, LprPlate.position)
        )

    def count(self, query: Query) -> tuple[int, bool]:
        """How many records match, and whether that is exact: MAX_COUNTED, which is not, where there are more.

        One filter alone is a counter and always exact.
        """
        conditions = event_conditions(RECORDS, query)
        plate = _plate(query)
        counter = _counter(query, plate, len(conditions))
        if counter is not None:
            kind, key = counter
            expired = self._counters.value(f"{kind}_expired", key) if kind in STILL_COUNTED else 0
            return self._counters.value(kind, key) - expired, True
        if plate is not None and not conditions:
            some: Select[Any] = _records_with(plate).distinct()
        else:
            some = select(literal(1)).select_from(RECORDS).where(*self._conditions(query))
        count = int(self._reader.search(_counted(some.limit(MAX_COUNTED + 1)))[0]["count"])
        return min(count, MAX_COUNTED), count <= MAX_COUNTED


def _counted(some: Select[Any]) -> Select[Any]:
    return select(func.count().label("count")).select_from(some.subquery())


def _counter(query: Query, plate: str | None, conditions: int) -> CounterKey | None:
    """The counter of the only filter, where there is one for it."""
    if not conditions and plate is None:
        return "detections", ""
    if not conditions and plate is not None and not plate.endswith("*"):
        return "plate", plate
    if conditions == 1 and plate is None and query.camera is not None:
        return "camera", query.camera
    if conditions == 1 and plate is None and query.checkpoint is not None:
        return "checkpoint", query.checkpoint
    return None


def _plate(query: Query) -> str | None:
    """The wanted plate, normalised; with a `*` at its end for a prefix."""
    if query.plate is None or not query.plate.strip():
        return None
    return normalise_plate(query.plate) + ("*" if query.plate.strip().endswith("*") else "")


def _records_with(plate: str) -> Select[Any]:
    """SELECT of the sequence numbers of the records that have a plate."""
    return select(LprPlate.record_seq).where(_matches(plate))


def _matches(plate: str) -> ColumnElement[bool]:
    if plate.endswith("*"):
        return LprPlate.plate.between(plate[:-1], plate[:-1] + LAST)
    return LprPlate.plate == plate
