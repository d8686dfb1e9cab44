"""The one writer: records of many requests in one commit, on one native thread with its own connection.

A greenlet that yields between flush and commit deadlocks SQLite against the other greenlets of its process, and one
commit per request is capped by the disk's flushes. So requests hand a job to `Writer.write`; the jobs that arrive while
a commit runs go into the next one together, and each request is answered after the commit that holds its rows.

Every SQL statement releases the GIL and must win it back from a busy event loop, which takes longer than most
statements. So records that arrive by the thousand are handed to `Writer.write_with` instead: a `BatchStore` stores all
items of a commit by one statement that commits itself.
"""

from __future__ import annotations

import errno
import logging
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar, cast

import gevent
from gevent.monkey import get_original
from gevent.threadpool import ThreadPool

from hub.runtime.histogram import Histogram
from hub.runtime.offload import in_pool
from hub.store.backend import Backend
from hub.store.batch import BatchStore
from hub.store.commit import Committer
from hub.store.database_faults import DatabaseFaults
from hub.store.pending_write import Job, PendingWrite, StoreBusy
from hub.store.transaction import Transaction

__all__ = ["Job", "StoreBusy", "Writer"]

log = logging.getLogger(__name__)

T = TypeVar("T")
BATCH = 200
EARLY = 6  # so many pending writes are committed while the event loop is still busy with others that came with them
COMMIT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LOG_SECONDS = 10.0  # between two log lines about records that could not be stored
MAX_PENDING_BYTES = 256 * 1024 * 1024


