"""Tag readings for pages: the newest of each board and tag, sent in batches a few times a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from gevent.event import Event

from hub.live.events import TagReading

INTERVAL = 0.3  # seconds between two batches
MAX_ROWS = 500  # of one batch; other boards and tags appear when the page next polls all of them
NUMBERS = ("yaw", "pitch", "roll", "x_cm", "y_cm", "z_cm", "range_cm", "decision_margin")


class TagDigest:
    """Collects readings with `add`, which never blocks, unless `has_listeners` is False.

    `run` is the supervised greenlet that passes batches to `publish`.
    """

    def __init__(self, publish: Callable[[list[dict[str, Any]]], None], has_listeners: Callable[[], bool]) -> None:
        self._publish, self._has_listeners = publish, has_listeners
        self._changed: dict[tuple[str, int | None], TagReading] = {}
        self._wake = Event()

    def add(self, reading: TagReading) -> None:
        """Replace the reading of the same board and tag in the next batch."""
        key = (reading.board, reading.tag_id)
        if key in self._changed or (len(self._changed) < MAX_ROWS and self._has_listeners()):
            self._changed[key] = reading
            self._wake.set()

    def run(self) -> None:
        """Publish a batch whenever there are readings, at most every INTERVAL."""
        while True:
            self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, {}
            self._publish(rows(changed.values()))
            gevent.sleep(INTERVAL)


def rows(readings: Iterable[TagReading]) -> list[dict[str, Any]]:
    """Readings as pages show them. Ages are by the hub's clock, since a browser's may differ."""
    now = time.monotonic()
    return [_row(reading, now) for reading in readings]


def _row(reading: TagReading, now: float) -> dict[str, Any]:
    message = reading.message
    row = {
        "board": reading.board,
        "tag_id": reading.tag_id,
        "age_seconds": round(max(0.0, now - reading.mono), 2),
        "source": str(message.get("source") or "board")[:40],
    }
    for name in NUMBERS:
        value = message.get(name)
        row[name] = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return row
