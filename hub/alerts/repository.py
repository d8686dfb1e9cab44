"""Statements of alerts and of the messages about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select, update

from hub.alerts.alert import RAISED, REPORTED
from hub.alerts.tables import AlertMessage, AlertRow
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import insert_or_ignore
from hub.store.tables import table_of
from hub.store.transaction import Transaction

ALERTS, MESSAGES = table_of(AlertRow), table_of(AlertMessage)
CHANGING = ("sentence", "details", "state", "last_at", "count", "cleared_at")


@dataclass(frozen=True)
class Query:
    """Which alerts: None is any. `before` is the last row of the page before."""

    limit: int = 50
    before: int | None = None
    kind: str | None = None
    state: str | None = None
    since: float | None = None
    until: float | None = None


class AlertRepository:
    """Alerts and messages, the newest first."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        changed = update(ALERTS).where(AlertRow.id == bindparam("changed_id"))
        self._update = backend.compile(changed.values({name: bindparam(name) for name in CHANGING})).sql
        self._insert = insert_or_ignore(backend, ALERTS, ["id"])
        self._insert_message = insert_or_ignore(backend, MESSAGES, ["id"])

    def store(
        self, transaction: Transaction, alerts: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]
    ) -> None:
        """Insert or update alerts, and insert messages."""
        for row in alerts:
            values = {name: row[name] for name in CHANGING}
            if not transaction.execute(self._update, {**values, "changed_id": row["id"]}).rowcount:
                transaction.execute(self._insert, row)
        transaction.execute_many(self._insert_message, messages)

    def current(self, since: float) -> list[Row]:
        """The alerts that are raised, and the events from `since` (epoch seconds) on, oldest first."""
        wanted = or_(AlertRow.state == RAISED, (AlertRow.state == REPORTED) & (AlertRow.received_at >= since))
        return self._reader.all(select(ALERTS).where(wanted).order_by(AlertRow.seq))

    def page(self, query: Query) -> Rows:
        """The alerts that match, newest first: one more than `query.limit` where there are."""
        conditions: list[ColumnElement[bool]] = []
        if query.kind is not None:
            conditions.append(ALERTS.columns.kind == query.kind)
        if query.state is not None:
            conditions.append(ALERTS.columns.state == query.state)
        if query.since is not None:
            conditions.append(ALERTS.columns.received_at >= query.since)
        if query.until is not None:
            conditions.append(ALERTS.columns.received_at <= query.until)
        may_scan = bool(conditions)
        if query.before is not None:
            conditions.append(ALERTS.columns.seq < query.before)
        newest = select(ALERTS).where(*conditions).order_by(AlertRow.seq.desc()).limit(query.limit + 1)
        return self._reader.page(newest, may_scan)
