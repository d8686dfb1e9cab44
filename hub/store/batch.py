"""How records that arrive by the thousand are stored: all of a commit together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from hub.store.backend import Cursor
from hub.store.transaction import Transaction

SingleStatement = tuple[str, Any, list[Any] | Callable[[Cursor], list[Any]]]


class BatchStore(ABC):
    """Stores items of one kind, many at once (`Writer.write_with`). Its methods run on the writer's thread."""

    setup: tuple[str, ...] = ()  # statements that the writer's connection runs once

    def single_statement(self, transaction: Transaction, items: list[Any]) -> SingleStatement | None:
        """One statement that stores all items as a transaction of its own, its values, and each item's result.

        Or a function that makes the results from the statement's own: None for an item that it has left out, which
        `store` is called for.
        None where the items need more than one. Where the statement breaks a constraint or cannot be built, `store` is
        called instead.
        """
        return None

    @abstractmethod
    def store(self, transaction: Transaction, items: list[Any]) -> list[Any]:
        """Store the items inside a transaction, by any number of statements; a result for each, in their order."""
