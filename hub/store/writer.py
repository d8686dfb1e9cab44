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

from gevent.event import AsyncResult, Event
from gevent.threadpool import ThreadPool

from hub.contract.errors import Unavailable
from hub.runtime.histogram import Histogram
from hub.runtime.offload import in_pool
from hub.store.backend import Backend, Connection
from hub.store.batch import BatchStore
from hub.store.database_faults import REPAIR, DatabaseFaults
from hub.store.transaction import Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[Transaction], Any]
BATCH = 200
COMMIT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LOG_SECONDS = 10.0  # between two log lines about records that could not be stored
MAX_PENDING_BYTES = 256 * 1024 * 1024


class StoreBusy(Unavailable):
    """The record cannot be written now (503); the sender may try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message, retry_after=retry_after)


class PendingWrite:
    """A write that is not committed yet, and who awaits it: `job(transaction)`, or an `item` for `store`."""

    __slots__ = ("job", "store", "item", "size", "done")

    def __init__(self, job: Job | None, store: BatchStore | None, item: Any, size: int) -> None:
        self.job, self.store, self.item, self.size = job, store, item, size
        self.done: AsyncResult[Any] = AsyncResult()


class Writer:
    """Group commit. `write(job)` returns the job's result once it is durable."""

    def __init__(self, backend: Backend, queue: int = 2000, faults: DatabaseFaults | None = None) -> None:
        self.backend = backend
        self.faults = faults or DatabaseFaults(backend)
        self._limit = queue
        self._outages: tuple[type[Exception], ...] = (*backend.outages, OSError)  # no record can be stored
        self._errors: tuple[type[Exception], ...] = (*backend.errors, OSError)  # what a failed commit raises
        self._pending: deque[PendingWrite] = deque()
        self._pending_bytes = 0
        self._wake = Event()
        self._pool = ThreadPool(1)
        self._connection: Connection | None = None
        self._set_up: set[BatchStore | None] = set()
        self._closed = False
        self.commits = 0
        self.records = 0
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
        self._wake.set()
        return write.done.get()

    def run(self) -> None:
        """The writer's greenlet: commits the pending writes together; ends after `close()` with none left."""
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._pending:
                batch = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
                self._pending_bytes -= sum(write.size for write in batch)
                self._answer(batch)
            if self._closed:
                in_pool(self._pool, self._disconnect)
                return

    @property
    def pending(self) -> int:
        """The number of writes that wait for a commit."""
        return len(self._pending)

    def _answer(self, batch: list[PendingWrite]) -> None:
        began = self.commit_began = monotonic()
        try:
            results = in_pool(self._pool, self._commit, batch)
            self.failure, self.disk_full = None, False
        except self._errors as error:
            self._fail(error, len(batch))
            results = [self._busy(error)] * len(batch)
        except Exception as error:  # a bug: every sender of the batch gets the error, and the next commit goes on
            self.last_error = f"{type(error).__name__}: {error}"
            log.exception("%d records could not be stored.", len(batch))
            results = [error] * len(batch)
        self.commit_began = None
        self.commit_seconds.observe(monotonic() - began)
        for write, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                write.done.set_exception(result)
            else:
                write.done.set(result)

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

    def _commit(self, batch: list[PendingWrite]) -> list[Any]:
        """Store a batch in one commit, on the native thread; each write's result or exception."""
        if self._connection is None:
            self._connection = self.backend.connect()
            self._set_up.clear()
        connection = self._connection
        for store in {write.store for write in batch} - self._set_up:
            if store is not None:
                for sql in store.setup:
                    connection.execute(sql)
                self._set_up.add(store)
        try:
            results = self._single_statement(connection, batch) or self._savepoints(connection, batch)
        except self.backend.errors as error:
            if self.backend.fault(error) != "corrupt":
                raise
            self._disconnect()
            if len(batch) == 1:
                return [self._rejection(error)]
            # A damaged page ends the transaction; the records that do not touch it are stored without the others.
            middle = len(batch) // 2
            return self._commit(batch[:middle]) + self._commit(batch[middle:])
        self.commits += 1
        self.records += len(batch)
        return results

    def _single_statement(self, connection: Connection, batch: list[PendingWrite]) -> list[Any] | None:
        """Store a batch of one kind by its one statement; None where it has none or the items are not all new."""
        store = batch[0].store
        if store is None or any(write.store is not store for write in batch):
            return None
        transaction = Transaction(connection)
        try:
            made = store.single_statement(transaction, [write.item for write in batch])
            if made is None:
                return None
            for finish in tuple(transaction.before_commit.values()):
                finish()
            cursor = connection.execute(made[0], made[1])
            results = made[2](cursor) if callable(made[2]) else made[2]
        except self._outages:
            self._undo(connection, transaction)
            self._disconnect()
            raise
        except Exception as error:  # caused by one of the items: with savepoints it is rejected on its own
            self._undo(connection, transaction)
            if self.backend.fault(error) == "corrupt":
                raise
            log.debug("Stored with savepoints: %s", error)
            return None
        left = [write for write, result in zip(batch, results, strict=True) if result is None]
        others = iter(self._savepoints(connection, left) if left else ())
        return [next(others) if result is None else result for result in results]

    def _savepoints(self, connection: Connection, batch: list[PendingWrite]) -> list[Any]:
        """Store a batch in one transaction, every job in a savepoint of its own."""
        transaction = Transaction(connection)
        try:
            connection.begin()
            results = self._work(connection, transaction, batch)
            for finish in tuple(transaction.before_commit.values()):
                finish()
            connection.commit()
            for notify in transaction.after_commit:
                notify()
        except Exception as error:  # of whatever kind: no transaction may stay open
            self._undo(connection, transaction)
            if isinstance(error, self.backend.outages):
                self._disconnect()
            raise
        return results

    def _work(self, connection: Connection, transaction: Transaction, batch: list[PendingWrite]) -> list[Any]:
        results: dict[PendingWrite, Any] = {}
        together: dict[BatchStore, list[PendingWrite]] = {}
        for write in batch:
            if write.store is not None:
                together.setdefault(write.store, []).append(write)
            elif write.job is not None:
                results[write] = self._savepoint(connection, transaction, write.job)
        for store, some in together.items():
            stored = self._together(connection, transaction, store, [write.item for write in some])
            results.update(zip(some, stored, strict=True))
        return [results[write] for write in batch]

    def _together(
        self, connection: Connection, transaction: Transaction, store: BatchStore, items: list[Any]
    ) -> list[Any]:
        """Each item's result. When not all can be stored together, each is stored on its own."""
        found = self._savepoint(connection, transaction, lambda transaction: store.store(transaction, items))
        if not isinstance(found, Exception):
            return cast(list[Any], found)
        if len(items) == 1:
            return [found]
        return [result for item in items for result in self._together(connection, transaction, store, [item])]

    def _savepoint(self, connection: Connection, transaction: Transaction, job: Job) -> Any:
        undo = len(transaction.on_failure)
        connection.savepoint()
        try:
            result = job(transaction)
        except self._outages:
            raise  # the disk or the database: no record can be stored
        except Exception as error:  # this record is rejected on its own; the rest of the batch is stored
            if self.backend.fault(error) == "corrupt":
                raise
            connection.rollback_to_savepoint()
            for step in transaction.on_failure[undo:]:
                step()
            del transaction.on_failure[undo:]
            result = error
        connection.release_savepoint()
        return result

    def _rejection(self, error: Exception) -> StoreBusy:
        """The result of a record that needs a page of the database which cannot be read."""
        self.not_stored += 1
        self.last_error = f"{type(error).__name__}: {error}"
        self.faults.report_write(error)
        return StoreBusy(
            f"The hub cannot store this record: a part of its database {self.backend.title} cannot be read "
            f"({error}). {REPAIR}",
            60,
        )

    def _undo(self, connection: Connection, transaction: Transaction) -> None:
        for step in transaction.on_failure:
            try:
                step()
            except OSError as error:
                log.warning("A picture of a record that was not stored stays behind: %s", error)
        try:
            connection.rollback()
        except self.backend.errors as error:
            log.debug("Rolling back failed: %s", error)
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Accept no more records; `run` ends after the pending ones are committed."""
        self._closed = True
        self._wake.set()

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
