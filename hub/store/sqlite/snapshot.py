"""A copy of an SQLite database as it is at one moment, made while another process writes to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

STEP_PAGES = 64
FLUSH_BYTES = 4 * 1024 * 1024
BUSY_SECONDS = 20.0

OnBytes = Callable[[int], None]  # called with the number of bytes that were copied since the last call


def ignore(size: int) -> None:
    """An OnBytes that neither waits nor reports."""


def snapshot(source: Path, target: Path, on_bytes: OnBytes = ignore) -> None:
    """Copy `source` to the new file `target`, durably. `on_bytes` may wait, to leave the disk to others.

    The pages are copied in small steps inside one read transaction, so that every step sees the same moment, and
    writers go on (https://www.sqlite.org/c3ref/backup_finish.html: a step uses the transaction that is open). What is
    written is flushed every few megabytes: a large flush at the end would delay the commits of the hub.
    Raises sqlite3.Error or OSError; what was copied then stays in `target`.
    """
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with closing(_open(source)) as reading, closing(sqlite3.connect(target, isolation_level=None)) as writing:
            writing.execute("PRAGMA journal_mode=OFF")
            writing.execute("PRAGMA synchronous=OFF")
            page = int(reading.execute("PRAGMA page_size").fetchone()[0])
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            copied = flushed = 0

            def on_step(status: int, remaining: int, total: int) -> None:
                nonlocal copied, flushed
                done = (total - remaining) * page
                on_bytes(done - copied)
                copied = done
                if done - flushed >= FLUSH_BYTES:
                    flush(handle)
                    flushed = done

            reading.backup(writing, pages=STEP_PAGES, progress=on_step)
            reading.execute("ROLLBACK")
        os.fsync(handle)
    finally:
        # At the very end: on POSIX closing a file releases every lock that its process has on it.
        os.close(handle)


def size_of(path: Path) -> int:
    """Bytes of a database file with what is in its WAL; 0 where there is none."""
    return sum(part.stat().st_size for part in (path, path.with_name(path.name + "-wal")) if part.exists())


def revision_of(path: Path) -> int:
    """The schema revision in the head of a closed database file. Raises OSError, or ValueError for another file."""
    with open(path, "rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise ValueError(f"{path} is not an SQLite database")
    return int.from_bytes(head[60:64], "big")


def flush(handle: int) -> None:
    """Write what is pending of an open file to the disk, without the times of the file where the system allows it."""
    getattr(os, "fdatasync", os.fsync)(handle)


def _open(path: Path) -> sqlite3.Connection:
    """A connection to a database that exists; it may share a WAL with another process."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_SECONDS
    )
    connection.execute("PRAGMA query_only=ON")
    return connection
