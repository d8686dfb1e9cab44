"""Greenlets that are used again: everything runs, at once where it must, and a failure is nobody else's."""

from __future__ import annotations

import logging

import gevent
import pytest
from gevent.event import Event

from hub.socketio.workers import Workers


def settle() -> None:
    for _ in range(5):
        gevent.sleep(0)


def test_work_is_done_by_greenlets_that_were_there_before() -> None:
    workers, done = Workers("test"), []
    for number in range(50):
        workers.spawn(done.append, number)
        settle()
    assert done == list(range(50)) and workers.started == 1


def test_work_that_waits_does_not_keep_other_work_waiting() -> None:
    workers, go, done = Workers("test", kept=2), Event(), []

    def wait(number: int) -> None:
        go.wait()
        done.append(number)

    for number in range(5):
        workers.spawn(wait, number)
    settle()
    workers.spawn(done.append, "at once")
    settle()
    assert done == ["at once"] and workers.started == 6
    go.set()
    settle()
    assert sorted(done[1:]) == list(range(5)) and len(workers._idle) == 2
    workers.spawn(done.append, "again")
    settle()
    assert done[-1] == "again" and workers.started == 6


def test_a_failure_is_logged_and_the_next_work_is_done(caplog: pytest.LogCaptureFixture) -> None:
    workers, done = Workers("events"), []
    with caplog.at_level(logging.ERROR):
        workers.spawn(int, "no number")
        settle()
    assert "events: a handler failed." in caplog.text
    workers.spawn(done.append, 1)
    settle()
    assert done == [1] and workers.started == 1


def test_what_was_done_is_let_go() -> None:
    import gc
    import weakref

    class Thing:
        pass

    workers, thing = Workers("test"), Thing()
    gone = weakref.ref(thing)
    workers.spawn(lambda kept: None, thing)
    settle()
    del thing
    gc.collect()
    assert gone() is None
