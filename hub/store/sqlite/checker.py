"""The check of an SQLite file: the structure of its pages, until it is stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from hub.store.sqlite.connection import SqliteConnection

MAX_FOUND = 5


class SqliteChecker:
    """`hub.store.backend.Checker` by PRAGMA quick_check, interrupted by `stop`."""

    def __init__(self, connect: Callable[[], SqliteConnection]) -> None:
        self._connect = connect
        self._connection: SqliteConnection | None = None
        self._stopped = False

    def check(self) -> list[str]:
        try:
            connection = self._connection = self._connect()
        except sqlite3.Error as error:
            return [] if isinstance(error, sqlite3.OperationalError) else [str(error)]
        try:
            if self._stopped:
                return []
            rows = connection.execute(f"PRAGMA quick_check({MAX_FOUND})").fetchall()
        except sqlite3.OperationalError:  # interrupted, or the disk fails: reads report that
            return []
        except sqlite3.DatabaseError as error:
            return [] if self._stopped else [str(error)]
        finally:
            connection.close()
        found = [" ".join(str(row[0]).split()) for row in rows]
        return [] if found == ["ok"] or self._stopped else found

    def stop(self) -> None:
        self._stopped = True
        connection = self._connection
        if connection is not None:
            with suppress(sqlite3.ProgrammingError):  # closed already
                connection.interrupt()
