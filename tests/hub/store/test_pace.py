"""Steps that nobody waits for: their size follows the time of their statements, not that of a slow disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from hub.store import pace
from hub.store.pace import FIRST_ITEMS, PacedWriter


class SlowStore:
    """A writer whose statements and commits take so many seconds."""

    def __init__(self, row_seconds: float, commit_seconds: float) -> None:
        self._row, self._commit = row_seconds, commit_seconds

    def write(self, job: Callable[[Any], int]) -> int:
        transaction = SimpleNamespace(after_commit=[])
        rows = job(transaction)
        time.sleep(self._commit)
        for done in transaction.after_commit:
            done()
        return rows

    def step(self, steps: PacedWriter) -> None:
        def job(transaction: object) -> int:
            end = time.thread_time() + self._row * steps.items
            while time.thread_time() < end:
                pass
            return steps.items

        assert steps.write(job) > 0


@pytest.mark.parametrize(
    ("row_seconds", "commit_seconds", "least", "most"),
    [(0.00001, 0.1, FIRST_ITEMS, FIRST_ITEMS), (0.00001, 0.001, 60, 200), (0.02, 0.001, 1, 1)],
    ids=["a slow disk", "a fast disk", "slow statements"],
)
def test_the_size_of_steps(
    monkeypatch: pytest.MonkeyPatch, row_seconds: float, commit_seconds: float, least: int, most: int
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(pace.gevent, "sleep", pauses.append)
    store, steps = SlowStore(row_seconds, commit_seconds), PacedWriter(None, 200)
    steps._writer = store
    for _ in range(12):
        store.step(steps)
    assert least <= steps.items <= most
    if commit_seconds > 0.05:
        assert max(pauses) < commit_seconds / 2, "records that come at the same rate would never be caught up with"
