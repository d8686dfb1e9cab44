"""A bounded queue of rows that are written later, many in a commit, for records that nobody waits for."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

import gevent
from gevent.event import Event
from gevent.lock import Semaphore

from hub.contract.errors import RequestError
from hub.runtime.log_throttle import LogThrottle
from hub.store.writer import Job, StoreBusy, Writer

log = logging.getLogger(__name__)

R = TypeVar("R")

LOG_SECONDS = 10.0
WARN_SECONDS = 60.0  # after the last row that was not stored
GATHER_SECONDS = 0.1  # rows of this time go into one commit
RETRY_SECONDS = 2.0


@dataclass(frozen=True)
class QueueLimits:
    """Bounds of the pending rows and of one commit."""

    rows: int
    bytes: int
    batch_rows: int
    batch_bytes: int


class WriteBehind(Generic[R]):
    """`add()` never blocks and never raises; `run()` writes. A row that does not fit is counted and dropped."""

    def __init__(
        self,
        name: str,
        writer: Writer,
        insert_job: Callable[[Sequence[R]], Job],
        limits: QueueLimits,
        now: Callable[[], float] = monotonic,
    ) -> None:
        """`name`: plural, for log lines. `insert_job`: the job for the writer that inserts these rows."""
        self._name, self._writer, self._insert_job, self.limits, self._now = name, writer, insert_job, limits, now
        self._pending: deque[tuple[R, int]] = deque()
        self._pending_bytes = 0
        self._wake = Event()
        self.lock = Semaphore(1)  # held while rows are written; `discard` needs it
        self._throttle = LogThrottle(LOG_SECONDS)
        self._lost_at: float | None = None
        self.stored = self.lost = 0
        self.lost_by: Counter[str] = Counter()  # rows that were not stored, by cause

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, row: R, size: int) -> None:
        """Queue a row that holds `size` bytes."""
        if len(self._pending) >= self.limits.rows:
            self.lose(1, "too many waiting")
        elif self._pending_bytes + size > self.limits.bytes:
            self.lose(1, "too many bytes waiting")
        else:
            self._pending.append((row, size))
            self._pending_bytes += size
            self._wake.set()

    def lose(self, number: int, cause: str) -> None:
        """Count rows that are not stored; logged at intervals."""
        self.lost += number
        self.lost_by[cause] += number
        self._lost_at = self._now()
        if self._throttle.due():
            log.error(
                "%s are not stored (%s): %d since the start; %d wait to be stored.",
                self._name,
                cause,
                self.lost,
                len(self._pending),
            )

    @property
    def losing(self) -> bool:
        """Whether a row was lost a moment ago."""
        return self._lost_at is not None and self._now() - self._lost_at <= WARN_SECONDS

    def run(self) -> None:
        """The writing greenlet: the rows of 0.1 s go into one commit."""
        while True:
            self._wake.wait()
            self._wake.clear()
            gevent.sleep(GATHER_SECONDS)
            try:
                self.flush()
            except StoreBusy as error:
                log.warning("%s wait to be stored: %s", self._name, error)
                gevent.sleep(RETRY_SECONDS)
                self._wake.set()

    def flush(self) -> None:
        """Write the rows that are pending now. Raises StoreBusy; they then stay pending."""
        with self.lock:
            end = len(self._pending)
            while end > 0:
                batch, size = self._batch(end)
                stored = self._write(batch, size)
                for _ in batch:
                    self._pending.popleft()
                self._pending_bytes -= size
                end -= len(batch)
                self.stored += stored
                if stored < len(batch):
                    self.lose(len(batch) - stored, "not storable")

    def _batch(self, end: int) -> tuple[list[R], int]:
        """The first pending rows, at least one, and their bytes."""
        rows: list[R] = []
        total = 0
        for row, size in self._pending:
            full = len(rows) >= min(self.limits.batch_rows, end) or total + size > self.limits.batch_bytes
            if rows and full:
                break
            rows.append(row)
            total += size
        return rows, total

    def _write(self, rows: list[R], size: int) -> int:
        """Write rows in one commit, or where one of them cannot be stored each by itself; how many were stored."""
        try:
            self._writer.write(self._insert_job(rows), size)
        except StoreBusy:
            raise
        except Exception as error:  # whatever a row raises, it must not keep the others waiting for ever
            if len(rows) == 1:
                log.warning("One of the %s cannot be stored: %s", self._name, error)
                return 0
            middle = len(rows) // 2
            return self._write(rows[:middle], size) + self._write(rows[middle:], size)
        return len(rows)

    def discard(self, unwanted: Callable[[R], bool]) -> int:
        """Drop pending rows; how many. The caller holds `lock`."""
        kept = [(row, size) for row, size in self._pending if not unwanted(row)]
        dropped = len(self._pending) - len(kept)
        self._pending = deque(kept)
        self._pending_bytes = sum(size for _, size in kept)
        return dropped

    def close(self) -> None:
        """Write the pending rows; those that cannot be written are counted and logged."""
        try:
            self.flush()
        except RequestError as error:
            log.error("%d %s were not stored at the end: %s", len(self._pending), self._name, error)
            self.lose(len(self._pending), "end of the hub")

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {"stored": self.stored, "waiting": len(self._pending), "not_stored": self.lost}
