"""A write that waits for its commit, and the error of one that cannot be written now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gevent.hub import Waiter

from hub.contract.errors import Unavailable
from hub.store.batch import BatchStore
from hub.store.transaction import Transaction

Job = Callable[[Transaction], Any]


class StoreBusy(Unavailable):
    """The record cannot be written now (503); the sender may try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message, retry_after=retry_after)


class PendingWrite:
    """A write that is not committed yet, and who awaits it: `job(transaction)`, or an `item` for `store`."""

    __slots__ = ("job", "store", "item", "size", "waiter")

    def __init__(self, job: Job | None, store: BatchStore | None, item: Any, size: int) -> None:
        self.job, self.store, self.item, self.size = job, store, item, size
        self.waiter: Waiter[Any] = Waiter()
