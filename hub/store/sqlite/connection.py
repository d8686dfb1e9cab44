"""Connections to an SQLite file, all opened the same way."""

from __future__ import annotations

import sqlite3
import time
from enum import Enum
from pathlib import Path
from typing import Any

BUSY_MS = 5000
STEPS = 200_000  # of SQLite between two looks at the clock: a few milliseconds
# Pages in the log from which a commit copies them into the database, 16 MB. A page that many commits change, such as
# one of an index, is then copied once; at SQLite's 1,000 pages a quarter of the writer's time went into copying.
CHECKPOINT_PAGES = 4000
CACHED_STATEMENTS = 512  # prepared ones; the writer has one for each number of rows, 1 to 200, in a batch


class SqliteConnection(sqlite3.Connection):
    """`hub.store.backend.Connection`: a plain connection with the steps of a transaction as methods."""

    broken = False
    lasting = True
    timed_out = False

    def limit_time(self, seconds: float | None) -> None:
        """Interrupt what runs for longer than `seconds` from now on; None removes the limit."""
        self.timed_out = False
        if seconds is None:
            self.set_progress_handler(None, 0)
            return
        deadline = time.monotonic() + seconds

        def expired() -> bool:
            self.timed_out = time.monotonic() > deadline
            return self.timed_out

        self.set_progress_handler(expired, STEPS)

    def insert(self, sql: str, params: Any, /) -> int:
        """Insert one row; its generated key."""
        return self.execute(sql, params).lastrowid or 0

    def begin(self) -> None:
        """Open a transaction that may write. IMMEDIATE, since one that reads first and then writes can fail as busy."""
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Abandon the open transaction, if there is one."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def savepoint(self) -> None:
        self.execute("SAVEPOINT job")

    def rollback_to_savepoint(self) -> None:
        self.execute("ROLLBACK TO job")

    def release_savepoint(self) -> None:
        self.execute("RELEASE job")


class Way(Enum):
    """How the file is opened; the value is added to its address."""

    FILE = ""
    # The WAL index is in the memory of this process, for all its connections; other programs are locked out.
    PRIVATE_INDEX = "?vfs=unix-excl"
    # With its WAL, as another program writes it.
    READ_ONLY = "?mode=ro"
    # As the file is now, without its WAL; read only.
    SNAPSHOT = "?mode=ro&immutable=1"


def connect(path: Path, synchronous: str = "FULL", way: Way = Way.FILE) -> SqliteConnection:
    """A connection with WAL, foreign keys, a busy timeout and overwriting of what is deleted.

    Rows are sqlite3.Row; commits are explicit.
    """
    connection = sqlite3.connect(
        path if way is Way.FILE else path.resolve().as_uri() + way.value,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_MS / 1000,
        cached_statements=CACHED_STATEMENTS,
        factory=SqliteConnection,
        uri=way is not Way.FILE,
    )
    connection.row_factory = sqlite3.Row
    try:
        if way is Way.SNAPSHOT:
            connection.lasting = False
        else:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA synchronous={'NORMAL' if synchronous == 'NORMAL' else 'FULL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # deleted rows are overwritten; some builds of SQLite do not
    except sqlite3.Error:
        connection.close()
        raise
    return connection
