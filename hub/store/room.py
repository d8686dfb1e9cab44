"""Room for records: below the reserve they are refused, so that the database can still write what the hub needs.

Deletions, logins and changes go on; they need the reserve, since a database must write to delete.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.store.writer import StoreBusy

MB = 1_000_000
ROW_BYTES = 4096  # of a record in the database and its log, beside its pictures
MIN_MARGIN = 5 * MB
RETRY_SECONDS = 10


class NoRoom(StoreBusy):
    """The disk has less free space than the reserve (503): nothing of the record was written."""

    def __init__(self) -> None:
        super().__init__(
            "The hub's disk is nearly full, so it stores no records until there is room. Send the record again later; "
            "on the hub, free some space or let old records expire (retention.max_gb).",
            retry_after=RETRY_SECONDS,
        )


class DiskRoom:
    """`check()` before a record is stored. It closes at the reserve and opens again with some more than that."""

    def __init__(self, reserve_mb: int) -> None:
        """`reserve_mb`: 0 never closes."""
        self.reserve = reserve_mb * MB
        self.resume = self.reserve + max(MIN_MARGIN, self.reserve // 10)
        self.on_close: list[Callable[[], None]] = []
        self.closed = False
        self.refused = 0  # records since the start
        self._free: int | None = None  # bytes when the disk was polled
        self._accepted = 0  # bytes since then

    def update(self, free: int | None) -> None:
        """The free space of the disk was polled; None where it is unknown."""
        self._free, self._accepted = free, 0
        if free is None or free >= self.resume:
            self.closed = False
        elif free < self.reserve:
            self._close()

    def check(self, size: int = 0) -> None:
        """Count a record whose pictures have `size` bytes. Raises NoRoom."""
        if not self.admits(size):
            raise NoRoom

    def admits(self, size: int = 0) -> bool:
        """Whether there is room for a record whose pictures have `size` bytes; one that is refused is counted."""
        size += ROW_BYTES
        if not self.closed and self._free is not None and self._free - self._accepted - size < self.reserve:
            self._close()
        if self.closed:
            self.refused += 1
            return False
        self._accepted += size
        return True

    def _close(self) -> None:
        if self.reserve and not self.closed:
            self.closed = True
            for notify in self.on_close:
                notify()
