"""The one writer: records of many requests in one commit, on one native thread with its own connection.

A greenlet that yields between flush and commit deadlocks SQLite against the other greenlets of its process, and a
commit per request is capped by the disk's flushes. So requests hand a job to `Writer.write`, jobs that wait while a commit runs
go into the next one together, and each request is answered after the commit that holds its rows.

Every SQL statement lets go of the interpreter and must win it back from a busy event loop, which takes longer than most statements. So what
comes by the thousand is handed to `Writer.write_with` instead: a `Bulk` stores all items of a commit by one statement that commits itself.
"""

from __future__ import annotations

import logging
import sqlite3
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gevent.event import AsyncResult, Event
from gevent.threadpool import ThreadPool

from hub.contract.errors import Unavailable
from hub.runtime.offload import in_pool
from hub.store.database import connect

log = logging.getLogger(__name__)

T = TypeVar("T")
BATCH = 200
GATHER_SECONDS = 0.001
MAX_WAITING_BYTES = 256 * 1024 * 1024


class StoreBusy(Unavailable):
    """The record cannot be written now (503); the sender may come again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message, retry_after=retry_after)


class Transaction:
    """What a job may do: execute SQL, and say what to undo or finish with the commit that it became part of."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.before_commit: dict[str, Callable[[], Any]] = {}
        self.shared: dict[str, Any] = {}  # what the jobs of one commit gather for a step before it
        self.on_failure: list[Callable[[], None]] = []

    def execute(self, sql: str, params: dict[str, Any] | Sequence[Any]) -> sqlite3.Cursor:
        return self._connection.execute(sql, params)

    def one(self, sql: str, params: dict[str, Any]) -> sqlite3.Row | None:
        return self._connection.execute(sql, params).fetchone()


class Bulk(ABC):
    """How items of one kind are stored, many at once. Its methods run on the writer's thread."""

    setup: tuple[str, ...] = ()  # statements that the writer's connection runs once

    def statement(self, transaction: Transaction, items: list[Any]) -> tuple[str, Sequence[Any], list[Any]] | None:
        """One statement that stores all items as a transaction of its own, its parameters, and each item's result; None where that cannot be.

        Where it breaks a constraint or cannot be made, `store` is called instead.
        """
        return None

    @abstractmethod
    def store(self, transaction: Transaction, items: list[Any]) -> list[Any]:
        """Store the items inside a transaction, by as many statements as it takes; a result for each, in their order."""


class Waiting:
    """One piece of work and who waits for it: `job(transaction)`, or an `item` for `bulk`."""

    __slots__ = ("job", "bulk", "item", "size", "done")

    def __init__(self, job: Callable[[Transaction], Any] | None, bulk: Bulk | None, item: Any, size: int) -> None:
        self.job, self.bulk, self.item, self.size = job, bulk, item, size
        self.done: AsyncResult = AsyncResult()


