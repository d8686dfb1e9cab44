"""The one writer: records of many requests in one commit, on one native thread with its own connection.

A greenlet that yields between flush and commit deadlocks SQLite against the other greenlets of its process, and a
commit per request is capped by the disk's flushes. So requests hand a job to `Writer.write`, jobs that wait while a commit runs
go into the next one together, and each request is answered after the commit that holds its rows.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gevent
from gevent.event import AsyncResult, Event
from gevent.threadpool import ThreadPool

from ..background import in_pool
from ..contract.errors import ContractError
from .database import connect

log = logging.getLogger(__name__)

T = TypeVar("T")
BATCH = 200
GATHER_SECONDS = 0.001   # under load, so that one flush serves more records
MAX_WAITING_BYTES = 256 * 1024 * 1024


class StoreBusy(ContractError):
    """The record cannot be written now (503); the sender may come again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message, status=503, retry_after=retry_after)


class Transaction:
    """What a job may do: execute SQL, and say what to undo or finish with the commit that it became part of."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.before_commit: dict[str, Callable[[], Any]] = {}
        self.shared: dict[str, Any] = {}   # what the jobs of one commit gather for a step before it
        self.on_failure: list[Callable[[], None]] = []

    def execute(self, sql: str, params: dict[str, Any]) -> sqlite3.Cursor:
        return self._connection.execute(sql, params)

    def one(self, sql: str, params: dict[str, Any]) -> sqlite3.Row | None:
        return self._connection.execute(sql, params).fetchone()


class Writer:
    """Group commit. `write(job)` returns the job's result once it is durable."""

    def __init__(self, path: Path, synchronous: str = "FULL", queue: int = 2000) -> None:
        self._path = path
        self._synchronous = synchronous
        self._limit = queue
        self._waiting: deque[tuple[Callable[[Transaction], Any], AsyncResult, int]] = deque()
        self._waiting_bytes = 0
        self._wake = Event()
        self._pool = ThreadPool(1)
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self.commits = 0
        self.records = 0
        self.last_error = ""

    def write(self, job: Callable[[Transaction], T], size: int = 0) -> T:
        """Run `job` in the next commit; its result after that commit. Raises what the job raised, or StoreBusy.

        `size`: bytes that the job holds in memory (its pictures).
        """
        if self._closed:
            raise StoreBusy("The hub is stopping. Send the record again in a few seconds.")
        if len(self._waiting) >= self._limit or (self._waiting and self._waiting_bytes + size > MAX_WAITING_BYTES):
            raise StoreBusy("The hub has more records waiting than it can hold. Send the record again in a few seconds.")
        done: AsyncResult = AsyncResult()
        self._waiting.append((job, done, size))
        self._waiting_bytes += size
        self._wake.set()
        return done.get()

    def run(self) -> None:
        """The writer's greenlet: has what waits committed together; ends after `close()` with nothing left."""
        last = 0
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if last > 1:
                    gevent.sleep(GATHER_SECONDS)
                last = len(self._waiting)
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._waiting_bytes -= sum(size for _, _, size in batch)
                self._answer([(job, done) for job, done, _ in batch])
            if self._closed:
                in_pool(self._pool, self._disconnect)
                return

    def _answer(self, batch: list[tuple[Callable[[Transaction], Any], AsyncResult]]) -> None:
        try:
            results = in_pool(self._pool, self._commit, [job for job, _ in batch])
        except (sqlite3.Error, OSError) as error:
            self.last_error = f"{type(error).__name__}: {error}"
            log.error("%d records could not be stored: %s", len(batch), error)
            results = [StoreBusy(f"The hub cannot store now ({error}). Make room or check the disk; the record may be sent again.", 5)] * len(batch)
        for (_, done), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set(result)

    def _commit(self, jobs: list[Callable[[Transaction], Any]]) -> list[Any]:
        """On the native thread: every job in a savepoint of its own, then one commit. Returns results or exceptions."""
        if self._connection is None:
            self._connection = connect(self._path, self._synchronous)
        connection = self._connection
        transaction = Transaction(connection)
        results: list[Any] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                results.append(self._savepoint(connection, transaction, job))
            for finish in tuple(transaction.before_commit.values()):
                finish()
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError):
            self._undo(connection, transaction)
            raise
        self.commits += 1
        self.records += len(jobs)
        return results

    def _savepoint(self, connection: sqlite3.Connection, transaction: Transaction, job: Callable[[Transaction], Any]) -> Any:
        undo = len(transaction.on_failure)
        connection.execute("SAVEPOINT job")
        try:
            result = job(transaction)
        except (sqlite3.OperationalError, OSError):
            raise  # the disk or the database: nobody's record can be stored
        except Exception as error:  # this record only; its sender is told, the others go on
            connection.execute("ROLLBACK TO job")
            for step in transaction.on_failure[undo:]:
                step()
            del transaction.on_failure[undo:]
            result = error
        connection.execute("RELEASE job")
        return result

    def _undo(self, connection: sqlite3.Connection, transaction: Transaction) -> None:
        for step in transaction.on_failure:
            try:
                step()
            except OSError as error:
                log.warning("A picture of a record that was not stored stays behind: %s", error)
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            connection.close()
            self._connection = None

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Take no more records; what was taken is committed before `run` ends."""
        self._closed = True
        self._wake.set()

    def status(self) -> dict[str, Any]:
        return {"waiting": len(self._waiting), "commits": self.commits, "records": self.records, "last_error": self.last_error}
