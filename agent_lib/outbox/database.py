"""The outbox database: schema and connection."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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


def connect(path: Path) -> sqlite3.Connection:
    """Open or create the database and verify that it can be read. Raises sqlite3.Error."""
    db = sqlite3.connect(path, check_same_thread=False, timeout=5)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(_SCHEMA)
        db.execute("SELECT count(*), sum(bytes) FROM results").fetchone()
        db.commit()
    except sqlite3.Error:
        db.close()
        raise
    return db
