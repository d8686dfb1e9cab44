"""Budgets of bytes: limits, the reserve for small pieces, giving back."""

from __future__ import annotations

import pytest

from hub.runtime.budget import Budget, OverBudget


def test_what_does_not_fit_is_refused_and_counts_nothing() -> None:
    process = Budget("process", 100)
    first, second = process.child("first", 80), process.child("second", 80)
    first.take(60)
    with pytest.raises(OverBudget):
        second.take(41)
    with pytest.raises(OverBudget):
        first.take(21)
    second.take(40)
    assert (process.held, process.peak, first.held, second.held) == (100, 100, 60, 40)
    assert (process.refused, first.refused, second.refused) == (1, 1, 0)


def test_the_reserve_is_for_small_pieces() -> None:
    process = Budget("process", 100, reserve=20)
    child = process.child("connection", 100)
    child.take(80)
    with pytest.raises(OverBudget):
        child.take(1)
    child.take(20, small=True)
    with pytest.raises(OverBudget):
        child.take(1, small=True)


def test_everything_is_given_back_at_the_end_and_never_more() -> None:
    process = Budget("process", 100)
    child = process.child("connection", 100)
    child.take(30)
    child.take(30)
    child.give_back(30)
    child.close()
    child.give_back(30)
    assert (process.held, child.held) == (0, 0)
    assert process.status() == {"limit": 100, "held": 0, "peak": 60, "refused": 0}