class Writer:
    """Group commit. `write(job)` returns the job's result once it is durable."""

    def __init__(self, path: Path, synchronous: str = "FULL", queue: int = 2000) -> None:
        self._path = path
        self._synchronous = synchronous
        self._limit = queue
        self._waiting: deque[Waiting] = deque()
        self._waiting_bytes = 0
        self._wake = Event()
        self._pool = ThreadPool(1)
        self._connection: sqlite3.Connection | None = None
        self._set_up: set[Bulk | None] = set()
        self._closed = False
        self.commits = 0
        self.records = 0
        self.last_error = ""

    def write(self, job: Callable[[Transaction], T], size: int = 0) -> T:
        """Run `job` in the next commit; its result after that commit. Raises what the job raised, or StoreBusy.

        `size`: bytes that the job holds in memory (its pictures).
        """
        return self._wait_for(Waiting(job, None, None, size))

    def write_with(self, bulk: Bulk, item: Any, size: int = 0) -> Any:
        """The same for `item`, which `bulk` stores together with the others of a commit; when that fails, each alone."""
        return self._wait_for(Waiting(None, bulk, item, size))

    def _wait_for(self, waiting: Waiting) -> Any:
        if self._closed:
            raise StoreBusy("The hub is stopping. Send the record again in a few seconds.")
        if len(self._waiting) >= self._limit or (
            self._waiting and self._waiting_bytes + waiting.size > MAX_WAITING_BYTES
        ):
            raise StoreBusy(
                "The hub has more records waiting than it can hold. Send the record again in a few seconds."
            )
        self._waiting.append(waiting)
        self._waiting_bytes += waiting.size
        self._wake.set()
        return waiting.done.get()

    def run(self) -> None:
        """The writer's greenlet: has what waits committed together; ends after `close()` with nothing left."""
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._waiting_bytes -= sum(waiting.size for waiting in batch)
                self._answer(batch)
            if self._closed:
                in_pool(self._pool, self._disconnect)
                return

    def _answer(self, batch: list[Waiting]) -> None:
        try:
            results = in_pool(self._pool, self._commit, batch)
        except (sqlite3.Error, OSError) as error:
            self.last_error = f"{type(error).__name__}: {error}"
            log.error("%d records could not be stored: %s", len(batch), error)
            results = [
                StoreBusy(
                    f"The hub cannot store now ({error}). Make room or check the disk; the record may be sent again.", 5
                )
            ] * len(batch)
        except Exception as error:  # a mistake of ours: whoever waits is told, and the next commit goes on
            self.last_error = f"{type(error).__name__}: {error}"
            log.exception("%d records could not be stored.", len(batch))
            results = [error] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                waiting.done.set_exception(result)
            else:
                waiting.done.set(result)

    def _commit(self, batch: list[Waiting]) -> list[Any]:
        """On the native thread: every job in a savepoint of its own, then one commit. Returns results or exceptions."""
        if self._connection is None:
            self._connection = connect(self._path, self._synchronous)
            self._set_up.clear()
        connection = self._connection
        for bulk in {waiting.bulk for waiting in batch} - self._set_up - {None}:
            for statement in bulk.setup:
                connection.execute(statement)
            self._set_up.add(bulk)
        results = self._at_once(connection, batch) or self._in_steps(connection, batch)
        self.commits += 1
        self.records += len(batch)
        return results

    def _at_once(self, connection: sqlite3.Connection, batch: list[Waiting]) -> list[Any] | None:
        """A batch of one kind by its one statement; None where it has none or the items are not all new."""
        bulk = batch[0].bulk
        if bulk is None or any(waiting.bulk is not bulk for waiting in batch):
            return None
        transaction = Transaction(connection)
        try:
            made = bulk.statement(transaction, [waiting.item for waiting in batch])
            if made is None:
                return None
            for finish in tuple(transaction.before_commit.values()):
                finish()
            connection.execute(made[0], made[1])
        except (sqlite3.OperationalError, OSError):
            self._undo(connection, transaction)
            raise
        except Exception as error:  # one of the items: step by step it costs nobody but itself
            log.debug("Stored step by step: %s", error)
            self._undo(connection, transaction)
            return None
        return made[2]

    def _in_steps(self, connection: sqlite3.Connection, batch: list[Waiting]) -> list[Any]:
        transaction = Transaction(connection)
        try:
            connection.execute("BEGIN IMMEDIATE")
            results = self._work(connection, transaction, batch)
            for finish in tuple(transaction.before_commit.values()):
                finish()
            connection.execute("COMMIT")
        except Exception:  # of whatever kind: no transaction may stay open
            self._undo(connection, transaction)
            raise
        return results

    def _work(self, connection: sqlite3.Connection, transaction: Transaction, batch: list[Waiting]) -> list[Any]:
        results: dict[Waiting, Any] = {}
        together: dict[Bulk, list[Waiting]] = {}
        for waiting in batch:
            if waiting.bulk is not None:
                together.setdefault(waiting.bulk, []).append(waiting)
            else:
                results[waiting] = self._savepoint(connection, transaction, waiting.job)
        for bulk, some in together.items():
            results.update(
                zip(
                    some, self._together(connection, transaction, bulk, [waiting.item for waiting in some]), strict=True
                )
            )
        return [results[waiting] for waiting in batch]

    def _together(
        self, connection: sqlite3.Connection, transaction: Transaction, bulk: Bulk, items: list[Any]
    ) -> list[Any]:
        """What `bulk` makes of `items`; when it fails, of each alone, so that the others of a bad item are stored."""
        found = self._savepoint(connection, transaction, lambda transaction: bulk.store(transaction, items))
        if not isinstance(found, Exception):
            return found
        if len(items) == 1:
            return [found]
        return [result for item in items for result in self._together(connection, transaction, bulk, [item])]

    def _savepoint(
        self, connection: sqlite3.Connection, transaction: Transaction, job: Callable[[Transaction], Any]
    ) -> Any:
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
        return {
            "waiting": len(self._waiting),
            "commits": self.commits,
            "records": self.records,
            "last_error": self.last_error,
        }
