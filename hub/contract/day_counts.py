"""The interface of stored records that are counted by the hour of their day."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class HourCount(NamedTuple):
    """Records of one place in one hour: how many, and how many of them were read."""

    place: str  # a station, or the checkpoint of a camera
    total: int
    read: int


class CountedRecords(Protocol):
    """The stored records of one kind. Its methods wait for the database, off the event loop."""

    def newest(self) -> int:
        """The sequence number of the newest record, 0 without one."""

    def hour(self, since: float, until: float, newest: int) -> list[HourCount]:
        """Counts of the records that happened from `since` to before `until` (epoch seconds), up to `newest`."""

    def added(self, since: float, until: float, after: int, newest: int) -> list[tuple[int, HourCount]]:
        """Counts of the records that happened in this time, with a sequence number above `after` and up to `newest`.

        Each with its hour, counted from `since`.
        """
