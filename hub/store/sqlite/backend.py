"""SQLite as a `hub.store.backend.Backend`: connections, dialect, errors, the place of the schema revision."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, column, literal_column, select, table
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ClauseElement

from hub.store.backend import Connection, Fault, Query
from hub.store.sqlite import searched_index
from hub.store.sqlite.checker import SqliteChecker
from hub.store.sqlite.connection import SqliteConnection, Way, connect

log = logging.getLogger(__name__)

FAULTS: dict[int, Fault] = {
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "unavailable",
    sqlite3.SQLITE_BUSY: "unavailable",
    sqlite3.SQLITE_LOCKED: "unavailable",
    sqlite3.SQLITE_CANTOPEN: "unavailable",
    sqlite3.SQLITE_READONLY: "unavailable",
    sqlite3.SQLITE_NOMEM: "unavailable",
}
FALLBACK = Way.PRIVATE_INDEX if os.name == "posix" else Way.SNAPSHOT
# What opening the first connection raises on a full disk, where there is no room for the -shm file.
NO_ROOM_FOR_INDEX = (
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
)
# The index of parts (revision 7); its column of its own name stands for all of it.
PARTS = table("searched_parts", column("rowid"), column("searched_parts"))
TRIGRAM = 3
MAX_TRIGRAMS = 30  # of a part that are looked up; what they find is compared with the whole part
DIALECT = sqlite.dialect(paramstyle="named")


class SqliteBackend:
    """The database in the file `path`. `synchronous`: FULL (every commit survives a power cut) or NORMAL.

    `read_only`: nothing is written, and a file that does not exist is not made.
    """

    name = "sqlite"
    version = f"SQLite {sqlite3.sqlite_version}"
    in_folder = True
    advice = "Make room or check the disk"
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    outages: tuple[type[Exception], ...] = (sqlite3.OperationalError,)

    def __init__(self, path: Path, synchronous: str = "FULL", read_only: bool = False) -> None:
        self.file, self._synchronous = path, synchronous
        self.title, self.address = path.name, str(path.resolve())
        # How the first connection of this process could be opened.
        self._way: Way | None = Way.READ_ONLY if read_only else None

    def connect(self) -> SqliteConnection:
        if self._way is not None:
            return connect(self.file, self._synchronous, self._way)
        try:
            connection, self._way = connect(self.file, self._synchronous), Way.FILE
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in NO_ROOM_FOR_INDEX or not self._has_fallback():
                raise
            connection = connect(self.file, self._synchronous, FALLBACK)
            if FALLBACK is Way.PRIVATE_INDEX:  # these cannot be mixed with others
                self._way = FALLBACK
            log.warning(
                "There is no room beside %s (%s): until the next start only the hub reads it.", self.file, error
            )
        return connection

    def _has_fallback(self) -> bool:
        """Whether the file can be read without the -shm file that WAL needs: a snapshot lacks what is in the WAL."""
        log_file = self.file.with_name(self.file.name + "-wal")
        without_log = not log_file.exists() or log_file.stat().st_size == 0
        return self.file.exists() and (FALLBACK is Way.PRIVATE_INDEX or without_log)

    def fault(self, error: Exception) -> Fault:
        if not isinstance(error, sqlite3.Error):
            return ""
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:  # raised by the module itself
            return "corrupt" if str(error).startswith("Could not decode") else ""
        return FAULTS.get(code & 0xFF, "")

    def checker(self) -> SqliteChecker:
        return SqliteChecker(self.connect)

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

    def part_ids(self, part: str) -> Select[Any]:
        every = (part[place : place + TRIGRAM].replace('"', '""') for place in range(len(part) - TRIGRAM + 1))
        query = " AND ".join(f'"{trigram}"' for trigram in list(dict.fromkeys(every))[:MAX_TRIGRAMS])
        return select(PARTS.columns.rowid.label("id")).where(PARTS.columns.searched_parts.op("MATCH")(query))

    def texts_only(self, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
        return [column < literal_column("x''")]  # every text is sorted before a BLOB

    def searched_index(self, sources: Mapping[str, tuple[str, str]], corrected: Collection[str]) -> list[str]:
        return searched_index.statements(sources, corrected)

    def table_names(self, connection: Connection) -> set[str]:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {row["name"] for row in rows}

    def used_bytes(self, connection: Connection) -> int:
        pages, free, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def revision(self, connection: Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def set_revision(self, connection: Connection, number: int) -> None:
        connection.execute(f"PRAGMA user_version = {number:d}")
