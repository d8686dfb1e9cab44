"""Statements of visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, true, update

from hub.runtime.offload import offload
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import columns, insert, upsert
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.visits.stored import row_of, visit_of
from hub.visits.tables import VisitEvidence, VisitMessage, VisitRow
from hub.visits.visit import Visit

VISITS, EVIDENCE, MESSAGES = table_of(VisitRow), table_of(VisitEvidence), table_of(VisitMessage)
COLUMNS = VISITS.columns


@dataclass(frozen=True)
class Query:
    """Which visits: None is any. `before` is the last row of the page before; times are of their last evidence."""

    limit: int = 50
    before: int | None = None
    state: str | None = None
    waits: bool | None = None
    place: str | None = None
    vehicle: str | None = None
    tag: str | None = None
    number: str | None = None
    plate: str | None = None
    direction: str | None = None
    since: float | None = None
    until: float | None = None


class VisitRepository:
    """Visits in any database; the statements of the writer are compiled once."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._insert = insert(backend, VISITS)
        changed = [name for name in columns(VISITS) if name not in ("id", "received_at")]
        self._newest = backend.compile(select(func.max(COLUMNS.change).label("newest"))).sql
        self._change_of = backend.compile(select(COLUMNS.change).where(COLUMNS.seq == bindparam("of_seq"))).sql
        statement = update(VISITS).where(COLUMNS.seq == bindparam("of_seq"))
        self._update = backend.compile(statement.values({name: bindparam(name) for name in changed})).sql
        self._evidence = upsert(backend, EVIDENCE)
        self._message = insert(backend, MESSAGES)

    def changes_since(self, transaction: Transaction, change: int) -> int:
        """By how much the newest change of another hub is ahead of this one; 0 where there was none."""
        row = transaction.one(self._newest, {})
        return max(0, int(row["newest"] or 0) - change) if row is not None else 0

    def are_as_loaded(self, transaction: Transaction, changes: Mapping[int, int]) -> bool:
        """Whether visits (their seq) have the change with which they were loaded."""
        rows = {seq: transaction.one(self._change_of, {"of_seq": seq}) for seq in changes}
        return all(row is not None and row["change"] == changes[seq] for seq, row in rows.items())

    def newest_change(self) -> int:
        """The number of the newest change, 0 without one. Raises DatabaseError or LaneBusy."""
        return int(self._reader.all(select(func.max(COLUMNS.change).label("newest")))[0]["newest"] or 0)

    def store(self, transaction: Transaction, visits: Sequence[Visit], messages: Sequence[dict[str, Any]]) -> list[int]:
        """Insert or update visits, with their evidence, and insert messages; the `seq` of each visit."""
        found = []
        for visit in visits:
            row = row_of(visit)
            if visit.seq:
                del row["id"], row["received_at"]
                transaction.execute(self._update, {**row, "of_seq": visit.seq})
                found.append(visit.seq)
            else:
                found.append(transaction.insert(self._insert, row))
        belongs = [
            {"kind": each.kind, "record_id": each.id, "visit_seq": seq}
            for visit, seq in zip(visits, found, strict=True)
            for each in visit.records
        ]
        transaction.execute_many(self._evidence, belongs)
        transaction.execute_many(self._message, messages)
        return found

    def _read(self, rows: Sequence[Row]) -> list[Visit]:
        return self.unreadable.readable(rows, visit_of, VISITS)

    def get(self, visit_id: str) -> Visit | None:
        """A visit; None where there is none that can be read. Raises DatabaseError or LaneBusy."""
        return next(iter(self._read(self._reader.all(select(VISITS).where(COLUMNS.id == visit_id)))), None)

    def of_records(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Visit]:
        """The visits that captures and detections belong to, by kind and id."""
        found: dict[tuple[str, str], Visit] = {}
        rows: list[Row] = []
        for kind in {kind for kind, _ in keys}:
            ids = [record for each, record in keys if each == kind]
            same = (EVIDENCE.columns.kind == kind, EVIDENCE.columns.record_id.in_(ids))
            rows += self._reader.all(select(EVIDENCE).where(*same))
        if rows:
            seqs = sorted({row["visit_seq"] for row in rows})
            visits = {
                each.seq: each for each in self._read(self._reader.all(select(VISITS).where(COLUMNS.seq.in_(seqs))))
            }
            for row in rows:
                if row["visit_seq"] in visits:
                    found[str(row["kind"]), str(row["record_id"])] = visits[row["visit_seq"]]
        return found

    def around(self, place: str, begin: float, end: float, limit: int) -> list[Visit]:
        """Visits of a checkpoint with evidence between two times, the newest `limit` of them, oldest first."""
        near = select(VISITS).where(COLUMNS.place == place, COLUMNS.last_at >= begin, COLUMNS.started_at <= end)
        rows = self._reader.all(near.order_by(COLUMNS.last_at.desc()).limit(limit))
        return self._read(rows)[::-1]

    def of_identity(
        self, identity: str, begin: float, end: float, limit: int, newest_first: bool = True
    ) -> list[Visit]:
        """Visits of one vehicle that began between two times, in their order."""
        same = (COLUMNS.identity == identity, COLUMNS.started_at >= begin, COLUMNS.started_at <= end)
        order = COLUMNS.started_at.desc() if newest_first else COLUMNS.started_at
        rows = self._reader.all(select(VISITS).where(*same).order_by(order).limit(limit))
        return self._read(rows)

    def page(self, query: Query) -> Rows:
        """The visits that match, newest first: one more than `query.limit` where there are."""
        conditions: list[ColumnElement[bool]] = []
        for name in ("state", "waits", "place", "vehicle", "tag", "number", "plate", "direction"):
            value = getattr(query, name)
            if value is not None:
                conditions.append(COLUMNS[name] == value)
        if query.since is not None:
            conditions.append(COLUMNS.last_at >= query.since)
        if query.until is not None:
            conditions.append(COLUMNS.started_at <= query.until)
        may_scan = bool(conditions)
        if query.before is not None:
            conditions.append(COLUMNS.seq < query.before)
        newest = select(VISITS).where(*conditions).order_by(COLUMNS.seq.desc()).limit(query.limit + 1)
        return self._reader.page(newest, may_scan)

    def newest(self, before: int | None, limit: int, waiting: bool) -> list[Row]:
        """The newest visits, or those of them that wait. `before`: the seq of one that is newer than all of them."""
        asked = select(VISITS)
        if waiting:
            asked = asked.where(COLUMNS.waits == true())
        if before is not None:
            asked = asked.where(COLUMNS.seq < before)
        return self._reader.all(asked.order_by(COLUMNS.seq.desc()).limit(limit))

    def visits_of(self, rows: Sequence[Row]) -> list[Visit]:
        """The visits of rows, made on a native thread; without those that cannot be read."""
        return offload(self._read, rows)

    def changed(self, after: int, limit: int) -> Rows:
        """The visits that have changed after a change, in the order of their last change."""
        later = select(VISITS).where(COLUMNS.change > after).order_by(COLUMNS.change).limit(limit)
        return self._reader.page(later)
