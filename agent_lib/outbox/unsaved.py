"""Results that the disk does not take: in memory and in their order, until they are written or delivered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from agent_lib.outbox.entry import Entry
from agent_lib.station.result import CaptureResult


@dataclass(frozen=True)
class UnsavedResult:
    """A result and its documented fields; `id` is negative, unlike that of a row."""

    id: int
    result: CaptureResult
    fields: dict[str, Any]


class Unsaved:
    """At most `limit` results, so that the process survives. Used under the outbox's lock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: dict[int, UnsavedResult] = {}
        self._newest = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, result: CaptureResult, fields: dict[str, Any]) -> CaptureResult | None:
        """Add a result; the oldest one where it had to give way, and is lost."""
        self._newest -= 1
        self._items[self._newest] = UnsavedResult(self._newest, result, fields)
        if len(self._items) <= self._limit:
            return None
        return self._items.pop(next(iter(self._items))).result

    def first(self) -> UnsavedResult | None:
        """The oldest one."""
        return next(iter(self._items.values()), None)

    def remove(self, number: int) -> UnsavedResult | None:
        """Take one out by its id; None if it is not here any more."""
        return self._items.pop(number, None)

    def next(self, skip: Collection[int]) -> Entry | None:
        """The oldest one as an entry. `skip`: ids to leave out."""
        found = next((one for one in self._items.values() if one.id not in skip), None)
        return None if found is None else Entry(found.id, dict(found.fields), dict(found.result.pictures))
