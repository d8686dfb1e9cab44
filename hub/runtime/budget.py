"""Budgets of bytes: what all connections together may hold in memory, and what each of them may."""

from __future__ import annotations

from typing import Any


class OverBudget(Exception):
    """The bytes do not fit into a budget now; whoever holds others gives them back in time."""


class Budget:
    """Counts bytes that are held. `parent` counts them as well, so that the process as a whole has a limit."""

    __slots__ = ("name", "limit", "parent", "held", "peak", "refused")

    def __init__(self, name: str, limit: int, parent: Budget | None = None) -> None:
        self.name, self.limit, self.parent = name, limit, parent
        self.held = self.peak = self.refused = 0

    def take(self, size: int) -> None:
        """Count `size` bytes more. Raises OverBudget, and then counts nothing."""
        if self.held + size > self.limit:
            self.refused += 1
            raise OverBudget(self.name)
        if self.parent is not None:
            self.parent.take(size)
        self.held += size
        self.peak = max(self.peak, self.held)

    def give_back(self, size: int) -> None:
        """Count `size` bytes less."""
        self.held -= size
        if self.parent is not None:
            self.parent.give_back(size)

    def status(self) -> dict[str, Any]:
        return {"limit": self.limit, "held": self.held, "peak": self.peak, "refused": self.refused}
