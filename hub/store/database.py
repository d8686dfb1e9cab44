"""SQLite connections, all opened the same way, and reads off the event loop."""

from __future__ import annotations

import sqlite3
from collections import deque
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement

from hub.runtime.offload import offload

DIALECT = sqlite.dialect(paramstyle="named")
BUSY_MS = 5000
IDLE_READERS = 8
STATEMENTS = 512  # prepared ones kept; the writer inserts 1 to 200 rows at once


def connect(path: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection with WAL, foreign keys and a busy timeout; rows come as sqlite3.Row; commits are explicit."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000, cached_statements=STATEMENTS
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={'NORMAL' if synchronous == 'NORMAL' else 'FULL'}")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def compiled(statement: ClauseElement) -> tuple[str, dict[str, Any]]:
    """SQL text and parameters of a SQLAlchemy Core statement, for use on a plain connection in a native thread."""
    text = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    return str(text), dict(text.params)


class Reader:
    """SELECTs on native threads, with a few idle connections of their own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()

    def all(self, statement: ClauseElement) -> list[sqlite3.Row]:
        """Every row of a SELECT. Waits without holding the loop."""
        return offload(self._all, *compiled(statement))

    def _all(self, sql: str, params: dict[str, Any]) -> list[sqlite3.Row]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connect(self._path)
        try:
            rows = connection.execute(sql, params).fetchall()
        except sqlite3.Error:
            connection.close()
            raise
        if len(self._idle) < IDLE_READERS:
            self._idle.append(connection)
        else:
            connection.close()
        return rows

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
