"""Those that are woken together go on in turns, in their order, and the event loop goes round in between."""

from __future__ import annotations

import gevent
from gevent.event import Event

from hub.runtime.turns import ROUND_SECONDS, Turns


class Work:
    """The time of a round of the loop, of which each piece of work takes a quarter of what it may have."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def __call__(self) -> float:
        return self.elapsed

    def work(self) -> None:
        self.elapsed += ROUND_SECONDS / 4


class CountedTurns(Turns):
    """Turns that count the rounds of the loop, each of which begins at 0."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._work, self.rounds = work, 0

    def next_round(self) -> None:
        self.rounds += 1
        self._work.elapsed = 0.0
        super().next_round()


def test_the_event_loop_goes_round_between_them() -> None:
    work = Work()
    turns = CountedTurns(work)
    wake, ended = Event(), []

    def end(number: int) -> None:
        wake.wait()
        turns.wait()
        work.work()
        ended.append((number, turns.rounds))

    greenlets = [gevent.spawn(end, number) for number in range(40)]
    gevent.sleep(0.01)
    wake.set()
    gevent.joinall(greenlets, timeout=20, raise_error=True)
    assert ended == [(number, number // 4) for number in range(40)] and not len(turns)


def test_nobody_waits_in_a_round_that_is_young() -> None:
    turns = Turns(lambda: 0.0)
    for _ in range(100):
        turns.wait()  # the main greenlet, which would wait for ever
    assert not len(turns)


def test_one_that_is_killed_while_it_waits_keeps_nobody_waiting() -> None:
    turns = Turns(lambda: ROUND_SECONDS)
    first, second = gevent.spawn(turns.wait), gevent.spawn(turns.wait)
    gevent.sleep(0)
    first.kill(block=False)
    second.join(10)
    assert second.successful() and first.dead and not len(turns)


def test_a_round_of_the_real_loop() -> None:
    turns = Turns()
    gevent.joinall([gevent.spawn(turns.wait) for _ in range(100)], timeout=20, raise_error=True)
    assert not len(turns)
