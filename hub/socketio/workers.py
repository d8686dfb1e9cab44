"""Greenlets that are used again: one for each Socket.IO event would cost more than parsing the event.

A greenlet that begins gets memory for its frames from the system and gives it back when it ends; with thousands of events a second
giving it back alone was 6 % of the hub's work.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

log = logging.getLogger(__name__)

KEPT = 64  # idle ones


class Workers:
    """`spawn(function, *args)` runs it soon, in a greenlet that is free or in a new one. As many run at once as there is work."""

    def __init__(self, name: str, kept: int = KEPT) -> None:
        self._name, self._kept = name, kept
        self._idle: deque[gevent.Greenlet] = deque()
        self.started = 0

    def spawn(self, function: Callable[..., Any], *args: Any) -> None:
        if self._idle:
            gevent.get_hub().loop.run_callback(self._idle.pop().switch, (function, args))
        else:
            self.started += 1
            gevent.spawn(self._work, [(function, args)])

    def _work(self, first: list[tuple[Callable[..., Any], tuple[Any, ...]]]) -> None:
        hub, own = gevent.get_hub(), gevent.getcurrent()
        function, args = first.pop()  # a greenlet keeps its arguments for as long as it lives
        while True:
            try:
                function(*args)
            except Exception:  # one piece of work is not another's
                log.exception("%s: a handler failed.", self._name)
            function = args = None  # type: ignore[assignment]  # what was done holds no memory while the greenlet rests
            if len(self._idle) >= self._kept:
                return
            self._idle.append(own)
            function, args = hub.switch()
