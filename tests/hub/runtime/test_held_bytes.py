"""Bytes of one queue, counted in a budget in steps, and the deadline of an unfinished message."""

from __future__ import annotations

from hub.runtime.budget import Budget
from hub.runtime.held_bytes import STEP_BYTES, HeldBytes
from hub.runtime.progress import MIN_BYTES_PER_SECOND, Progress


def test_the_first_step_is_not_counted_in_the_budget() -> None:
    budget = Budget("all", 10 * STEP_BYTES)
    held = HeldBytes(5 * STEP_BYTES, budget)
    assert held.add(STEP_BYTES) and budget.held == 0
    assert held.add(1) and budget.held == STEP_BYTES
    held.clear()
    assert held.held == budget.held == 0


def test_neither_the_queue_nor_all_exceed_their_limit() -> None:
    budget = Budget("all", 2 * STEP_BYTES)
    first, second = HeldBytes(2 * STEP_BYTES, budget), HeldBytes(10 * STEP_BYTES, budget)
    assert not first.add(2 * STEP_BYTES + 1) and first.held == 0
    assert first.add(2 * STEP_BYTES)
    assert second.add(2 * STEP_BYTES) and not second.add(1)
    assert budget.held == 2 * STEP_BYTES and budget.refused == 1
    first.clear()
    assert second.add(1)


def test_what_must_be_held_is_given_back_as_well() -> None:
    budget = Budget("all", STEP_BYTES)
    held = HeldBytes(STEP_BYTES, budget)
    held.add_anyway(5 * STEP_BYTES)
    assert held.held == 5 * STEP_BYTES and not held.add(1)
    held.remove(5 * STEP_BYTES)
    assert held.held == budget.held == 0


def test_a_queue_that_shrinks_gives_back_on_the_way() -> None:
    budget = Budget("all", 100 * STEP_BYTES)
    held = HeldBytes(100 * STEP_BYTES, budget)
    for _ in range(1000):
        assert held.add(5000)
    for number in range(1000):
        held.remove(5000)
        assert budget.held <= max(0, 5000 * (999 - number) + STEP_BYTES)
    assert budget.held == 0


def test_progress_is_due_within_its_seconds_or_comes_fast_enough() -> None:
    progress = Progress(10.0)
    assert not progress.overdue(1000.0)
    progress.begin(0.0)
    progress.bytes += 10 * MIN_BYTES_PER_SECOND
    progress.begin(9.0)
    assert not progress.overdue(9.9) and not progress.overdue(10.5)
    progress.bytes += 10 * MIN_BYTES_PER_SECOND - 1
    assert not progress.overdue(20.4) and progress.overdue(20.6)
    progress.end()
    assert not progress.overdue(100.0)
