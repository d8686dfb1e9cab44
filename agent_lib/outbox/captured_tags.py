"""The tags that were captured last at each station, in the outbox's database.

A capture and its tags are stored in one transaction. So after a kill or a power cut the next run knows which of the
tags in front of a reader have their capture already.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from agent_lib.runtime.moment import Moment

SCHEMA = """
CREATE TABLE IF NOT EXISTS captured_tags (
    station TEXT NOT NULL,
    tag TEXT NOT NULL,
    seen_ts REAL NOT NULL,
    seen_mono REAL NOT NULL,
    PRIMARY KEY (station, tag)
)
"""
MAX_TAGS = 64
"""Tags that are kept of each station; more than stand in front of a reader."""

_SHORTEN = (
    "DELETE FROM captured_tags WHERE station = ? AND rowid NOT IN "
    "(SELECT rowid FROM captured_tags WHERE station = ? ORDER BY rowid DESC LIMIT ?)"
)


def note_captured(db: sqlite3.Connection, station: str, tags: Iterable[str], seen: Moment) -> None:
    """Note the tags of a capture, as a part of the open transaction. Raises sqlite3.Error."""
    rows = [(station, tag, *seen) for tag in list(dict.fromkeys(tags))[-MAX_TAGS:]]
    db.executemany("INSERT OR REPLACE INTO captured_tags (station, tag, seen_ts, seen_mono) VALUES (?, ?, ?, ?)", rows)
    db.execute(_SHORTEN, (station, station, MAX_TAGS))


def note_seen(db: sqlite3.Connection, station: str, seen: Mapping[str, Moment]) -> None:
    """Note when captured tags were seen last; others are not noted. Raises sqlite3.Error."""
    db.executemany(
        "UPDATE captured_tags SET seen_ts = ?, seen_mono = ? WHERE station = ? AND tag = ?",
        [(*moment, station, tag) for tag, moment in seen.items()],
    )


def captured_tags(db: sqlite3.Connection, station: str) -> dict[str, Moment]:
    """The captured tags of a station, and when each was seen last. Raises sqlite3.Error."""
    rows = db.execute("SELECT tag, seen_ts, seen_mono FROM captured_tags WHERE station = ?", (station,)).fetchall()
    return {tag: Moment(ts, mono) for tag, ts, mono in rows if isinstance(ts, float) and isinstance(mono, float)}
