"""Statements of the exact counts that grow with the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, literal_column, select

from hub.lpr.tables import LprCounter
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.statements import columns
from hub.store.tables import table_of
from hub.store.transaction import Transaction

CounterKey = tuple[str, str]  # kind and key; the kinds are those of LprCounter
SHARED = "lpr counters"


class CounterRepository:
    """Counters by kind and key, with statements that every database understands."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        table = table_of(LprCounter)
        statement = backend.insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "key"], set_={"count": table.columns.count + statement.excluded["count"]}
        )
        self._add = backend.compile(statement, columns(table)).sql
        empty = delete(table).where(
            table.columns.kind == bindparam("of_kind"),
            table.columns.key == bindparam("of_key"),
            table.columns["count"] <= literal_column("0"),
        )
        self._drop_empty = backend.compile(empty).sql

    def load(self, kinds: Iterable[str]) -> list[Row]:
        """Every counter of these kinds that can be read."""
        table = table_of(LprCounter)
        statement = select(table).where(table.columns.kind.in_(list(kinds)))
        return self.unreadable.load(lambda: self._reader.all(statement), lambda row: row, table)

    def value(self, kind: str, key: str) -> int:
        """One counter; 0 where nothing was counted."""
        table = table_of(LprCounter)
        rows = self._reader.all(select(table).where(table.columns.kind == kind, table.columns.key == key))
        counts = self.unreadable.readable(rows, lambda row: int(row["count"]), table)
        return counts[0] if counts else 0

    def increment(self, transaction: Transaction, keys: Iterable[CounterKey]) -> None:
        """Add one to each counter; all jobs of a commit share the statement.

        Call it as the last step of a job: a job that fails after it has been counted.
        """
        counts = transaction.shared.get(SHARED)
        if counts is None:
            counts = transaction.shared[SHARED] = Counter()
            transaction.before_commit[SHARED] = lambda: self.add(transaction, counts)
        counts.update(keys)

    def add(self, transaction: Transaction, counts: Counter[CounterKey]) -> None:
        """Add to counters now."""
        rows = [{"kind": kind, "key": key, "count": number} for (kind, key), number in sorted(counts.items())]
        transaction.execute_many(self._add, rows)

    def drop_empty(self, transaction: Transaction, keys: Iterable[CounterKey]) -> None:
        """Delete those of these counters that have come down to nothing."""
        transaction.execute_many(self._drop_empty, [{"of_kind": kind, "of_key": key} for kind, key in keys])
