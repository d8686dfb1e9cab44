"""What the writer does on its native thread: stores a batch of pending writes in one commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

from hub.store.backend import Backend, Connection
from hub.store.batch import BatchStore
from hub.store.database_faults import REPAIR, DatabaseFaults
from hub.store.pending_write import Job, PendingWrite, StoreBusy
from hub.store.transaction import Transaction

log = logging.getLogger(__name__)


class Committer:
    """The writer's connection. All of it is used on one native thread.

    `rejected`: is called with the error of a record that needs a damaged part of the database.
    """

    def __init__(self, backend: Backend, faults: DatabaseFaults, rejected: Callable[[Exception], None]) -> None:
        self._backend, self._faults, self._rejected = backend, faults, rejected
        self._outages: tuple[type[Exception], ...] = (*backend.outages, OSError)  # no record can be stored
        self._connection: Connection | None = None
        self._set_up: set[BatchStore | None] = set()
        self.commits = 0
        self.records = 0

    def commit(self, batch: list[PendingWrite]) -> list[Any]:
        """Store a batch in one commit; each write's result or exception. Raises what makes all of them fail."""
        if self._connection is None:
            self._connection = self._backend.connect()
            self._set_up.clear()
        connection = self._connection
        for store in {write.store for write in batch} - self._set_up:
            if store is not None:
                for sql in store.setup:
                    connection.execute(sql)
                self._set_up.add(store)
        try:
            results = self._single_statement(connection, batch) or self._savepoints(connection, batch)
        except self._backend.errors as error:
            if self._backend.fault(error) != "corrupt":
                raise
            self.disconnect()
            if len(batch) == 1:
                return [self._rejection(error)]
            # A damaged page ends the transaction; the records that do not touch it are stored without the others.
            middle = len(batch) // 2
            return self.commit(batch[:middle]) + self.commit(batch[middle:])
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
            self.disconnect()
            raise
        except Exception as error:  # caused by one of the items: with savepoints it is rejected on its own
            self._undo(connection, transaction)
            if self._backend.fault(error) == "corrupt":
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
            if isinstance(error, self._backend.outages):
                self.disconnect()
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
            if self._backend.fault(error) == "corrupt":
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
        self._rejected(error)
        self._faults.report_write(error)
        return StoreBusy(
            f"The hub cannot store this record: a part of its database {self._backend.title} cannot be read "
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
        except self._backend.errors as error:
            log.debug("Rolling back failed: %s", error)
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connection; the next commit opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
