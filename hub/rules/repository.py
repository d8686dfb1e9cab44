"""Statements of rules, and of what they have fired for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select, update

from hub.rules.tables import RuleFiring, RuleRow
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import insert_or_ignore
from hub.store.tables import table_of
from hub.store.transaction import Transaction

RULES, FIRINGS = table_of(RuleRow), table_of(RuleFiring)
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"


class RuleRepository:
    """Rules by id, firings newest first."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._replace = backend.replace(RULES)
        self._delete = backend.compile(delete(RULES).where(RULES.columns.id == bindparam("rule"))).sql
        self._insert = insert_or_ignore(backend, FIRINGS, ["id"])
        changed = update(FIRINGS).where(FIRINGS.columns.id == bindparam("firing"))
        values: dict[str, Any] = {f"mail_{name}": bindparam(name) for name in ("state", "problem", "at")}
        self._mailed = backend.compile(changed.values(values)).sql

    def load(self) -> list[Row]:
        """Every rule."""
        return self._reader.all(select(RULES))

    def replace(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Store a rule, in place of the one with its id."""
        transaction.execute(self._replace, row)

    def delete(self, transaction: Transaction, rule_id: str) -> None:
        """Delete a rule."""
        transaction.execute(self._delete, {"rule": rule_id})

    def add_firings(self, transaction: Transaction, rows: list[dict[str, Any]]) -> None:
        """Store what rules have fired for, without what is stored already."""
        transaction.execute_many(self._insert, rows)

    def mailed(self, transaction: Transaction, firing: str, state: str, problem: str, at: float | None) -> None:
        """Note what became of a mail."""
        transaction.execute(self._mailed, {"firing": firing, "state": state, "problem": problem, "at": at})

    def waiting(self, limit: int, after: int = 0) -> list[Row]:
        """Firings whose mail waits, oldest first. `after`: the seq of the last one of the page before."""
        some = select(FIRINGS).where(FIRINGS.columns.mail_state == WAITING, FIRINGS.columns.seq > after)
        return self._reader.all(some.order_by(FIRINGS.columns.seq).limit(limit))

    def recent(self, since: float, limit: int) -> list[Row]:
        """The newest firings from `since` (epoch seconds) on, newest first, without their sentences."""
        columns = FIRINGS.columns
        some = select(columns.rule_id, columns.subject, columns.received_at).where(columns.received_at >= since)
        return self._reader.all(some.order_by(columns.received_at.desc()).limit(limit))

    def page(self, limit: int, before: int | None) -> Rows:
        """Firings, newest first: one more than `limit` where there are."""
        found = select(FIRINGS)
        if before is not None:
            found = found.where(FIRINGS.columns.seq < before)
        return self._reader.page(found.order_by(FIRINGS.columns.seq.desc()).limit(limit + 1))
