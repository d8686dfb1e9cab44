"""Matches of persons for tests, and rows of them in a database without a hub."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent

from hub.store.migrations.runner import migrate
from hub.store.sqlite.backend import SqliteBackend
from hub.tracking.matches import Match

START = 1_790_000_000.0
ANNA = "0b6ff0f1-7d4c-4a5e-9b0e-0d3c1c2b5a11"
BERT = "c3a1d0de-0c1f-4d51-8a57-4f0f0a2f6b22"


def match(track: int = 1, person: str = ANNA, **fields: Any) -> Match:
    """A match; each track of its own is stored."""
    values: dict[str, Any] = {
        "session_id": "session-1",
        "source": "frames",
        "received_at": START + track,
        "box": (10.0, 20.0, 110.0, 220.0),
        "width": 640,
        "height": 480,
        "distance": 0.25,
        "confidence": 0.9,
    }
    return Match(person=person, track=track, **{**values, **fields})


def fill(path: Path, number: int, person: str = ANNA, size: int = 3000) -> list[bytes]:
    """Store rows in a database that no hub has open; their crops, of random bytes."""
    migrate(SqliteBackend(path))
    crops = [os.urandom(size) for _ in range(number)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO tracking_matches (id, person, session_id, source, received_at, x1, y1, x2, y2, width, height, "
            "distance, confidence, crop_size, crop) "
            "VALUES (?, ?, 's', 'yard', ?, 1, 2, 3, 4, 640, 480, 0.2, 0.9, ?, ?)",
            [(str(uuid.uuid4()), person, START + place, len(crop), crop) for place, crop in enumerate(crops)],
        )
    return crops


def wait_in_hub(condition: Callable[[], Any], what: str) -> None:
    """Let the greenlets of an app without a listener run until `condition` is true; AssertionError after 15 s."""
    with gevent.Timeout(15, AssertionError(f"{what} did not come true within 15 s")):
        while not condition():
            gevent.sleep(0.01)
