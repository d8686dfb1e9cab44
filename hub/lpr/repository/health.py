"""Statements of health reports."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import bindparam, select, update

from hub.lpr.repository.query import Query, event_conditions
from hub.lpr.tables import LprHealth
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import insert_or_ignore
from hub.store.tables import table_of
from hub.store.transaction import Transaction


class HealthRepository:
    """Health reports by idempotency key, and newest first."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        table = table_of(LprHealth)
        key = table.columns.event_key
        self._insert = insert_or_ignore(backend, table, ["event_key"])
        found = select(table.columns.id, table.columns.warnings, table.columns.received_at)
        self._find = backend.compile(found.where(key == bindparam("find_key"))).sql
        self._release = backend.compile(
            update(table).where(key == bindparam("old_key")).values(event_key=bindparam("new_key"))
        ).sql

    def insert_health(self, transaction: Transaction, row: dict[str, Any]) -> int:
        """Insert a report; its sequence number."""
        return transaction.insert(self._insert, row)

    def find_event(self, transaction: Transaction, event_key: bytes) -> Row | None:
        """id, warnings and received_at of the report with this idempotency key, or None."""
        return transaction.one(self._find, {"find_key": event_key})

    def release_key(self, transaction: Transaction, event_key: bytes) -> None:
        """Give the report with this idempotency key a random one, so that a new report can have it."""
        transaction.execute(self._release, {"old_key": event_key, "new_key": os.urandom(16)})

    def page(self, query: Query) -> Rows:
        """The reports that match, newest first: one more than `query.limit` where there are more."""
        table = table_of(LprHealth)
        statement = select(table).where(*event_conditions(table, query)).order_by(table.columns.seq.desc())
        if query.component is not None:
            statement = statement.where(table.columns.component == query.component)
        if query.before is not None:
            statement = statement.where(table.columns.seq < query.before)
        return self._reader.page(statement.limit(query.limit + 1), query.may_scan)
