"""The shelf, or dead-letter queue: results that the hub has refused, the newest of which are kept."""

from __future__ import annotations

import sqlite3
import time


def beyond_shelf(db: sqlite3.Connection, limit: int) -> list[tuple[int, str, int]]:
    """Row id, event id and bytes of the refused results beyond the newest `limit`. Raises sqlite3.Error."""
    return db.execute(
        "SELECT id, event_id, bytes FROM results WHERE reason IS NOT NULL ORDER BY shelved_ts DESC, id DESC "
        "LIMIT -1 OFFSET ?",
        (limit,),
    ).fetchall()


def next_shelved_ts(db: sqlite3.Connection) -> float:
    """The time (epoch seconds) for a result that is refused now: later than all others, even if the clock was set back.

    That of the clock where the database cannot be read.
    """
    try:
        newest = db.execute("SELECT max(shelved_ts) FROM results").fetchone()[0]
    except sqlite3.Error:
        newest = None
    return max(time.time(), (newest or 0.0) + 0.001)
