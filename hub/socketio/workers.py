"""A pool of greenlets for Socket.IO events: a new one for each event would cost more than parsing the event.

A new greenlet allocates memory for its frames and frees it when it ends; with thousands of events a second freeing
alone was 6 % of the hub's CPU time.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

log = logging.getLogger(__name__)

Spawn = Callable[..., Any]  # (function, *args)
KEPT = 64  # idle greenlets


class Workers:
    """Runs functions in idle greenlets, or in new ones where none is idle. The number of running ones has no limit."""

    def __init__(self, name: str, kept: int = KEPT) -> None:
        self._name, self._kept = name, kept
        self._idle: deque[Any] = deque()
        self.started = 0

    def spawn(self, function: Callable[..., Any], *args: Any) -> None:
        """Call `function(*args)` soon; an exception is logged."""
        if self._idle:
            gevent.get_hub().loop.run_callback(self._idle.pop().switch, (function, args))
        else:
            self.started += 1
            gevent.spawn(self._work, [(function, args)])

    def _work(self, first: list[tuple[Callable[..., Any], tuple[Any, ...]]]) -> None:
        hub, own = gevent.get_hub(), gevent.getcurrent()
        function, args = first.pop()  # a greenlet references its arguments for as long as it lives
        while True:
            try:
                function(*args)
            except Exception:  # the worker goes on
                log.exception("%s: a handler failed.", self._name)
            function = args = None  # type: ignore[assignment]  # an idle worker keeps nothing alive
            if len(self._idle) >= self._kept:
                return
            self._idle.append(own)
            function, args = hub.switch()
