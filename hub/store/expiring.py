"""What expires: each kind of device declares its records here, and `hub.retention` deletes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Table

from hub.store.backend import Row
from hub.store.transaction import Transaction


class Belongings(Protocol):
    """What goes with the rows of a kind: other rows, counters, pictures."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of expired rows that `release` needs beside `seq`."""

    def release(self, transaction: Transaction, rows: Sequence[Row]) -> dict[str, int]:
        """Delete what belongs to rows that this transaction deletes, but no file. On the writer's thread.

        Returns the files that lose pictures, each with the bytes that it loses.
        """

    def expired(self, records: int) -> None:
        """So many rows were deleted for good. On the event loop."""

    def owns(self, name: str) -> bool:
        """Whether this is the name of a file of this kind."""

    def reclaim(self, names: Sequence[str]) -> list[str]:
        """Give back the space of files that `release` has named; the names that are finished.

        The others are named again later. Raises StoreBusy, DatabaseError or OSError. In a greenlet.
        """

    def count_pictures(self) -> int:
        """Fill in the bytes of pictures of some rows of older versions; how many rows. In a greenlet, until it is 0."""


@dataclass(frozen=True)
class Expiring:
    """A kind of record that expires.

    `table` has the columns `seq` (its key, in the order of arrival) and `received_at` (epoch seconds); where it has
    `protected`, such rows never expire, and then `picture_bytes` are counted as well.
    """

    name: str  # such as captures
    table: Table
    days: int  # rows that were received earlier expire; 0: none by age
    setting: str  # the key of `days` in hub.toml
    in_budget: bool = True  # whether the oldest go when the disk budget is used up
    max_rows: int = 500  # of one step; fewer where rows are large, since what is deleted is overwritten
    belongings: Belongings | None = None

    @property
    def can_be_protected(self) -> bool:
        """Whether rows may be protected."""
        return "protected" in self.table.columns
