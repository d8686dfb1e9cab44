"""The outbox database: schema, opening, and what is done with one that cannot be read."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_lib.outbox.captured_tags import SCHEMA as CAPTURED_TAGS
from agent_lib.outbox.files import set_aside

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    fields TEXT NOT NULL,
    roles TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT,
    shelved_ts REAL
)
"""


@dataclass
class Opened:
    """An open database; of one that could not be read: where it is now, and the rows that it still gave."""

    db: sqlite3.Connection
    aside: Path | None = None
    rows: list[tuple[Any, ...]] = field(default_factory=list)


def open_database(path: Path) -> Opened:
    """Open or create the database; one that cannot be read is set aside and begun anew. Raises OSError."""
    aside = _set_aside_orphaned_log(path)
    try:
        return Opened(connect(path), aside)
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: cannot be opened ({error}); see to the folder's rights and the disk.") from error
    except sqlite3.DatabaseError as error:
        rows = _readable_rows(path)
        aside = set_aside(path)
        for other in _companions(path):
            if other.exists():
                set_aside(other)
        log.error("%s cannot be read (%s); it is kept as %s and a new one is begun.", path, error, aside.name)
    return Opened(connect(path), aside, rows)


def connect(path: Path) -> sqlite3.Connection:
    """Open or create the database and verify that it can be read. Raises sqlite3.Error."""
    db = sqlite3.connect(path, check_same_thread=False, timeout=5)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(_SCHEMA)
        db.execute(CAPTURED_TAGS)
        problem = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
        db.commit()
    except sqlite3.Error:
        db.close()
        raise
    return db


def _companions(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")]


def _set_aside_orphaned_log(path: Path) -> Path | None:
    """SQLite deletes the write-ahead log of a database that is missing or empty: keep it."""
    log_file, index = _companions(path)
    try:
        orphaned = log_file.stat().st_size > 0 and not (path.exists() and path.stat().st_size)
    except FileNotFoundError:
        return None
    if not orphaned:
        return None
    aside = set_aside(log_file)
    index.unlink(missing_ok=True)
    log.error("%s is missing or empty; its write-ahead log is kept as %s.", path, aside.name)
    return aside


def _readable_rows(path: Path) -> list[tuple[Any, ...]]:
    """The rows that a corrupt database still gives, from both ends, oldest first."""
    rows: dict[int, tuple[Any, ...]] = {}
    for order in ("ASC", "DESC"):
        try:
            db = sqlite3.connect(path, timeout=5)
        except sqlite3.Error:
            return []
        try:
            for row in db.execute(
                "SELECT id, event_id, fields, roles, bytes, reason, shelved_ts FROM results NOT INDEXED "
                f"ORDER BY id {order}"
            ):
                rows[row[0]] = row
        except sqlite3.Error as error:
            log.debug("%s: rows in the order %s end with: %s", path, order, error)
        finally:
            db.close()
    return [rows[number] for number in sorted(rows)]
