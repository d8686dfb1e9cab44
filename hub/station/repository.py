"""Statements of weighbridge stations: capture results, and the last status of each station."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    literal_column,
    not_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from hub.contract.entries import Position
from hub.contract.times import LATEST
from hub.station.tables import Capture, CaptureTag, Station
from hub.store.backend import Backend, Row
from hub.store.corrected import CAPTURE, Corrected, has_correction, without_correction
from hub.store.field_search import Cursor, FieldSearch, Narrowing
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.searched import PartIndex, Source, Wanted
from hub.store.statements import columns, insert, unindexed, upsert, within
from hub.store.tables import table_of
from hub.store.transaction import Transaction

CAPTURES = table_of(Capture)
CAPTURE_COLUMNS = columns(CAPTURES)
CAPTURE_TAGS = table_of(CaptureTag)
STATIONS = table_of(Station)
UNREAD: ColumnElement[bool] = not_(
    and_(CAPTURES.columns.success != false(), CAPTURES.columns.number != literal_column("''"))
)
"""Of captures that failed or have no number, in the form of the index that has only those."""
NUMBER = Source("number", CAPTURES.columns.number, CAPTURES.columns.seq, CAPTURE)
TAG = Source("tag", CAPTURE_TAGS.columns.tag, CAPTURE_TAGS.columns.capture_seq)


@dataclass(frozen=True)
class Query:
    """Which captures: None is any. Times are epoch seconds; `before` is a sequence number (the cursor).

    `tag` and `number` with a `*` at their end: those that begin so, with one at both ends: those with this part.
    """

    limit: int = 50
    before: int | None = None
    tag: str | None = None
    number: str | None = None
    station: str | None = None
    success: bool | None = None
    unread: bool = False  # only those that failed or have no number, and that nobody has corrected
    corrected: bool | None = None  # whether somebody has corrected the number
    since: float | None = None
    until: float | None = None
    order_by_time: bool = False  # without a range of times too
    below: Position | None = None  # with order_by_time: only what is older than this place

    @property
    def may_scan(self) -> bool:
        """Whether no index gives the matching rows in their order: they are searched for."""
        return (
            self.several
            or self.is_range
            or self.unread
            or self.corrected is not None
            or any((text or "").endswith("*") for text in (self.tag, self.number))
        )

    @property
    def by_time(self) -> bool:
        """Whether the newest by the time of the capture come first, not by arrival."""
        return self.order_by_time or self.is_range

    @property
    def is_range(self) -> bool:
        """Whether a range of times is asked for."""
        return self.since is not None or self.until is not None

    @property
    def several(self) -> bool:
        """Whether there is more than one filter, or one and another order than its own."""
        filters = (self.tag, self.number, self.station, self.success, self.since, self.until, self.corrected)
        return sum(each is not None for each in filters) + (self.order_by_time and not self.is_range) > 1


class CaptureRepository:
    """Capture results by event id, by id, and newest first."""

    def __init__(
        self, backend: Backend, reader: Reader, parts: PartIndex | None = None, corrected: Corrected | None = None
    ) -> None:
        """Without `parts` and `corrected`: of a database without corrections, whose tables are searched themselves."""
        self._reader, self.unreadable = reader, reader.unreadable
        parts, self._corrected = parts or PartIndex(backend, reader), corrected or Corrected(reader)
        self._number, self._tag = (FieldSearch(reader, parts, self._corrected, source) for source in (NUMBER, TAG))
        self._insert = insert(backend, CAPTURES)
        self._insert_tag = insert(backend, CAPTURE_TAGS)
        found = select(CAPTURES).where(
            Capture.station == bindparam("find_station"), Capture.event_id == bindparam("find_event_id")
        )
        self._find = backend.compile(found).sql
        changed = update(CAPTURES).where(Capture.id == bindparam("capture")).values(protected=bindparam("flag"))
        self._protect = backend.compile(changed).sql

    def insert_capture(self, transaction: Transaction, row: dict[str, Any], tags: Iterable[str]) -> int:
        """Insert a capture and its tags, in capitals; its sequence number."""
        seq = transaction.insert(self._insert, row)
        repeated = {name: row[name] for name in ("captured_at", "station", "success")}
        transaction.execute_many(
            self._insert_tag, [{"capture_seq": seq, "tag": tag.upper(), **repeated} for tag in tags]
        )
        return seq

    def find_event(self, transaction: Transaction, station: str, event_id: str) -> Row | None:
        """The capture of a station with this event id, or None."""
        return transaction.one(self._find, {"find_station": station, "find_event_id": event_id})

    def protect(self, transaction: Transaction, capture_id: str, protected: bool) -> bool:
        """Let a capture never expire, or again; False where there is none of this id."""
        return transaction.execute(self._protect, {"capture": capture_id, "flag": protected}).rowcount > 0

    def get(self, capture_id: str) -> Row | None:
        """One capture by its id, or None."""
        rows = self._reader.all(select(CAPTURES).where(Capture.id == capture_id))
        return rows[0] if rows else None

    def totals(self) -> tuple[int, float | None]:
        """How many captures are stored, and when the newest was received; reads every row."""
        received_at = case((Capture.received_at < LATEST, Capture.received_at))
        statement = select(func.count().label("count"), func.max(received_at).label("newest")).select_from(CAPTURES)
        rows = self.unreadable.fetch(lambda: self._reader.all(statement), CAPTURES)
        return (rows[0]["count"], rows[0]["newest"]) if rows else (0, None)

    def page(self, query: Query) -> Rows:
        """The captures that match, newest first: one more than `query.limit` where there are more.

        Newest by arrival, or by the time of the capture where that or a range of times is asked for; then it is empty
        when the capture of the cursor has expired.
        """
        seq, captured_at = CAPTURES.columns.seq, CAPTURES.columns.captured_at
        statement = select(CAPTURES).order_by(*((captured_at.desc(), seq.desc()) if query.by_time else (seq.desc(),)))
        cursor: Cursor | None = Cursor(query.before, query.below)
        if cursor is not None and query.by_time:
            cursor = cursor.in_time(self._reader, captured_at, seq)
        if cursor is None:
            return Rows()
        conditions = [*self._conditions(query, cursor), *cursor.conditions(captured_at, seq)]
        return self._reader.page(statement.where(*conditions).limit(query.limit + 1), query.may_scan)

    def _narrowed(self, query: Query, cursor: Cursor) -> Select[Any] | None:
        """SELECT of a page of a tag or number, where its index has all that is asked for."""
        if query.unread or query.corrected is not None or (query.tag is None) == (query.number is None):
            return None
        if query.tag is not None:
            field, wanted, columns, own = self._tag, Wanted.of(query.tag, str.upper), CAPTURE_TAGS.columns, TAG.seq
        else:
            field, wanted = self._number, Wanted.of(query.number or "")
            columns, own = CAPTURES.columns, NUMBER.seq
        inside = [*_filters(columns, query), *cursor.conditions(columns.captured_at, own)]
        captures = CAPTURES.alias()
        outside = exists().where(captures.columns.seq == CAPTURE, *_filters(captures.columns, query))
        order = (columns.captured_at, own) if query.by_time else (own,)
        return field.narrowed(wanted, Narrowing(inside, order), [outside], query.limit + 1)

    def _conditions(self, query: Query, cursor: Cursor) -> list[ColumnElement[bool]]:
        """The conditions of a query: the one that finds the fewest by an index, the others as filters."""
        columns = CAPTURES.columns
        if query.several and (narrowed := self._narrowed(query, cursor)) is not None:
            return [columns.seq.in_(narrowed)]
        found: list[ColumnElement[bool]] = []
        by_index = not query.corrected  # whether an index may be used by a further condition
        if query.corrected:
            found.append(has_correction(CAPTURE, columns.seq))
        for field, wanted in (
            (self._tag, Wanted.of(query.tag, str.upper) if query.tag is not None else None),
            (self._number, Wanted.of(query.number) if query.number is not None else None),
        ):
            if wanted is None:
                continue
            if not query.several:
                found.append(field.newest(wanted, columns.seq, query.limit + 1, query.before))
            elif by_index:
                holds, finds = field.together(wanted, columns.seq)
                found.append(holds)
                by_index = not finds
            else:
                found.append(field.holds(wanted, columns.seq))
        if query.unread:
            found.append(UNREAD)
        # Failures are the fewest, then the captures of a station.
        equal = [(columns.station, query.station), (columns.success, query.success)]
        for column, value in reversed(equal) if query.success is False else equal:
            if value is not None:
                found.append((unindexed(column) if found else column) == value)
        if query.unread or query.corrected is False:
            found.append(without_correction(CAPTURE, columns.seq))
        captured_at = columns.captured_at if by_index else unindexed(columns.captured_at)
        return found + within(captured_at, query.since, query.until)

    def unread(self, limit: int, before: int | None) -> Rows:
        """The newest captures that failed or have no number, and that nobody has corrected: one more than `limit`."""
        columns = CAPTURES.columns
        some = []
        for condition in (columns.success == false(), columns.number == ""):
            found = (
                select(columns.seq)
                .where(condition, without_correction(CAPTURE, columns.seq))
                .order_by(columns.seq.desc())
            )
            found = found.where(columns.seq < before) if before is not None else found
            some.append(select(found.limit(limit + 1).subquery().columns.seq))
        seqs = union_all(*some).subquery()
        newest = select(CAPTURES).where(columns.seq.in_(select(seqs.columns.seq)))
        return self._reader.page(newest.order_by(columns.seq.desc()).limit(limit + 1), may_scan=True)

    def corrected(self, seqs: Iterable[int]) -> dict[int, str]:
        """The corrected numbers of captures by sequence number."""
        return {seq: value for (seq, _), value in self._corrected.current(CAPTURE, seqs).items()}


def _filters(columns: ReadOnlyColumnCollection[str, Any], query: Query) -> list[ColumnElement[bool]]:
    """Station, success and time of a query, as filters of what another condition finds."""
    station, success, captured_at = (
        unindexed(column) for column in (columns.station, columns.success, columns.captured_at)
    )
    found = [] if query.station is None else [station == query.station]
    if query.success is not None:
        found.append(success == query.success)
    return found + within(captured_at, query.since, query.until)


class StationRepository:
    """Stations by name."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._upsert = upsert(backend, STATIONS)
        self._delete = backend.compile(delete(STATIONS).where(Station.name == bindparam("station"))).sql

    def load(self) -> list[Row]:
        """Every station."""
        return self._reader.all(select(STATIONS))

    def delivered(self) -> list[str]:
        """The names of those that have delivered a capture."""
        found = select(Station.name).where(exists().where(Capture.station == Station.name))
        rows = self.unreadable.fetch(lambda: self._reader.all(found), CAPTURES)
        return [str(row["name"]) for row in rows]

    def delete_stations(self, transaction: Transaction, names: Iterable[str]) -> None:
        """Delete stations by name."""
        transaction.execute_many(self._delete, [{"station": name} for name in names])

    def upsert_station(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Keep the last status of a station."""
        transaction.execute(self._upsert, row)
