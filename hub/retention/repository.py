"""Statements of retention: what expires of a kind, its deletion, the files that are left, the totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Text, and_, bindparam, delete, false, func, or_, select

from hub.retention.cut import Cut
from hub.retention.tables import ExpiredFile, RetentionTotal
from hub.store.backend import Backend, Query, Row
from hub.store.expiring import Expiring
from hub.store.reader import Reader
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.store.writer import Job

FILES, TOTALS = table_of(ExpiredFile), table_of(RetentionTotal)
SAMPLE = 100
ROW_OVERHEAD = 250  # bytes of a row beside its texts: numbers, ids, indexes


@dataclass
class Step:
    """What one step has deleted."""

    records: int = 0
    picture_bytes: int = 0
    files: dict[str, int] = field(default_factory=dict)


def unprotected(kind: Expiring) -> list[ColumnElement[bool]]:
    """The condition that no protected row meets."""
    return [kind.table.columns.protected == false()] if kind.can_be_protected else []


def expiring_rows(kind: Expiring, cut: Cut) -> list[ColumnElement[bool]]:
    """The conditions of the rows that a cut takes."""
    seq, received_at = kind.table.columns.seq, kind.table.columns.received_at
    return [
        *unprotected(kind),
        seq < cut.end,
        or_(and_(received_at < cut.before, seq < cut.until), seq < cut.full),
    ]


class ExpiringRows:
    """The rows of one kind, the oldest first, read off the event loop."""

    def __init__(self, reader: Reader, kind: Expiring) -> None:
        self._reader, self.kind = reader, kind
        self._columns = kind.table.columns

    def age_cut(self, before: float, now: float) -> Cut:
        """The cut of rows received before `before`: it ends at the first row that is younger.

        A time in the future is the mistake of a clock and ends nothing.
        """
        seq, received_at = self._columns.seq, self._columns.received_at
        younger = select(seq).where(*unprotected(self.kind), received_at >= before, received_at <= now)
        rows = self._reader.all(younger.order_by(seq).limit(1))
        return Cut(before, int(rows[0]["seq"]) if rows else self._end())

    def _end(self) -> int:
        rows = self._reader.all(select(func.max(self._columns.seq).label("last")))
        return (rows[0]["last"] or 0) + 1

    def count(self, cut: Cut) -> tuple[int, int]:
        """Rows that the cut takes, and the bytes of their pictures."""
        if not cut.end:
            return 0, 0
        size = func.coalesce(func.sum(self._columns.picture_bytes), 0) if self.kind.can_be_protected else func.sum(0)
        counted = select(func.count().label("records"), size.label("bytes")).select_from(self.kind.table)
        row = self._reader.all(counted.where(*expiring_rows(self.kind, cut)))[0]
        return int(row["records"]), int(row["bytes"] or 0)

    def oldest_kept(self, cut: Cut) -> float | None:
        """When the first row that the cut leaves was received, protected ones not counted; None without one."""
        seq, received_at = self._columns.seq, self._columns.received_at
        left = or_(seq >= cut.end, and_(seq >= cut.full, received_at >= cut.before))
        rows = self._reader.all(select(received_at).where(*unprotected(self.kind), left).order_by(seq).limit(1))
        return rows[0]["received_at"] if rows else None

    def protected(self) -> int:
        """How many rows are protected."""
        if not self.kind.can_be_protected:
            return 0
        counted = select(func.count().label("rows")).where(self._columns.protected != false())
        return int(self._reader.all(counted.select_from(self.kind.table))[0]["rows"])

    def newest(self, latest: float) -> float | None:
        """When the newest row was received, impossible times left out."""
        received_at = self._columns.received_at
        rows = self._reader.all(select(func.max(received_at).label("newest")).where(received_at < latest))
        newest: float | None = rows[0]["newest"]
        return newest

    def block(self, after: int, rows: int) -> list[Row]:
        """The next unprotected rows by arrival: seq, received_at, picture_bytes."""
        columns = self._columns
        size = columns.picture_bytes if self.kind.can_be_protected else func.coalesce(None, 0)
        found = select(columns.seq, columns.received_at, size.label("picture_bytes"))
        return self._reader.all(
            found.where(*unprotected(self.kind), columns.seq > after).order_by(columns.seq).limit(rows)
        )

    def row_bytes(self) -> int:
        """Estimated bytes of a row in the database: the average of the oldest ones."""
        sizes = [
            func.coalesce(func.length(column), 0)
            for column in self._columns
            if isinstance(column.type, (Text, LargeBinary))
        ]
        total: Any = sum(sizes[1:], sizes[0])
        some = select(total.label("size")).order_by(self._columns.seq).limit(SAMPLE).subquery()
        average = self._reader.all(select(func.avg(some.columns.size).label("size")))[0]["size"]
        return int(average or 0) + ROW_OVERHEAD


class RetentionRepository:
    """Deletes expired rows in steps; keeps the names of files that are left, and the totals."""

    def __init__(self, backend: Backend, reader: Reader, kinds: Iterable[Expiring]) -> None:
        self._reader = reader
        self._steps = {kind.name: _step_statements(backend, kind) for kind in kinds}
        noted = backend.insert(FILES)
        noted = noted.on_conflict_do_update(
            index_elements=["name"], set_={"bytes": FILES.columns.bytes + noted.excluded["bytes"]}
        )
        self._note_file = backend.compile(noted, ["name", "bytes"]).sql
        self._finish_file = backend.compile(delete(FILES).where(FILES.columns.name == bindparam("file"))).sql
        self._keep_total = backend.replace(TOTALS)

    def step_job(self, kind: Expiring, cut: Cut, rows: int) -> Callable[[Transaction], Step]:
        """The job that deletes the first `rows` rows of a cut with what belongs to them; its result is a Step."""
        find, remove = self._steps[kind.name]
        values = {**find.params, "end": cut.end, "before": cut.before, "until": cut.until, "full": cut.full}

        def job(transaction: Transaction) -> Step:
            found = transaction.all(find.sql, {**values, "rows": rows})
            if not found:
                return Step()
            step = Step(len(found), sum(row["picture_bytes"] or 0 for row in found) if kind.can_be_protected else 0)
            if kind.belongings is not None:
                step.files = kind.belongings.release(transaction, found)
                transaction.execute_many(
                    self._note_file, [{"name": name, "bytes": size} for name, size in step.files.items()]
                )
            transaction.execute(remove.sql, {**values, "first": found[0]["seq"], "last": found[-1]["seq"]})
            return step

        return job

    def files(self, after: str, limit: int) -> dict[str, int]:
        """Files of which records have expired, by name, with the bytes that they lost; those after a name."""
        rows = self._reader.all(
            select(FILES).where(FILES.columns.name > after).order_by(FILES.columns.name).limit(limit)
        )
        return {row["name"]: row["bytes"] for row in rows}

    def lost_bytes(self, suffix: str) -> int:
        """Bytes that files with this suffix lost and that still lie on the disk."""
        total = func.coalesce(func.sum(FILES.columns.bytes), 0).label("bytes")
        return int(self._reader.all(select(total).where(FILES.columns.name.endswith(suffix)))[0]["bytes"])

    def finish_job(self, names: Iterable[str]) -> Job:
        """The job that forgets files whose space was given back."""

        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._finish_file, [{"file": name} for name in names])

        return job

    def totals(self) -> list[Row]:
        """What was deleted of each kind until now."""
        return self._reader.all(select(TOTALS))

    def totals_job(self, rows: Iterable[dict[str, Any]]) -> Job:
        """The job that keeps totals."""

        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._keep_total, rows)

        return job


def _step_statements(backend: Backend, kind: Expiring) -> tuple[Query, Query]:
    """SELECT of the first rows of a cut, and DELETE of the same rows."""
    columns = kind.table.columns
    seq = columns.seq
    names = {"seq", *(kind.belongings.columns if kind.belongings is not None else ())}
    if kind.can_be_protected:
        names.add("picture_bytes")
    taken = [
        *unprotected(kind),
        or_(and_(columns.received_at < bindparam("before"), seq < bindparam("until")), seq < bindparam("full")),
    ]
    found = select(*(columns[name] for name in sorted(names))).where(*taken, seq < bindparam("end"))
    found = found.order_by(seq).limit(bindparam("rows"))
    # With two upper bounds SQLite searches by the first one: up to the end of the cut, at every step.
    removed = delete(kind.table).where(*taken, seq >= bindparam("first"), seq <= bindparam("last"))
    return backend.compile(found), backend.compile(removed)
