"""Steps of the start and the shutdown: their order, failures, in-flight records."""

from __future__ import annotations

import pytest

from hub.runtime.lifecycle import Lifecycle, run


def test_steps_run_once_in_the_order_of_registration() -> None:
    lifecycle, done = Lifecycle(), []
    for name in ("one", "two", "three"):
        lifecycle.closing.append(lambda name=name: done.append(name))
    run(lifecycle.closing)
    assert done == ["one", "two", "three"]
    run(lifecycle.stopping)
    run(lifecycle.ended)
    assert done == ["one", "two", "three"]


def test_a_step_that_fails_ends_the_run() -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run([lambda: done.append("before"), fail, lambda: done.append("after")])
    assert done == ["before"]


def test_pending_is_the_sum_over_all_parts() -> None:
    lifecycle = Lifecycle()
    assert lifecycle.pending() == 0
    counts = {"captures": 2, "plates": 3}
    for name in counts:
        lifecycle.in_flight.append(lambda name=name: counts[name])
    assert lifecycle.pending() == 5
    counts["plates"] = 0
    assert lifecycle.pending() == 2


def test_each_lifecycle_has_lists_of_its_own() -> None:
    one, other = Lifecycle(), Lifecycle()
    one.listening.append(lambda: None)
    assert other.listening == []
