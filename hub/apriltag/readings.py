"""Stored AprilTag readings: thinned by a setting, written later in group commits, found again page by page."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
import orjson
from gevent.event import Event
from gevent.lock import Semaphore

from hub.access.rate_limits import LogThrottle
from hub.apriltag.contract.reading import Reading
from hub.apriltag.repository import READINGS, Query, ReadingRepository
from hub.contract.errors import RequestError
from hub.contract.times import utc_text
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

MAX_PENDING = 20_000
MAX_PENDING_BYTES = 32 * 1024 * 1024
MAX_THINNED = 10_000  # boards and tags whose next due time is kept
BATCH = 500
BATCH_BYTES = 1024 * 1024
LOG_SECONDS = 10.0
WARN_SECONDS = 60.0  # after the last reading that was not stored
GATHER_SECONDS = 0.1  # readings of this time go into one commit
RETRY_SECONDS = 2.0


class Readings:
    """A write-behind queue: `keep()` never blocks, `run()` writes."""

    def __init__(
        self,
        writer: Writer,
        repository: ReadingRepository,
        per_second: float = 0.0,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._writer, self._repository, self._now = writer, repository, now
        self._pause = 1.0 / per_second if per_second else 0.0
        self._due: OrderedDict[tuple[str, int | None], float] = OrderedDict()
        self._pending: deque[list[Any]] = deque()  # rows as the repository takes them, the payload last
        self._pending_bytes = 0
        self._wake, self._lock = Event(), Semaphore(1)
        self._throttle = LogThrottle(LOG_SECONDS)
        self._lost_at: float | None = None
        self.stored = self.thinned = self.lost = 0
        self.lost_by: Counter[str] = Counter()  # readings that were acknowledged and not stored, by cause

    def keep(self, reading: Reading, board: str, door: str, source: str | None, received_at: float) -> None:
        """Queue a reading, unless one of the same board and tag was stored a moment ago."""
        if self._pause and not self._is_due((board, reading.tag_id)):
            self.thinned += 1
            return
        payload = orjson.dumps(reading.payload).decode()
        if len(self._pending) >= MAX_PENDING:
            self._lose(1, "too many waiting")
            return
        if self._pending_bytes + len(payload) > MAX_PENDING_BYTES:
            self._lose(1, "too many bytes waiting")
            return
        self._pending.append([board, reading.tag_id, received_at, reading.clock, door, source or "", payload])
        self._pending_bytes += len(payload)
        self._wake.set()

    def _lose(self, number: int, cause: str) -> None:
        """Count readings that were acknowledged and published, and are not stored; logged at intervals."""
        self.lost += number
        self.lost_by[cause] += number
        self._lost_at = self._now()
        if self._throttle.due():
            log.error(
                "AprilTag readings are not stored (%s): %d since the start; %d wait to be stored.",
                cause,
                self.lost,
                len(self._pending),
            )

    def warnings(self) -> list[str]:
        """A sentence for the operator while readings are not stored."""
        if self._lost_at is None or self._now() - self._lost_at > WARN_SECONDS:
            return []
        return [
            f"AprilTag readings arrive faster than they can be stored: {self.lost} since the start were acknowledged "
            "and passed on to games, but not stored. Set apriltag.store_per_second to store fewer of each tag, or find "
            "the board that sends too many."
        ]

    def _is_due(self, key: tuple[str, int | None]) -> bool:
        now = self._now()
        if now < self._due.get(key, now):
            return False
        self._due[key] = now + self._pause
        self._due.move_to_end(key)
        if len(self._due) > MAX_THINNED:
            self._due.popitem(last=False)
        return True

    def run(self) -> None:
        """The writing greenlet: the readings of 0.1 s go into one commit."""
        while True:
            self._wake.wait()
            self._wake.clear()
            gevent.sleep(GATHER_SECONDS)
            try:
                self.flush()
            except StoreBusy as error:
                log.warning("Readings wait to be stored: %s", error)
                gevent.sleep(RETRY_SECONDS)
                self._wake.set()

    def flush(self) -> None:
        """Write the pending readings. Raises StoreBusy; they then stay pending."""
        with self._lock:
            end = len(self._pending)
            while end > 0:
                rows, size = self._batch(end)
                stored = self._write(rows, size)
                for _ in rows:
                    self._pending.popleft()
                self._pending_bytes -= size
                end -= len(rows)
                self.stored += stored
                if stored < len(rows):
                    self._lose(len(rows) - stored, "not storable")

    def _write(self, rows: list[list[Any]], size: int) -> int:
        """Write rows in one commit, or where one of them cannot be stored each by itself; how many were stored."""
        try:
            self._writer.write(self._repository.insert_job(rows), size)
        except StoreBusy:
            raise
        except Exception as error:  # whatever a row raises, it must not keep the others waiting for ever
            if len(rows) == 1:
                log.warning("A reading of board %s cannot be stored: %s", rows[0][0], error)
                return 0
            middle = len(rows) // 2
            return self._write(rows[:middle], size) + self._write(rows[middle:], size)
        return len(rows)

    def close(self) -> None:
        """Write the pending readings; those that cannot be written are counted and logged."""
        try:
            self.flush()
        except RequestError as error:
            log.error("%d readings were not stored at the end: %s", len(self._pending), error)
            self._lose(len(self._pending), "end of the hub")

    def _batch(self, end: int) -> tuple[list[list[Any]], int]:
        """The first pending rows, at least one, and the bytes of their payloads."""
        rows: list[list[Any]] = []
        size = 0
        while len(rows) < min(BATCH, end) and (not rows or size + len(self._pending[len(rows)][-1]) <= BATCH_BYTES):
            size += len(self._pending[len(rows)][-1])
            rows.append(self._pending[len(rows)])
        return rows, size

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

    def status(self) -> dict[str, Any]:
        return {"stored": self.stored, "thinned": self.thinned, "waiting": len(self._pending), "not_stored": self.lost}
