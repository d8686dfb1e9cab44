"""Stored AprilTag readings: thinned by a setting, written later in group commits, found again page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import orjson

from hub.apriltag.contract.reading import Reading
from hub.apriltag.repository import READINGS, Query, ReadingRepository
from hub.contract.times import utc_text
from hub.runtime.key_throttle import KeyThrottle
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.write_behind import QueueLimits, WriteBehind
from hub.store.writer import StoreBusy, Writer

LIMITS = QueueLimits(rows=20_000, bytes=32 * 1024 * 1024, batch_rows=500, batch_bytes=1024 * 1024)
NO_ROOM = "no room on the disk"
MAX_THINNED = 10_000  # boards and tags whose next due time is kept


class Readings:
    """`keep()` never blocks, `run()` writes."""

    def __init__(
        self,
        writer: Writer,
        repository: ReadingRepository,
        per_second: float = 0.0,
        now: Callable[[], float] = monotonic,
        admits: Callable[[int], bool] = lambda size: True,
    ) -> None:
        """`admits`: whether the disk has room for a row of so many bytes."""
        self._repository, self._admits = repository, admits
        self._throttle = KeyThrottle(1.0 / per_second if per_second else 0.0, MAX_THINNED, now)
        # Rows as the repository takes them.
        self._queue: WriteBehind[list[Any]] = WriteBehind(
            "AprilTag readings", writer, repository.insert_job, LIMITS, now
        )

    def keep(self, reading: Reading, board: str, door: str, source: str | None, received_at: float) -> None:
        """Queue a reading, unless one of the same board and tag was stored a moment ago."""
        if not self._throttle.due((board, reading.tag_id)):
            return
        payload = orjson.dumps(reading.payload).decode()
        if not self._admits(len(payload)):
            self._queue.lose(1, NO_ROOM)
            return
        row = [board, reading.tag_id, received_at, reading.clock, door, source or "", payload]
        self._queue.add(row, len(payload))

    def warnings(self) -> list[str]:
        """A sentence for the operator while readings are not stored."""
        if not self._queue.losing or self.lost == self.lost_by[NO_ROOM]:
            return []
        return [
            f"AprilTag readings arrive faster than they can be stored: {self.lost} since the start were acknowledged "
            "and passed on to games, but not stored. Set apriltag.store_per_second to store fewer of each tag, or find "
            "the board that sends too many."
        ]

    def run(self) -> None:
        """The writing greenlet."""
        self._queue.run()

    def flush(self) -> None:
        """Write the pending readings. Raises StoreBusy; they then stay pending."""
        self._queue.flush()

    def close(self) -> None:
        """Write the pending readings; those that cannot be written are counted and logged."""
        self._queue.close()

    def find(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """The readings that match, newest first, pending ones among them; the cursor of the older ones."""
        with suppress(StoreBusy):  # stored readings are found all the same
            self.flush()
        rows = self._repository.page(query)
        return offload(self._repository.unreadable.page, rows, query.limit, self._shown, READINGS)

    @staticmethod
    def _shown(row: Row) -> dict[str, Any]:
        return {
            **orjson.loads(row["payload"]),
            "id": row["seq"],
            "board": row["board"],
            "tag_id": row["tag_id"],
            "door": row["door"],
            "source": row["source"] or None,
            "received_at": utc_text(row["received_at"]),
            "server_timestamp": row["received_at"],
        }

    @property
    def stored(self) -> int:
        """Readings that were stored since the start."""
        return self._queue.stored

    @property
    def thinned(self) -> int:
        """Readings that the setting left out."""
        return self._throttle.refused

    @property
    def lost(self) -> int:
        """Readings that were acknowledged and published, and not stored."""
        return self._queue.lost

    @property
    def lost_by(self) -> Counter[str]:
        """The same by cause."""
        return self._queue.lost_by

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {**self._queue.status(), "thinned": self.thinned}
