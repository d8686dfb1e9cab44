"""Statements that find camera records again: pages, exact totals, the plates of records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from hub.contract.plates import normalise_plate
from hub.lpr.repository.counters import CounterKey, CounterRepository
from hub.lpr.repository.query import Query, event_conditions
from hub.lpr.tables import LprPlate, LprRecord
from hub.store.backend import Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.tables import table_of

STILL_COUNTED = ("detections", "camera")  # counters of which expired records are a part
LAST = "\U0010ffff"  # sorts after every character of a plate


class RecordRepository:
    """The stored records."""

    def __init__(self, reader: Reader, counters: CounterRepository) -> None:
        self._reader, self._counters, self.unreadable = reader, counters, reader.unreadable

    def page(self, query: Query) -> Rows:
        """The records that match, newest first: one more than `query.limit` where there are more."""
        table = table_of(LprRecord)
        seq = table.columns.seq
        conditions = event_conditions(table, query)
        statement = select(table).where(*conditions).order_by(seq.desc()).limit(query.limit + 1)
        plate = _plate(query)
        if plate is not None:
            found = _records_with(plate)
            if conditions or plate.endswith("*"):
                statement = statement.where(seq.in_(found))
            else:
                newest = found.distinct().order_by(LprPlate.record_seq.desc()).limit(query.limit + 1)
                newest = newest.where(LprPlate.record_seq < query.before) if query.before is not None else newest
                statement = statement.where(seq.in_(newest))
        if query.before is not None:
            statement = statement.where(seq < query.before)
        return self._reader.page(statement, query.may_scan)

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

    def count(self, query: Query) -> int:
        """How many records match, exactly. One filter alone is a counter; several are counted by an index."""
        table = table_of(LprRecord)
        conditions = event_conditions(table, query)
        plate = _plate(query)
        counter = _counter(query, plate, len(conditions))
        if counter is not None:
            kind, key = counter
            expired = self._counters.value(f"{kind}_expired", key) if kind in STILL_COUNTED else 0
            return self._counters.value(kind, key) - expired
        statement = select(func.count().label("count")).select_from(table).where(*conditions)
        if plate is not None:
            statement = statement.where(table.columns.seq.in_(_records_with(plate)))
        return int(self._reader.search(statement)[0]["count"])


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
