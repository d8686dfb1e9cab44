"""Time slices: a greenlet that runs on yields, one that has waited does not."""

from __future__ import annotations

from time import perf_counter

import gevent

from hub.runtime.time_slice import TIME_SLICE_SECONDS, TimeSlice


def run_for(seconds: float) -> None:
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def test_a_greenlet_that_runs_on_lets_others_run() -> None:
    ran: list[str] = []
    time_slice = TimeSlice()
    time_slice.check()
    gevent.spawn(ran.append, "other")
    time_slice.check()
    assert not ran
    run_for(TIME_SLICE_SECONDS * 1.2)
    time_slice.check()
    assert ran == ["other"]


def test_a_greenlet_that_has_waited_has_a_new_slice() -> None:
    ran: list[str] = []
    time_slice = TimeSlice()
    time_slice.check()
    gevent.sleep(TIME_SLICE_SECONDS * 1.2)
    gevent.spawn(ran.append, "other")
    time_slice.check()
    assert not ran
    run_for(TIME_SLICE_SECONDS * 1.2)
    time_slice.check()
    assert ran == ["other"]
