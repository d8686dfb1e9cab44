"""How long visits leave the event loop to records that are to be stored."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from hub.visits import pauses
from hub.visits.pauses import BEHIND_SECONDS, BEHIND_STEPS, BUSY_SECONDS, MANY, MAX_SECONDS, Pauses

STEP = 0.03  # what 200 records take at least


class Writer:
    """Commits more at each look, while it is `at_work`."""

    def __init__(self, at_work: bool = True) -> None:
        self.pending, self._counts, self._at_work = 0, itertools.count(), at_work

    @property
    def commits(self) -> int:
        return next(self._counts) if self._at_work else 0


def idle() -> float:
    """Processor time of a process that does nothing."""
    return 0.0


def busy() -> float:
    """Processor time of a process that uses one processor all the time."""
    return time.monotonic()


def made(processor_time=idle, at_work: bool = True, closed=lambda: False) -> Pauses:  # type: ignore[no-untyped-def]
    return Pauses(Writer(at_work), closed, processor_time)  # type: ignore[arg-type]


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[float, float]]]:
    """What `rest` was called with, instead of resting."""
    called: list[tuple[float, float]] = []
    monkeypatch.setattr(Pauses, "rest", lambda self, seconds, longest=0.0: called.append((seconds, longest)))
    yield called


@pytest.mark.parametrize("more", [True, False])
def test_visits_leave_the_event_loop_to_records_that_arrive_by_the_hundred(
    rests: list[tuple[float, float]], more: bool
) -> None:
    one = made()
    for full in [more] * BEHIND_STEPS + [True] * 2:
        one.after(STEP, MANY, full)
    assert rests[:BEHIND_STEPS] == [(MAX_SECONDS, 0.0)] * BEHIND_STEPS
    assert len(rests) == BEHIND_STEPS + 2
    for seconds, longest in rests[BEHIND_STEPS:]:
        assert MAX_SECONDS < seconds <= BEHIND_SECONDS < longest <= BUSY_SECONDS


def test_a_step_of_few_records_is_followed_by_short_pauses_again(rests: list[tuple[float, float]]) -> None:
    one = made()
    for _ in range(BEHIND_STEPS + 1):
        one.after(STEP, MANY, True)
    one.after(STEP, MANY - 1, False)
    one.after(STEP, MANY, False)
    assert [seconds > MAX_SECONDS for seconds, _ in rests[BEHIND_STEPS:]] == [True, False, False]


def pause(one: Pauses, seconds: float, longest: float) -> float:
    began = time.monotonic()
    one.rest(seconds, longest)
    return time.monotonic() - began


def test_a_busy_process_has_the_longer_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "GATHER_SECONDS", 0.005)
    assert pause(made(busy), 0.02, 0.3) >= 0.3
    assert pause(made(idle), 0.02, 30.0) < 15.0


def test_a_pause_ends_when_nothing_is_stored_or_the_hub_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "GATHER_SECONDS", 0.005)
    assert pause(made(busy, at_work=False), 30.0, 30.0) < 15.0
    assert pause(made(busy, closed=lambda: True), 30.0, 30.0) < 15.0


def test_records_that_wait_count_as_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "GATHER_SECONDS", 0.005)
    writer = SimpleNamespace(commits=7, pending=1)
    assert pause(Pauses(writer, lambda: False, idle), 0.2, 0.0) >= 0.2  # type: ignore[arg-type]
