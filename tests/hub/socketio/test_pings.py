"""One greenlet pings all sessions, each when it is due."""

from __future__ import annotations

from typing import Any

import gevent

from hub.socketio.pings import Pings


class Session:
    """A session with the attributes that count here."""

    def __init__(self) -> None:
        self.closing = self.closed = False


class Clock:
    """The time of a test."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Pings, list[Any], Clock]:
    clock, pinged = Clock(), []
    return Pings(25.0, pinged.append, clock), pinged, clock


def test_each_session_is_pinged_once_when_it_is_due() -> None:
    pings, pinged, clock = made()
    first, second = Session(), Session()
    pings.add(first)  # type: ignore[arg-type]
    clock.now += 10
    pings.add(second)  # type: ignore[arg-type]
    clock.now += 14.9
    pings.step()
    assert pinged == []
    clock.now += 0.1
    pings.step()
    assert pinged == [first]
    clock.now += 100
    pings.step()
    assert pinged == [first, second]
    pings.step()
    assert pinged == [first, second]


def test_sessions_that_have_gone_are_neither_pinged_nor_kept() -> None:
    pings, pinged, clock = made()
    closed, closing, gone = Session(), Session(), Session()
    for session in (closed, closing, gone):
        pings.add(session)  # type: ignore[arg-type]
    closed.closed = closing.closing = True
    del session, gone
    clock.now += 25
    pings.step()
    assert pinged == [] and not pings._due


def test_the_event_loop_may_go_on_between_two_pings() -> None:
    pings, pinged, clock = made()
    checks: list[int] = []

    class Slices:
        def check(self) -> None:
            checks.append(len(pinged))

    pings._time_slice = Slices()  # type: ignore[assignment]
    sessions = [Session() for _ in range(5)]
    for session in sessions:
        pings.add(session)  # type: ignore[arg-type]
    clock.now += 25
    pings.step()
    assert checks == [1, 2, 3, 4, 5]


def test_the_greenlet_waits_for_sessions_and_for_their_time() -> None:
    pinged: list[Any] = []
    pings = Pings(0.02, pinged.append)
    greenlet = gevent.spawn(pings.run)
    gevent.sleep(0.01)
    sessions = [Session(), Session()]
    for count, session in enumerate(sessions, 1):
        pings.add(session)  # type: ignore[arg-type]
        with gevent.Timeout(10):
            while len(pinged) < count:
                gevent.sleep(0.01)
    greenlet.kill()
    assert pinged == sessions
