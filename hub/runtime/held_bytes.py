"""Bytes of one queue, counted in a budget in coarse steps, so that a small message costs an integer addition."""

from __future__ import annotations

from hub.runtime.budget import Budget, OverBudget

STEP_BYTES = 64 * 1024


class HeldBytes:
    """Counts the bytes of one queue: at most `limit`, and in `budget` (None: no budget) what exceeds STEP_BYTES.

    The first step is not counted in the budget: a listener that keeps up is served even when others have used it up.
    """

    __slots__ = ("held", "limit", "_budget", "_counted")

    def __init__(self, limit: int, budget: Budget | None = None) -> None:
        self.held = 0
        self.limit = limit
        self._budget = budget
        self._counted = STEP_BYTES

    def add(self, size: int) -> bool:
        """Count `size` bytes more; False where they do not fit, and then nothing is counted."""
        held = self.held + size
        if held > self.limit or (held > self._counted and not self._count(held)):
            return False
        self.held = held
        return True

    def add_anyway(self, size: int) -> None:
        """Count `size` bytes more even where they do not fit: for the only message of a queue."""
        self.held += size
        if self.held > self._counted:
            self._count(self.held)

    def remove(self, size: int) -> None:
        """Count `size` bytes less."""
        self.held -= size
        excess = self._counted - self.held
        if excess >= 2 * STEP_BYTES or (excess > STEP_BYTES and not self.held):
            counted = max(STEP_BYTES, _steps(self.held))
            if self._budget is not None:
                self._budget.give_back(self._counted - counted)
            self._counted = counted

    def clear(self) -> None:
        """Give back everything."""
        self.remove(self.held)

    def _count(self, held: int) -> bool:
        """Count the steps up to `held` bytes in the budget; False where it has no room for them."""
        counted = _steps(held)
        if self._budget is not None:
            try:
                self._budget.take(counted - self._counted)
            except OverBudget:
                return False
        self._counted = counted
        return True


def _steps(size: int) -> int:
    return -(-size // STEP_BYTES) * STEP_BYTES
