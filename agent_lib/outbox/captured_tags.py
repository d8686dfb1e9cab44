"""The tags that were captured last at each station, in the outbox's database.

A capture and its tags are stored in one transaction. So after a kill or a power cut the next run knows which of the
tags in front of a reader have their capture already.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent_lib.runtime.moment import Moment

log = logging.getLogger(__name__)

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


class CapturedTags:
    """The captured tags of an open outbox; a database that fails is logged. Not thread-safe: the outbox holds its lock.

    Captures that were delivered without having been on disk are noted when the disk takes something again.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, most: int) -> None:
        """`path`: of the database, for the log; `most`: captures that wait for the disk, the newest."""
        self._db, self._path = db, path
        self._delivered: deque[tuple[str, list[str], Moment]] = deque(maxlen=most)

    def of(self, station: str) -> dict[str, Moment]:
        """The tags captured last at a station, and when each was seen last."""
        try:
            rows = self._db.execute(
                "SELECT tag, seen_ts, seen_mono FROM captured_tags WHERE station = ?", (station,)
            ).fetchall()
        except sqlite3.Error as error:
            log.error("%s cannot be read (%s).", self._path, error)
            return {}
        return {tag: Moment(ts, mono) for tag, ts, mono in rows if isinstance(ts, float) and isinstance(mono, float)}

    def seen(self, station: str, seen: Mapping[str, Moment]) -> None:
        """Note when captured tags were seen last; others are not noted."""
        try:
            with self._db:
                self._db.executemany(
                    "UPDATE captured_tags SET seen_ts = ?, seen_mono = ? WHERE station = ? AND tag = ?",
                    [(*moment, station, tag) for tag, moment in seen.items()],
                )
        except sqlite3.Error as error:
            log.debug("%s cannot be written (%s).", self._path, error)

    def delivered(self, station: str, tags: Iterable[str]) -> None:
        """Remember the tags of a capture that was delivered from memory."""
        self._delivered.append((station, list(tags), Moment.now()))

    def note_delivered(self) -> None:
        """Note what `delivered` was told."""
        while self._delivered:
            station, tags, moment = self._delivered[0]
            try:
                with self._db:
                    note_captured(self._db, station, tags, moment)
            except sqlite3.Error as error:
                log.debug("%s cannot be written (%s).", self._path, error)
                return
            self._delivered.popleft()
