"""How long the greenlet of visits leaves the event loop to records that are to be stored, from step to step."""

from __future__ import annotations

import time
from collections.abc import Callable

import gevent

from hub.store.writer import Writer

GATHER_SECONDS = 0.04  # between two steps; records of this time are joined together
SHARE = 9  # times as long as a step has taken: records that arrive by the thousand are stored first, and joined later
MAX_SECONDS = 0.1  # a verdict comes within 200 ms
MANY = 50  # records of one step, when some 400 arrive in a second
BEHIND_STEPS = 3  # steps of so many in a row, after which
BEHIND_SECONDS = 1.0  # storing has the event loop until less arrives, and verdicts come later
# While the process has no time to spare, visits would take theirs from records that wait to be stored.
BUSY = 0.9  # processors that it uses then: its event loop alone may use one
BUSY_SHARE = 60
BUSY_SECONDS = 5.0


class Pauses:
    """One of a greenlet: `after` each of its steps. `closed` ends a pause at once."""

    def __init__(
        self, writer: Writer, closed: Callable[[], bool], processor_time: Callable[[], float] = time.process_time
    ) -> None:
        self._writer, self._closed, self._processor_time = writer, closed, processor_time
        self._steps = 0  # of many records in a row

    def after(self, seconds: float, joined: int, more: bool) -> None:
        """Pause after a step of so many seconds that has joined so many records; `more` are stored already."""
        many = more or (self._steps <= BEHIND_STEPS and joined >= MANY)
        self._steps = self._steps + 1 if many else 0
        if self._steps <= BEHIND_STEPS:
            self.rest(min(SHARE * seconds, MAX_SECONDS))
        else:
            self.rest(min(SHARE * seconds, BEHIND_SECONDS), min(BUSY_SHARE * seconds, BUSY_SECONDS))

    def rest(self, seconds: float, busy_seconds: float = 0.0) -> None:
        """Leave the event loop to others for so long, for `busy_seconds` while the process has no time to spare, or
        until nothing is stored.
        """
        began, used = time.monotonic(), self._processor_time()
        while not self._closed():
            commits = self._writer.commits
            gevent.sleep(GATHER_SECONDS)
            passed = time.monotonic() - began
            if self._writer.commits == commits and not self._writer.pending:
                return
            if passed >= seconds and (passed >= busy_seconds or self._processor_time() - used < BUSY * passed):
                return
