"""Statements that find camera records again: pages, exact totals, the plates of records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, func, literal, select

from hub.contract.plates import normalise_plate
from hub.lpr.repository.counters import CounterKey, CounterRepository
from hub.lpr.repository.query import Query, event_conditions
from hub.lpr.tables import LprPlate, LprRecord
from hub.store.backend import Row
from hub.store.corrected import DETECTION, Corrected, has_correction, without_correction
from hub.store.field_search import Cursor, FieldSearch, Narrowing
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.searched import How, PartIndex, Source, Wanted
from hub.store.tables import table_of

STILL_COUNTED = ("detections", "camera")  # counters of which expired records are a part
MAX_COUNTED = 5000  # records that are counted for one answer
RECORDS, PLATES = table_of(LprRecord), table_of(LprPlate)
UNSURE = RECORDS.columns.unsure != false()
"""Of records without a plate that the camera was sure of, in the form of the index that has only those."""
PLATE = Source("plate", PLATES.columns.plate, PLATES.columns.record_seq, DETECTION)


class RecordRepository:
    """The stored records."""

    def __init__(self, reader: Reader, counters: CounterRepository, parts: PartIndex, corrected: Corrected) -> None:
        self._reader, self._counters, self.unreadable = reader, counters, reader.unreadable
        self._corrected = corrected
        self._plates = FieldSearch(reader, parts, corrected, PLATE)

    def page(self, query: Query) -> Rows:
        """The records that match, newest first: one more than `query.limit` where there are more.

        Newest by arrival, or by the time of the event where that or a range of times is asked for; then it is empty
        when the record of the cursor has expired.
        """
        seq, occurred_at = RECORDS.columns.seq, RECORDS.columns.occurred_at
        statement = select(RECORDS).order_by(*((occurred_at.desc(), seq.desc()) if query.by_time else (seq.desc(),)))
        cursor: Cursor | None = Cursor(query.before, query.below)
        if cursor is not None and query.by_time:
            cursor = cursor.in_time(self._reader, occurred_at, seq)
        if cursor is None:
            return Rows()
        conditions = [*self._conditions(query, cursor, query.limit + 1), *cursor.conditions(occurred_at, seq)]
        return self._reader.page(statement.where(*conditions).limit(query.limit + 1), query.may_scan)

    def _narrowed(self, query: Query, wanted: Wanted, cursor: Cursor, limit: int | None) -> Select[Any] | None:
        """SELECT of the records of a plate that match, where the index of plates has all that is asked for."""
        if query.unread or query.corrected is not None:
            return None
        plates, records = PLATES.columns, RECORDS.alias()
        inside = [*event_conditions(PLATES, query, False), *cursor.conditions(plates.occurred_at, plates.record_seq)]
        order = (plates.occurred_at, plates.record_seq) if query.by_time else (plates.record_seq,)
        outside = exists().where(records.columns.seq == DETECTION, *event_conditions(records, query, False))
        return self._plates.narrowed(wanted, Narrowing(inside, order), [outside], limit)

    def _conditions(self, query: Query, cursor: Cursor, limit: int) -> list[ColumnElement[bool]]:
        """The conditions of a page, written so that each kind of query is found by an index."""
        wanted, seq = _wanted(query), RECORDS.columns.seq
        if wanted is not None and not query.several:
            return [self._plates.newest(wanted, seq, query.limit + 1, query.before)]
        if wanted is not None and (narrowed := self._narrowed(query, wanted, cursor, limit)) is not None:
            return [seq.in_(narrowed)]
        return self._filters(query, wanted)

    def _filters(self, query: Query, wanted: Wanted | None) -> list[ColumnElement[bool]]:
        """The conditions of a query that the index of plates alone does not answer."""
        seq = RECORDS.columns.seq
        found: list[ColumnElement[bool]] = []
        by_index = not query.corrected
        if query.corrected is not None:
            found.append(has_correction(DETECTION, seq) if query.corrected else without_correction(DETECTION, seq))
        if query.unread:
            found += [UNSURE, without_correction(DETECTION, seq)]
        if wanted is not None and by_index:
            condition, finds = self._plates.together(wanted, seq)
            found.append(condition)
            by_index = not finds
        elif wanted is not None:
            found.append(self._plates.holds(wanted, seq))
        return [*event_conditions(RECORDS, query, by_index and not query.unread, by_index), *found]

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

    def corrected(self, seqs: Iterable[int]) -> dict[tuple[int, int], str]:
        """The corrected plates of records by sequence number and position."""
        return self._corrected.current(DETECTION, seqs)

    def count(self, query: Query) -> tuple[int, bool]:
        """How many records match, and whether that is exact: MAX_COUNTED, which is not, where there are more.

        One filter alone is a counter and always exact, but for a part or the beginning of a plate.
        """
        conditions = event_conditions(RECORDS, query)
        wanted = _wanted(query)
        counter = _counter(query, wanted, len(conditions))
        if counter is not None:
            kind, key = counter
            expired = self._counters.value(f"{kind}_expired", key) if kind in STILL_COUNTED else 0
            return self._counters.value(kind, key) - expired + self._only_corrected(wanted), True
        if wanted is not None and not conditions:
            some: Select[Any] = self._plates.all(wanted).distinct()
        elif wanted is not None and (narrowed := self._narrowed(query, wanted, Cursor(), None)) is not None:
            some = narrowed.distinct()
        else:
            some = select(literal(1)).select_from(RECORDS).where(*self._filters(query, wanted))
        count = int(self._reader.search(_counted(some.limit(MAX_COUNTED + 1)))[0]["count"])
        return min(count, MAX_COUNTED), count <= MAX_COUNTED

    def _only_corrected(self, wanted: Wanted | None) -> int:
        """Records that no counter of a plate has, since the plate was corrected."""
        some = self._plates.corrected_only(wanted) if wanted is not None else None
        return 0 if some is None else int(self._reader.all(_counted(some))[0]["count"])


def _counted(some: Select[Any]) -> Select[Any]:
    return select(func.count().label("count")).select_from(some.subquery())


def _counter(query: Query, wanted: Wanted | None, conditions: int) -> CounterKey | None:
    """The counter of the only filter, where there is one for it."""
    if not conditions and wanted is None:
        return "detections", ""
    if not conditions and wanted is not None and wanted.how is How.WHOLE:
        return "plate", wanted.text
    if conditions == 1 and wanted is None and query.camera is not None:
        return "camera", query.camera
    if conditions == 1 and wanted is None and query.checkpoint is not None:
        return "checkpoint", query.checkpoint
    return None


def _wanted(query: Query) -> Wanted | None:
    """The wanted plate, normalised as stored ones are."""
    plate = (query.plate or "").strip()
    return Wanted.of(plate, normalise_plate) if plate else None
