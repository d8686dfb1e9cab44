"""Budgets of bytes: what all connections together may hold in memory, and what each of them may."""

from __future__ import annotations

from typing import Any


class OverBudget(Exception):
    """The bytes do not fit into a budget now; they may later, when others have been given back."""


class Budget:
    """Counts bytes that are held in memory. Used on the event loop only.

    `parent` counts them as well, so that the process as a whole has a limit. The last `reserve` bytes of the limit are
    left to small pieces, so that ordinary clients are served while large bodies use up the rest.
    """

    __slots__ = ("name", "limit", "reserve", "parent", "held", "peak", "refused")

    def __init__(self, name: str, limit: int, parent: Budget | None = None, reserve: int = 0) -> None:
        self.name, self.limit, self.reserve, self.parent = name, limit, reserve, parent
        self.held = self.peak = self.refused = 0

    def take(self, size: int, small: bool = False) -> None:
        """Count `size` bytes more; `small` may use the reserve. Raises OverBudget, and then counts nothing."""
        held = self.held + size
        if held > (self.limit if small else self.limit - self.reserve):
            self.refused += 1
            raise OverBudget(self.name)
        if self.parent is not None:
            self.parent.take(size, small)
        self.held = held
        if held > self.peak:
            self.peak = held

    def give_back(self, size: int) -> None:
        """Count `size` bytes less; at most what is held, so that a call after `close()` has no effect."""
        size = min(size, self.held)
        self.held -= size
        if self.parent is not None:
            self.parent.give_back(size)

    def close(self) -> None:
        """Give back everything that is held, as at the end of a connection."""
        self.give_back(self.held)

    def child(self, name: str, limit: int) -> Budget:
        """A budget of its own within this one."""
        return Budget(name, min(limit, self.limit), self)

    def status(self) -> dict[str, Any]:
        """For the status page, in bytes."""
        return {"limit": self.limit, "held": self.held, "peak": self.peak, "refused": self.refused}
