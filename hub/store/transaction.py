"""What a job may do inside a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hub.store.backend import Backend, Connection, Cursor, Row


class Transaction:
    """Statements of the commit that a job is part of, and what to finish or to undo with it.

    Used on the writer's thread alone.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.before_commit: dict[str, Callable[[], Any]] = {}  # run once before the commit, by name
        self.after_commit: list[Callable[[], None]] = []  # run once it is durable, still on the writer's thread
        self.shared: dict[str, Any] = {}  # what the jobs of one commit collect for a step before it
        self.on_failure: list[Callable[[], None]] = []  # undo what is not in the database

    def touch(self, backend: Backend) -> None:
        """Write to the database without changing what is stored: whether that is possible."""
        backend.set_revision(self._connection, backend.revision(self._connection))

    def execute(self, sql: str, params: Any) -> Cursor:
        """Run a statement with its values, by name or by position."""
        return self._connection.execute(sql, params)

    def execute_many(self, sql: str, params: Iterable[Any]) -> None:
        """Run a statement once for each set of values."""
        self._connection.executemany(sql, params)

    def insert(self, sql: str, params: Any) -> int:
        """Insert one row; its generated key."""
        return self._connection.insert(sql, params)

    def one(self, sql: str, params: Any) -> Row | None:
        """The first row of a SELECT, or None."""
        row: Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, params: Any) -> list[Row]:
        """Every row of a SELECT."""
        return self._connection.execute(sql, params).fetchall()
