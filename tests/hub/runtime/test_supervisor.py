"""The supervisor: tasks that end, fail and are restarted, one-off greenlets, shutdown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import gevent
import gevent.event
import pytest

from hub.runtime import supervisor as module
from hub.runtime.supervisor import Supervisor
from hub.runtime.time_limit import time_limit


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, letting greenlets run."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        gevent.sleep(0.001)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop(1.0)


def test_a_task_that_returns_is_not_restarted(supervisor: Supervisor) -> None:
    calls: list[str] = []
    supervisor.keep("task", calls.append, "called")
    supervisor.join("task", 10)
    (row,) = supervisor.status()
    assert calls == ["called"]
    assert row == {"name": "task", "running": False, "restarts": 0, "error": "", "started": row["started"]}


def test_a_task_that_fails_is_logged_and_restarted(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF_SECONDS", (0.001,))
    calls: list[int] = []

    def task() -> None:
        calls.append(len(calls))
        if len(calls) < 3:
            raise ValueError("no luck")
        gevent.sleep(100)

    supervisor.keep("unlucky", task)
    until(lambda: len(calls) == 3)
    (row,) = supervisor.status()
    assert row["running"] and row["restarts"] == 2 and row["error"] == "ValueError: no luck"
    assert caplog.text.count("unlucky failed and is started again.") == 2


def test_a_one_off_greenlet_that_fails_is_logged(supervisor: Supervisor, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("no luck")

    supervisor.spawn("once", fail).join(10)
    assert "once failed." in caplog.text and supervisor.status() == []


def test_stop_ends_everything(supervisor: Supervisor) -> None:
    supervisor.keep("endless", gevent.sleep, 100)
    once = supervisor.spawn("once", gevent.sleep, 100)
    gevent.sleep(0)
    assert supervisor.status()[0]["running"]
    supervisor.stop(5.0)
    assert once.dead and not supervisor.status()[0]["running"]


def test_a_greenlet_that_does_not_end_keeps_no_stop_waiting(supervisor: Supervisor) -> None:
    ended = gevent.event.Event()

    def stubborn() -> None:
        while not ended.is_set():
            try:
                ended.wait()
            except gevent.GreenletExit:
                pass

    supervisor.spawn("stubborn", stubborn)
    gevent.sleep(0)
    supervisor.stop(0.05)
    ended.set()


def test_a_time_limit_leaves_its_block_without_an_exception() -> None:
    reached = False
    with time_limit(0.01):
        gevent.sleep(100)
        reached = True
    with time_limit(10):
        gevent.sleep(0)
    assert not reached
