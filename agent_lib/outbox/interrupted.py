"""Captures whose storing was interrupted before their pictures were on disk: they wait for a better one.

Their vehicle usually still stands there when the agent runs again, and is captured anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from agent_lib.outbox.record import Record

HOLD_SECONDS = 60.0
"""How long they wait after the start: a reader that is there has reported its tags, and a capture has ended."""


class Interrupted:
    """The interrupted captures of the last run. Not thread-safe: the outbox holds its lock."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._event_ids = {
            (str(record.fields.get("station")), str(record.fields.get("tag"))): record.event_id for record in records
        }
        self._until = time.monotonic() + HOLD_SECONDS

    def waiting(self) -> list[str]:
        """Event ids that are not to be sent yet."""
        return list(self._event_ids.values()) if time.monotonic() < self._until else []

    def replaced_by(self, station: str, tags: Iterable[str]) -> list[str]:
        """Event ids in whose place a new capture of `tags` comes."""
        waiting = self.waiting()
        return [event_id for tag in tags if (event_id := self._event_ids.get((station, tag))) in waiting]

    def remove(self, event_ids: Iterable[str]) -> None:
        """Forget captures that are replaced."""
        gone = set(event_ids)
        self._event_ids = {key: event_id for key, event_id in self._event_ids.items() if event_id not in gone}
