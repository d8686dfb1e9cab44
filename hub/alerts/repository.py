"""Statements of alerts and of the messages about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, update

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
    acknowledged: bool | None = None


@dataclass(frozen=True)
class Totals:
    """The alerts of one kind and subject that nobody has seen yet: how often they came, and when the first did."""

    count: int
    first_at: float  # epoch seconds


class AlertRepository:
    """Alerts and messages, the newest first."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        changed = update(ALERTS).where(AlertRow.id == bindparam("changed_id"))
        self._update = backend.compile(changed.values({name: bindparam(name) for name in CHANGING})).sql
        seen: dict[str, Any] = {"acknowledged_at": bindparam("at"), "acknowledged_by": bindparam("by")}
        unseen = ALERTS.columns.acknowledged_at.is_(None)
        self._find = backend.compile(select(ALERTS).where(AlertRow.id == bindparam("alert"))).sql
        alike = select(AlertRow.id).where(
            unseen,
            AlertRow.kind == bindparam("of_kind"),
            AlertRow.subject == bindparam("of_subject"),
            AlertRow.seq <= bindparam("last"),
        )
        self._alike = backend.compile(alike).sql
        self._until = backend.compile(select(AlertRow.id).where(unseen, AlertRow.last_at <= bindparam("until"))).sql
        self._acknowledge = backend.compile(update(ALERTS).where(AlertRow.id == bindparam("alert")).values(seen)).sql
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

    def acknowledge(self, transaction: Transaction, alert_id: str, at: float, by: str) -> tuple[Row, list[str]] | None:
        """Mark an alert as seen, with older ones of its kind and subject: its row, and the ids of all that were marked.

        None where there is no such alert.
        """
        row = transaction.one(self._find, {"alert": alert_id})
        if row is None:
            return None
        alike = {"of_kind": row["kind"], "of_subject": row["subject"], "last": row["seq"]}
        ids = self._mark(transaction, transaction.all(self._alike, alike), at, by)
        return transaction.one(self._find, {"alert": alert_id}) or row, ids

    def acknowledge_until(self, transaction: Transaction, until: float, at: float, by: str) -> list[str]:
        """Mark every alert as seen that was last seen at `until` (epoch seconds) or earlier; their ids."""
        return self._mark(transaction, transaction.all(self._until, {"until": until}), at, by)

    def _mark(self, transaction: Transaction, rows: Sequence[Row], at: float, by: str) -> list[str]:
        ids = [str(row["id"]) for row in rows]
        transaction.execute_many(self._acknowledge, [{"alert": each, "at": at, "by": by} for each in ids])
        return ids

    def unseen(self, limit: int) -> tuple[list[Row], dict[int, Totals]]:
        """The newest alert of each kind and subject that nobody has seen, newest first, and the totals by its `seq`.

        One more than `limit` where there are more.
        """
        columns = ALERTS.columns
        newest = func.max(columns.seq).label("newest")
        total, first = func.sum(columns["count"]).label("total"), func.min(columns.received_at).label("first_at")
        groups = (
            select(newest, total, first)
            .where(columns.acknowledged_at.is_(None))
            .group_by(columns.kind, columns.subject)
            .order_by(newest.desc())
            .limit(limit + 1)
        )
        found = {row["newest"]: Totals(row["total"], row["first_at"]) for row in self._reader.all(groups)}
        newest_of_each = select(ALERTS).where(columns.seq.in_(list(found))).order_by(columns.seq.desc())
        return self._reader.all(newest_of_each), found

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
        if query.acknowledged is not None:
            unseen = ALERTS.columns.acknowledged_at.is_(None)
            conditions.append(~unseen if query.acknowledged else unseen)
        may_scan = bool(conditions)
        if query.before is not None:
            conditions.append(ALERTS.columns.seq < query.before)
        newest = select(ALERTS).where(*conditions).order_by(AlertRow.seq.desc()).limit(query.limit + 1)
        return self._reader.page(newest, may_scan)
