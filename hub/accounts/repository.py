"""Statements of accounts and of sessions that were logged out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, func, select

from hub.accounts.tables import AccountRow, EndedSession
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.statements import insert_or_ignore
from hub.store.tables import table_of
from hub.store.transaction import Transaction

ACCOUNTS = table_of(AccountRow)
ENDED = table_of(EndedSession)


class AccountRepository:
    """Accounts by id, logged-out sessions by theirs."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._replace = backend.replace(ACCOUNTS)
        self._end = insert_or_ignore(backend, ENDED, ["id"])
        self._expire = backend.compile(delete(ENDED).where(ENDED.columns.expires_at < bindparam("limit"))).sql

    def load(self) -> list[Row]:
        """Every account."""
        return self._reader.all(select(ACCOUNTS))

    def count(self) -> int:
        """How many accounts are stored, those that cannot be read among them. Raises DatabaseError."""
        return int(self._reader.all(select(func.count().label("number")).select_from(ACCOUNTS))[0]["number"])

    def by_key(self, key: str) -> Row | None:
        """The account with this `name_key`. Raises DatabaseError."""
        rows = self._reader.all(select(ACCOUNTS).where(ACCOUNTS.columns.name_key == key))
        return rows[0] if rows else None

    def replace_account(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Store an account, in place of the one with its id."""
        transaction.execute(self._replace, row)

    def load_ended(self) -> list[Row]:
        """Every session that was logged out."""
        return self._reader.all(select(ENDED))

    def end_session(self, transaction: Transaction, session_id: str, expires_at: float, now: float) -> None:
        """Store a logged-out session, and delete those whose cookies have expired."""
        transaction.execute(self._expire, {"limit": now})
        transaction.execute(self._end, {"id": session_id, "expires_at": expires_at})
