"""SQLite as a `hub.store.backend.Backend`: connections, dialect, errors, the place of the schema revision."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement

from hub.store.backend import Connection, Query
from hub.store.sqlite.connection import SqliteConnection, connect

DIALECT = sqlite.dialect(paramstyle="named")


class SqliteBackend:
    """The database in the file `path`. `synchronous`: FULL (every commit survives a power cut) or NORMAL."""

    name = "sqlite"
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    outages: tuple[type[Exception], ...] = (sqlite3.OperationalError,)

    def __init__(self, path: Path, synchronous: str = "FULL") -> None:
        self.path, self._synchronous = path, synchronous

    def connect(self) -> SqliteConnection:
        return connect(self.path, self._synchronous)

    def compile(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> Query:
        compiled = statement.compile(dialect=DIALECT, column_keys=columns, compile_kwargs={"render_postcompile": True})
        return Query(str(compiled), dict(compiled.params))

    def insert(self, table: Table) -> sqlite.Insert:
        return sqlite.insert(table)

    def replace(self, table: Table) -> str:
        statement = sqlite.insert(table).prefix_with("OR REPLACE")
        return self.compile(statement, [column.name for column in table.columns]).sql

    def compile_ddl(self, element: Any) -> str:
        return str(element.compile(dialect=DIALECT))

    def table_names(self, connection: Connection) -> set[str]:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {row["name"] for row in rows}

    def revision(self, connection: Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def set_revision(self, connection: Connection, number: int) -> None:
        connection.execute(f"PRAGMA user_version = {number:d}")
