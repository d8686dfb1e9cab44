"""The newest reading of each board and tag, for the page; told to browsers a few times a second and not once for each reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

KEPT = 500               # boards and tags; the one silent for longest makes room
INTERVAL = 0.3           # seconds between two messages to pages
NUMBERS = ("yaw", "pitch", "roll", "x_cm", "y_cm", "z_cm", "range_cm", "decision_margin")

Key = tuple[str, Any]


class LiveTags:
    """`note()` never waits; `run` is the supervised greenlet that hands rows to `tell`."""

    def __init__(self, tell: Callable[[list[dict[str, Any]]], None]) -> None:
        self._tell = tell
        self._rows: dict[Key, dict[str, Any]] = {}
        self._changed: dict[Key, None] = {}
        self._wake = Event()

    def note(self, message: dict[str, Any], board: str, tag_id: int | None, received_at: float) -> None:
        """A reading has come; `message` is what games hear of it."""
        key = (board, tag_id)
        before = self._rows.pop(key, None)
        self._rows[key] = _row(message, board, tag_id, received_at, before["count"] + 1 if before else 1)
        if before is None and len(self._rows) > KEPT:
            oldest = next(iter(self._rows))
            del self._rows[oldest]
            self._changed.pop(oldest, None)
        self._changed[key] = None
        self._wake.set()

    def rows(self) -> list[dict[str, Any]]:
        """Every board and tag, the one heard last first."""
        return list(reversed(self._rows.values()))

    def run(self) -> None:
        """Tell what has changed, at most every INTERVAL."""
        while True:
            self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, {}
            self._tell([self._rows[key] for key in changed if key in self._rows])
            gevent.sleep(INTERVAL)


def _row(message: dict[str, Any], board: str, tag_id: int | None, received_at: float, count: int) -> dict[str, Any]:
    row: dict[str, Any] = {"board": board, "tag_id": tag_id, "received_at": received_at, "count": count, "source": str(message.get("source") or "board")[:40]}
    for name in NUMBERS:
        value = message.get(name)
        row[name] = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return row


def aged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their age in seconds by the hub's clock, since a browser's may be another."""
    now = time.time()
    return [{**row, "age_seconds": round(max(0.0, now - row["received_at"]), 2)} for row in rows]
