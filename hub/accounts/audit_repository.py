"""Statements of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from hub.accounts.tables import AuditEntry
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import insert
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.store.writer import Job

AUDIT_LOG = table_of(AuditEntry)


@dataclass(frozen=True)
class Query:
    """Which entries: None is any. `who` and `what` are parts of a text; `cursor` is the last row of the page before."""

    limit: int = 50
    cursor: int | None = None
    who: str | None = None
    what: str | None = None
    start: float | None = None
    end: float | None = None


class AuditRepository:
    """Entries, the newest first."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._insert = insert(backend, AUDIT_LOG)

    def insert_job(self, rows: Sequence[dict[str, Any]]) -> Job:
        """The job for the writer that inserts these rows."""

        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._insert, rows)

        return job

    def newest_of(self, actions: Sequence[str]) -> list[Row]:
        """The newest entry with one of these actions, if there is one."""
        columns = AUDIT_LOG.columns
        return self._reader.all(
            select(AUDIT_LOG).where(columns.action.in_(actions)).order_by(columns.seq.desc()).limit(1)
        )

    def page(self, query: Query) -> Rows:
        """The entries that match, one more than `limit` where there are."""
        columns = AUDIT_LOG.columns
        conditions: list[ColumnElement[bool]] = []
        if query.who is not None:
            conditions.append(columns.who.icontains(query.who, autoescape=True))
        if query.what is not None:
            parts = (columns.action, columns.target, columns.detail)
            conditions.append(or_(*(column.icontains(query.what, autoescape=True) for column in parts)))
        if query.start is not None:
            conditions.append(columns.received_at >= query.start)
        if query.end is not None:
            conditions.append(columns.received_at <= query.end)
        may_scan = bool(conditions)
        if query.cursor is not None:
            conditions.append(columns.seq < query.cursor)
        newest = select(AUDIT_LOG).where(*conditions).order_by(columns.seq.desc()).limit(query.limit + 1)
        return self._reader.page(newest, may_scan=may_scan)