class Writer:
    """Group commit. `write(job)` returns the job's result once it is durable."""

    def __init__(self, backend: Backend, queue: int = 2000, faults: DatabaseFaults | None = None) -> None:
        self.backend = backend
        self.faults = faults or DatabaseFaults(backend)
        self._limit = queue
        self._errors: tuple[type[Exception], ...] = (*backend.errors, OSError)  # what a failed commit raises
        self._committer = Committer(backend, self.faults, self._note_rejected)
        self._pending: deque[PendingWrite] = deque()
        self._pending_bytes = 0  # of the writes that are not answered yet
        self._committed = 0  # how many writes the last commit had
        self._loop: Any = None
        self._pool = ThreadPool(1)
        self._signals: Any = get_original("queue", "SimpleQueue")()  # wakes the native thread
        self._idle = False  # whether the native thread waits for a signal
        self._scheduled = False  # whether `_end_of_round` is
        self._closed = False
        self.last_error = ""
        self.failure: Exception | None = None  # why the last commit failed; None after one that did not
        self.disk_full = False  # whether that was for want of room
        self.not_stored = 0  # records that were refused since the start because they could not be stored
        self._log_at = 0.0
        self.commit_seconds = Histogram(COMMIT_BOUNDS)
        self.commit_began: float | None = None  # monotonic; None while none runs

    def write(self, job: Callable[[Transaction], T], size: int = 0) -> T:
        """Run `job` in the next commit; its result after that commit. Raises what the job raised, or StoreBusy.

        `size`: bytes that the job holds in memory (its pictures).
        """
        return cast(T, self._await(PendingWrite(job, None, None, size)))

    def write_with(self, store: BatchStore, item: Any, size: int = 0) -> Any:
        """Write `item`, which `store` stores together with the others of a commit; when that fails, each on its own."""
        return self._await(PendingWrite(None, store, item, size))

    def _await(self, write: PendingWrite) -> Any:
        if self._closed:
            raise StoreBusy("The hub is stopping. Send the record again in a few seconds.")
        if len(self._pending) >= self._limit or (
            self._pending and self._pending_bytes + write.size > MAX_PENDING_BYTES
        ):
            raise StoreBusy(
                "The hub has more records waiting than it can hold. Send the record again in a few seconds."
            )
        self._pending.append(write)
        self._pending_bytes += write.size
        if not self._scheduled and self._loop is not None:
            self._scheduled = True
            self._loop.run_callback(self._end_of_round)
        if self._idle and len(self._pending) >= EARLY:
            self._wake()
        return write.waiter.get()

    def _end_of_round(self) -> None:
        """On the event loop, once it has handled all that had arrived: commit what is pending, however little."""
        self._scheduled = False
        self._wake()

    def _wake(self) -> None:
        if self._idle:
            self._idle = False
            self._signals.put(None)

    def run(self) -> None:
        """The writer's greenlet: has the native thread commit the pending writes together, until `close()`."""
        self._loop = gevent.get_hub().loop
        self._wake()  # for what has arrived before
        in_pool(self._pool, self._commit_until_closed)
        in_pool(self._pool, self._committer.disconnect)

    def _commit_until_closed(self) -> None:
        """On the native thread: one commit after the other while anything is pending.

        The next one begins at once, without waiting for the event loop, which answers the last one's senders meanwhile.
        """
        while True:
            while self._pending:
                self._commit_pending()
            if self._closed:
                return
            self._idle = True
            if self._pending or self._closed:
                self._idle = False
            else:
                self._signals.get()

    def _commit_pending(self) -> None:
        batch = [self._pending.popleft() for _ in range(self._share())]
        began = self.commit_began = monotonic()
        results = self._results(batch)
        self.commit_began = None
        self._committed = len(batch)
        self._loop.run_callback_threadsafe(self._answer, batch, results, monotonic() - began)

    def _share(self) -> int:
        """How many pending writes the next commit takes: about half of all that are under way.

        The senders of one half are answered, and send again, while the other half is committed. If one commit took all,
        it would wait for the event loop, and then the event loop for it.
        """
        pending = len(self._pending)
        return min(pending, max(EARLY, (self._committed + pending + 1) // 2), BATCH)

    @property
    def pending(self) -> int:
        """The number of writes that wait for a commit."""
        return len(self._pending)

    @property
    def commits(self) -> int:
        """The number of commits since the start."""
        return self._committer.commits

    @property
    def records(self) -> int:
        """The number of writes that were committed since the start."""
        return self._committer.records

    def _results(self, batch: list[PendingWrite]) -> list[Any]:
        """Commit a batch on the native thread; each write's result or exception."""
        try:
            results = self._committer.commit(batch)
            self.failure, self.disk_full = None, False
            return results
        except self._errors as error:
            self._fail(error, len(batch))
            return [self._busy(error)] * len(batch)
        except Exception as error:  # a bug: every sender of the batch gets the error, and the next commit goes on
            self.last_error = f"{type(error).__name__}: {error}"
            log.exception("%d records could not be stored.", len(batch))
            return [error] * len(batch)

    def _answer(self, batch: list[PendingWrite], results: list[Any], seconds: float) -> None:
        """On the event loop: continue the greenlets whose writes are committed."""
        self.commit_seconds.observe(seconds)
        for write, result in zip(batch, results, strict=True):
            self._pending_bytes -= write.size
            if isinstance(result, Exception):
                self._loop.run_callback(write.waiter.throw, result)
            else:
                self._loop.run_callback(write.waiter.switch, result)

    def _note_rejected(self, error: Exception) -> None:
        self.not_stored += 1
        self.last_error = f"{type(error).__name__}: {error}"

    def _fail(self, error: Exception, records: int) -> None:
        """Keep why a commit failed, for the status page; logged at intervals."""
        if isinstance(error, OSError):
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        else:
            full = self.backend.fault(error) == "full"
        self.last_error = f"{type(error).__name__}: {error}"
        self.failure, self.disk_full = error, full
        self.not_stored += records
        if monotonic() >= self._log_at:  # a disk that fails now and then logs no line for each time
            self._log_at = monotonic() + LOG_SECONDS
            log.error("%d records could not be stored: %s (%d since the start)", records, error, self.not_stored)

    def _busy(self, error: Exception) -> StoreBusy:
        return StoreBusy(f"The hub cannot store now ({error}). {self.backend.advice}; the record may be sent again.", 5)

    def probe(self) -> None:
        """Find out whether records can be stored again. Raises StoreBusy."""
        self.write(lambda transaction: transaction.touch(self.backend))

    def close(self) -> None:
        """Accept no more records; `run` ends after the pending ones are committed."""
        self._closed = True
        self._wake()

    def status(self) -> dict[str, Any]:
        """For the status page: pending records, commits, stored records, refused records, the last error."""
        return {
            "waiting": len(self._pending),
            "limit": self._limit,
            "commits": self.commits,
            "longest_commit_ms": round(self.commit_seconds.longest * 1000, 1),
            "records": self.records,
            "not_stored": self.not_stored,
            "last_error": self.last_error,
        }
