"""How long one greenlet may run before it yields to the event loop.

gevent switches greenlets only when a socket would block, so a peer that always has bytes ready would block the event
loop for as long as it likes. Every read and send loop calls `TimeSlice.check()`.
"""

from __future__ import annotations

from time import perf_counter

import gevent

TIME_SLICE_SECONDS = 0.005


def yield_to_loop() -> None:
    """Let the event loop poll its sockets and timers, and run every other greenlet that is ready.

    `gevent.sleep(0)` is not enough: it only runs pending callbacks, and gevent runs up to 50 of them before it polls
    sockets again. Two greenlets that call it after 5 ms each would block the event loop for a quarter of a second.
    """
    hub = gevent.get_hub()
    watcher = hub.loop.async_()
    try:
        hub.loop.run_callback(watcher.send)
        hub.wait(watcher)
    finally:
        watcher.close()


class TimeSlice:
    """The time for which one greenlet has run; `check()` yields when its slice is used up.

    A greenlet that has waited, for its peer or for a commit, has a new slice: the event loop has gone round meanwhile.
    """

    __slots__ = ("_began", "_round", "_now")

    def __init__(self) -> None:
        self._now = gevent.get_hub().loop.now  # the same all through one round of the event loop
        self._restart()

    def check(self) -> None:
        """Yield to the event loop if this greenlet has run for more than `TIME_SLICE_SECONDS`."""
        if self._now() != self._round:
            self._restart()
        elif perf_counter() - self._began > TIME_SLICE_SECONDS:
            yield_to_loop()
            self._restart()

    def _restart(self) -> None:
        self._round, self._began = self._now(), perf_counter()
