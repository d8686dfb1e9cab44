"""Work on native threads: results, exceptions, a free event loop, pools of one's own."""

from __future__ import annotations

import threading
import time

import gevent
import pytest
from gevent.threadpool import ThreadPool

from hub.runtime.offload import in_pool, offload


def thread_number() -> int:
    return threading.get_ident()


def test_it_returns_what_the_function_returns() -> None:
    assert offload(divmod, 17, 5) == (3, 2)
    assert offload(int, "ff", base=16) == 255
    assert offload(lambda: None) is None


def test_it_runs_on_another_thread() -> None:
    assert offload(thread_number) != thread_number()


def test_an_exception_is_raised_where_it_is_waited_for(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        offload(divmod, 1, 0)
    assert capfd.readouterr().err == "", "gevent prints exceptions that are raised on its threads"


def test_other_greenlets_run_meanwhile() -> None:
    running, done = threading.Event(), threading.Event()

    def work() -> str:
        running.set()
        assert done.wait(10)
        return "worked"

    waiting = gevent.spawn(offload, work)
    end = time.monotonic() + 10
    while not running.is_set() and time.monotonic() < end:
        gevent.sleep(0.001)
    assert running.is_set() and not waiting.dead
    done.set()
    assert waiting.get(timeout=10) == "worked"


def test_a_pool_of_its_own_is_not_delayed_by_the_shared_one() -> None:
    done = threading.Event()
    shared = gevent.get_hub().threadpool
    waiting = [gevent.spawn(offload, done.wait, 10) for _ in range(shared.maxsize)]
    gevent.sleep(0)
    pool = ThreadPool(1)
    try:
        first = in_pool(pool, thread_number)
        assert in_pool(pool, thread_number) == first != thread_number()
        assert not any(greenlet.dead for greenlet in waiting)
    finally:
        done.set()
        gevent.joinall(waiting, timeout=10)
        pool.kill()
