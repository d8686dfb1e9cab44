"""Numbers of waiting and refused results in the outbox's database."""

from __future__ import annotations

import sqlite3
from typing import Any

from agent_lib.outbox.record import parse_fields

SHOWN = 20


def count_results(db: sqlite3.Connection) -> tuple[int, int, list[dict[str, Any]]]:
    """How many wait, how many the hub has refused, and the newest of those: event_id, tag, reason.

    Raises sqlite3.Error.
    """
    waiting, shelved = db.execute("SELECT count(*) - count(reason), count(reason) FROM results").fetchone()
    rows = db.execute(
        "SELECT event_id, fields, reason FROM results WHERE reason IS NOT NULL ORDER BY shelved_ts DESC, id DESC "
        f"LIMIT {SHOWN}"
    ).fetchall()
    shelf = [
        {"event_id": event_id, "tag": (parse_fields(fields, event_id) or {}).get("tag", ""), "reason": reason}
        for event_id, fields, reason in rows
    ]
    return waiting, shelved, shelf
