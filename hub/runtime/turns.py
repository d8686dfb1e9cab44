"""Greenlets that the event loop wakes together go on one after the other, a few milliseconds' worth in each round.

gevent runs everything that a round of the loop has found, before timers and other sockets come into their own: 2,000
connections that are lost together would block it for half a second.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
from gevent.hub import Waiter

ROUND_SECONDS = 0.01


def round_seconds() -> float:
    """For how long this round of the event loop has run."""
    began: float = gevent.get_hub().loop.now()
    return time.time() - began


class Turns:
    """`wait()` before work that many may have to do at once. `elapsed` is the seconds of this round of the loop."""

    def __init__(self, elapsed: Callable[[], float] = round_seconds) -> None:
        self._elapsed = elapsed
        self._waiting: deque[Waiter[None]] = deque()
        self._next_round: Any = None

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self) -> None:
        """Return at once where the round is young and nobody waits, else in a later round, in the order of calls."""
        if not self._waiting and self._elapsed() < ROUND_SECONDS:
            return
        waiter: Waiter[None] = Waiter()
        self._waiting.append(waiter)
        if self._next_round is None:
            self._next_round = gevent.get_hub().loop.async_(ref=False)
            self._next_round.start(self.next_round)
        self._next_round.send()
        waiter.get()

    def close(self) -> None:
        """Free what belongs to the event loop; nobody waits any more."""
        if self._next_round is not None:
            self._next_round.close()
            self._next_round = None

    def next_round(self) -> None:
        """Let some go on, at least one. Runs in the event loop's own greenlet."""
        while self._waiting:
            self._waiting.popleft().switch(None)
            if self._elapsed() >= ROUND_SECONDS:
                break
        if self._waiting:
            self._next_round.send()
