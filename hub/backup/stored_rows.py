"""Which pictures the rows of a database name, and whether each is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from hub.backup.pace import Pace
from hub.backup.stored_packs import ReadPack
from hub.store.images import NAME as IMAGE_NAME
from hub.store.packs import NAME as PACKED_NAME

PAGE = 500
MAX_NAMED = 3
CAPTURES = "SELECT seq, primary_image, secondary_image, label_image FROM captures"
DETECTIONS = "SELECT seq, body FROM lpr_records"


@dataclass
class NamedPictures:
    """How many pictures rows name, and those that are not there."""

    named: int = 0
    missing: int = 0
    examples: list[str] = field(default_factory=list)
    deleted_packs: dict[int, int] = field(default_factory=dict)  # number of a pack that does not exist -> pictures

    def miss(self, name: str) -> None:
        """Count a picture that is damaged or missing."""
        self.missing += 1
        if len(self.examples) < MAX_NAMED:
            self.examples.append(name)


def newest(connection: sqlite3.Connection) -> dict[str, int]:
    """The newest row of each table that names pictures, by its query: rows that come later are not looked at."""
    return {
        query: int(connection.execute(f"SELECT coalesce(max(seq), 0) FROM {query.split()[-1]}").fetchone()[0])
        for query in (CAPTURES, DETECTIONS)
    }


def check_names(
    connection: sqlite3.Connection, until: dict[str, int], packs: dict[int, ReadPack], images: Path, pace: Pace
) -> NamedPictures:
    """Look for every picture that a row up to `until` names. Raises sqlite3.Error."""
    found = NamedPictures()
    for row in _rows(connection, CAPTURES, until[CAPTURES], pace):
        for name in row[1:]:
            if isinstance(name, str) and IMAGE_NAME.fullmatch(name):
                found.named += 1
                if not _is_there(images / name) and _exists(connection, CAPTURES, row[0]):
                    found.miss(name)
    for row in _rows(connection, DETECTIONS, until[DETECTIONS], pace):
        for name in _names(row[1]):
            match = PACKED_NAME.fullmatch(name)
            if match is None:
                continue
            found.named += 1
            number = int(match[1])
            if number not in packs:
                found.deleted_packs[number] = found.deleted_packs.get(number, 0) + 1
            elif not packs[number].has(int(match[2], 16)):
                found.miss(name)
    return found


def _rows(connection: sqlite3.Connection, query: str, until: int, pace: Pace) -> Iterator[tuple[Any, ...]]:
    """Rows in short reads: one long read would keep the hub's WAL from being emptied."""
    last = -1
    while True:
        rows = connection.execute(
            f"{query} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {PAGE}", (last, until)
        ).fetchall()
        pace.count(0)
        yield from rows
        if len(rows) < PAGE:
            return
        last = rows[-1][0]


def _exists(connection: sqlite3.Connection, query: str, seq: int) -> bool:
    """Whether a row is still there: retention deletes rows and then their pictures."""
    return connection.execute(f"{query} WHERE seq = ?", (seq,)).fetchone() is not None


def _names(body: Any) -> Iterator[str]:
    """The names of pictures in the body of a detection; none where it cannot be read."""
    try:
        pictures = orjson.loads(body)["pictures"].values()
    except (ValueError, TypeError, LookupError, AttributeError):
        return
    for value in pictures:
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str):
                yield name


def _is_there(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
