"""One stored result, as it is handed to the uplink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A pending result: its row id, its documented fields, and its pictures as JPEG bytes by role."""

    id: int
    fields: dict[str, Any]
    pictures: dict[str, bytes]

    @property
    def event_id(self) -> str:
        """The result's idempotency key."""
        return str(self.fields["event_id"])
