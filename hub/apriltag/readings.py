"""Stored AprilTag readings: thinned by a setting, written later in group commits, found again page by page."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
import orjson
from gevent.event import Event
from gevent.lock import Semaphore

from hub.apriltag.contract.reading import Reading
from hub.apriltag.repository import READINGS, Query, ReadingRepository
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
        self.stored = self.thinned = self.lost = 0

    def keep(self, reading: Reading, board: str, door: str, source: str | None, received_at: float) -> None:
        """Queue a reading, unless one of the same board and tag was stored a moment ago."""
        if self._pause and not self._is_due((board, reading.tag_id)):
            self.thinned += 1
            return
        payload = orjson.dumps(reading.payload).decode()
        if len(self._pending) >= MAX_PENDING or self._pending_bytes + len(payload) > MAX_PENDING_BYTES:
            if not self.lost:
                log.error(
                    "%d readings wait to be stored, as many as there is room for; "
                    "new ones are not stored until there is.",
                    len(self._pending),
                )
            self.lost += 1
            return
        self._pending.append([board, reading.tag_id, received_at, reading.clock, door, source or "", payload])
        self._pending_bytes += len(payload)
        self._wake.set()

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
                self._writer.write(self._repository.insert_job(rows), size)
                for _ in rows:
                    self._pending.popleft()
                self._pending_bytes -= size
                end -= len(rows)
                self.stored += len(rows)

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
