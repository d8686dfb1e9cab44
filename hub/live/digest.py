"""Readings for pages: the newest of each board and tag, told to browsers a few times a second and not once for each reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

from hub.live.events import TagReading

INTERVAL = 0.3  # seconds between two messages to pages
MAX_ROWS = 500  # of one message; boards and tags beyond wait for the page's next look at all of them
NUMBERS = ("yaw", "pitch", "roll", "x_cm", "y_cm", "z_cm", "range_cm", "decision_margin")


class TagDigest:
    """`note()` never waits; `run` is the supervised greenlet that hands rows to `tell`, unless nobody `listens`."""

    def __init__(self, tell: Callable[[list[dict[str, Any]]], None], listens: Callable[[], bool]) -> None:
        self._tell, self._listens = tell, listens
        self._changed: dict[tuple[str, int | None], TagReading] = {}
        self._wake = Event()

    def note(self, reading: TagReading) -> None:
        """A reading has come."""
        key = (reading.board, reading.tag_id)
        if key in self._changed or (len(self._changed) < MAX_ROWS and self._listens()):
            self._changed[key] = reading
            self._wake.set()

    def run(self) -> None:
        """Tell what has changed, at most every INTERVAL."""
        while True:
            self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, {}
            self._tell(rows(changed.values()))
            gevent.sleep(INTERVAL)


def rows(readings: Any) -> list[dict[str, Any]]:
    """Readings as the page shows them. The age is by the hub's clock, since a browser's may be another."""
    now = time.time()
    return [_row(reading, now) for reading in readings]


def _row(reading: TagReading, now: float) -> dict[str, Any]:
    message = reading.message
    row = {
        "board": reading.board,
        "tag_id": reading.tag_id,
        "age_seconds": round(max(0.0, now - reading.received_at), 2),
        "source": str(message.get("source") or "board")[:40],
    }
    for name in NUMBERS:
        value = message.get(name)
        row[name] = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return row
