"""The stop of all barriers: in memory at once, and in a file of its own, so that it holds over restarts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from gevent.event import AsyncResult, Event

from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.runtime.durable_file import write_whole
from hub.runtime.offload import offload

log = logging.getLogger(__name__)

MAX_BYTES = 10_000
MAX_WHO = 200
KEEP_SECONDS = 2.0


@dataclass(frozen=True)
class Stopped:
    """Whether all barriers are stopped, since when (epoch seconds, None where nobody knows) and by whom."""

    stopped: bool = False
    since: float | None = None
    by: str = ""

    def shown(self) -> dict[str, Any]:
        """The state as pages receive it."""
        return {"stopped": self.stopped, "since": utc_text(self.since), "by": self.by}


class GlobalStop:
    """The state counts from the moment it is set; `problem` says why it may not hold over a restart.

    It does not wait for the database: it must work while everything else is busy.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path, self._now = path, now
        self._asked: list[AsyncResult[None]] = []
        self._wake = Event()
        self.state = Stopped()
        self.problem = ""

    def load(self) -> None:
        """Read the file. One that cannot be read stops all barriers: nobody knows what it said."""
        try:
            if not self._path.exists():
                return
            with self._path.open("rb") as file:
                found = orjson.loads(file.read(MAX_BYTES))
            since = found["since"]
            if not isinstance(found["stopped"], bool) or not isinstance(since, (int, float, type(None))):
                raise ValueError("its values are of another kind")
            utc_text(since)
            self.state = Stopped(found["stopped"], since, clean(found["by"])[:MAX_WHO])
        except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
            self.state = Stopped(True)
            self.problem = f"{self._path.name} cannot be read; all barriers are stopped until somebody releases them."
            log.error("%s (%s)", self.problem, error)

    def begin(self, stopped: bool, by: str) -> bool:
        """Stop or release in memory, at once; whether that is a change. `keep` makes it durable."""
        if stopped == self.state.stopped:
            return False
        self.state = Stopped(stopped, self._now(), clean(by)[:MAX_WHO])
        return True

    def adopt(self, stopped: bool, since: float, by: str) -> bool:
        """Take the state that another hub has stored; whether that is a change. `keep` makes it durable."""
        if stopped == self.state.stopped:
            return False
        self.state = Stopped(stopped, since, clean(by)[:MAX_WHO])
        return True

    def keep(self, seconds: float = KEEP_SECONDS) -> None:
        """Have the state written, and wait for it up to `seconds`; never raises: what was not kept is in `problem`."""
        done: AsyncResult[None] = AsyncResult()
        self._asked.append(done)
        self._wake.set()
        done.wait(seconds)
        if not done.ready():
            self.problem = f"{self._path.name} is not written yet: a restart now would not know of it."

    def run(self) -> None:
        """The greenlet that writes the file."""
        while True:
            self._wake.wait()
            self._wake.clear()
            asked, self._asked = self._asked, []
            try:
                self._write()
            finally:
                for each in asked:
                    each.set(None)

    def _write(self) -> None:
        state = self.state
        data = orjson.dumps({"stopped": state.stopped, "since": state.since, "by": state.by})
        try:
            offload(write_whole, self._path, data)
            self.problem = ""
        except OSError as error:
            self.problem = f"{self._path.name} cannot be written ({error.strerror}): a restart does not know of it."
            log.error("%s", self.problem)
