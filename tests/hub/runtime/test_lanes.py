"""Lanes: separate threads, bounded queues."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import gevent
import pytest

from hub.runtime.lanes import Lane, LaneBusy, Lanes


@pytest.fixture
def lane() -> Iterator[Lane]:
    made = Lane("tests", 1, 2, max_bytes=100)
    yield made
    made.close()


def test_a_job_runs_elsewhere_and_its_exception_is_raised_here(lane: Lane) -> None:
    assert lane.run(threading.get_native_id) != threading.get_native_id()
    with pytest.raises(ZeroDivisionError):
        lane.run(lambda: 1 / 0)
    assert lane.status()["done"] == 2 and lane.status()["pending"] == 0


def test_one_job_too_many_is_refused_and_other_lanes_go_on(lane: Lane) -> None:
    go_on, other = threading.Event(), Lane("others", 1, 2)
    waiting = [gevent.spawn(lane.run, go_on.wait, 10) for _ in range(2)]
    gevent.sleep(0)
    with pytest.raises(LaneBusy) as refused:
        lane.run(int)
    assert refused.value.status == 503 and refused.value.retry_after == 2 and "tests" in refused.value.message
    assert other.run(int) == 0
    go_on.set()
    gevent.joinall(waiting)
    assert lane.run(int) == 0 and lane.refused == 1
    other.close()


def test_bytes_of_pending_jobs_are_bounded(lane: Lane) -> None:
    with lane.admitted(500):  # alone it may hold more
        with pytest.raises(LaneBusy), lane.admitted(1):
            pass
        assert lane.resume(int) == 0
    with lane.admitted(60), lane.admitted(40):
        pass
    assert lane.pending_bytes == 0


def test_every_lane_has_a_status() -> None:
    lanes = Lanes()
    assert [each["name"] for each in lanes.status()] == [
        "pictures",
        "large pictures",
        "live pictures",
        "thumbnails",
        "database reads",
        "searches",
        "stored pictures",
        "large JSON",
        "exports",
        "upkeep",
        "passwords",
    ]
    lanes.close()
