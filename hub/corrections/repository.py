"""Statements of corrections: a new one, the history, those that count now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, literal_column, or_, select, true, update

from hub.store.backend import Backend, Row
from hub.store.corrected import CORRECTIONS, Correctable, Correction
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import insert
from hub.store.transaction import Transaction


@dataclass(frozen=True)
class Query:
    """Which corrections: None is any. `before` is the last row of the page before."""

    limit: int = 50
    before: int | None = None
    column: ColumnElement[int] | None = None  # of the kind of record
    record_id: str | None = None


class CorrectionRepository:
    """Corrections of every kind of record in `kinds`."""

    def __init__(self, backend: Backend, reader: Reader, kinds: Iterable[Correctable]) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._insert = insert(backend, CORRECTIONS)
        self._exists: dict[str, str] = {}
        self._current: dict[str, str] = {}
        self._replace: dict[str, str] = {}
        for kind in kinds:
            key = kind.table.columns.seq
            found: Select[Any] = select(literal_column("1")).select_from(kind.table).where(key == bindparam("record"))
            self._exists[kind.field] = backend.compile(found).sql
            same = kind.column == bindparam("record"), Correction.position == bindparam("place")
            current = select(Correction.value).where(*same, Correction.newest == true())
            self._current[kind.field] = backend.compile(current).sql
            replaced = update(CORRECTIONS).where(*same, Correction.newest == true()).values(newest=bindparam("flag"))
            self._replace[kind.field] = backend.compile(replaced).sql

    def store(self, transaction: Transaction, kind: Correctable, row: dict[str, Any]) -> bool:
        """Insert the newest correction of a value, `before` filled in; False where the record is gone."""
        where = {"record": row[kind.column.name], "place": row["position"]}
        if transaction.one(self._exists[kind.field], {"record": where["record"]}) is None:
            return False
        current = transaction.one(self._current[kind.field], where)
        row["before"] = row["read"] if current is None else current["value"]
        transaction.execute(self._replace[kind.field], {**where, "flag": False})
        row["seq"] = transaction.insert(self._insert, row)
        return True

    def page(self, query: Query) -> Rows:
        """Corrections that match, newest first: one more than `query.limit` where there are."""
        conditions: list[ColumnElement[bool]] = []
        if query.record_id is not None:
            conditions.append(CORRECTIONS.columns.record_id == query.record_id)
        if query.column is not None:
            conditions.append(query.column.is_not(None))
        if query.before is not None:
            conditions.append(CORRECTIONS.columns.seq < query.before)
        newest = select(CORRECTIONS).where(*conditions).order_by(Correction.seq.desc()).limit(query.limit + 1)
        return self._reader.page(newest, may_scan=query.column is not None and query.record_id is None)

    def current(self, columns: Iterable[ColumnElement[int]], after: int, limit: int) -> list[Row]:
        """Corrections of some kinds that count now, oldest first, after one."""
        kinds = or_(*(column.is_not(None) for column in columns))
        some = select(CORRECTIONS).where(Correction.seq > after, Correction.newest == true(), kinds)
        return self._reader.search(some.order_by(Correction.seq).limit(limit))
