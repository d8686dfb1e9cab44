"""Statements of the watchlist."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select

from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.watchlist.tables import WatchlistEntry

ENTRIES = table_of(WatchlistEntry)


class WatchlistRepository:
    """Entries by id."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        table = ENTRIES
        self._replace = backend.replace(table)
        self._delete = backend.compile(delete(table).where(table.columns.id == bindparam("entry_id"))).sql

    def load(self) -> list[Row]:
        """Every entry."""
        return self._reader.all(select(ENTRIES))

    def replace_entry(self, transaction: Transaction, entry: dict[str, Any]) -> None:
        """Store an entry, in place of the one with its id."""
        transaction.execute(self._replace, entry)

    def delete_entry(self, transaction: Transaction, entry_id: str) -> None:
        """Delete an entry."""
        transaction.execute(self._delete, {"entry_id": entry_id})
