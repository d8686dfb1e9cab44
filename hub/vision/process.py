"""The hub's end of a vision process: started, asked with a time limit, restarted when it dies, ended with the hub.

With `idle_seconds` it is started by the first request and ended when there was none for so long. A native thread reads
and writes the pipes, in the same way on every system; the event loop only waits for it.
"""

from __future__ import annotations

import itertools
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.threadpool import ThreadPool

from hub.runtime.offload import in_pool
from hub.runtime.time_limit import time_limit
from hub.vision.child import Child, describe_end
from hub.vision.tasks import TASKS
from hub.vision.wire import WireError

OFF, STARTING, READY, RESTING, CLOSED = "off", "starting", "ready", "resting", "closed"
START_SECONDS = 60.0
"""A process that has not reported that it is ready after this time is killed; a cold disk is slow."""
USE_SECONDS = 20.0
"""How long a request waits for a process that is started for it."""
ANSWER_SECONDS = 20.0
"""A process that has no answer after this time is killed. The first picture waits for OpenCV to be loaded."""
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.2, 30.0
HEALTHY_SECONDS = 60.0
POLL_SECONDS = 0.1


class VisionError(Exception):
    """A picture was not processed; the text is a sentence that says why."""


class VisionUnavailable(VisionError):
    """The process does not run, or ended while it had the picture; the same picture may be sent again."""


class VisionProcess:
    """The process of one task. `ask` may be called from many greenlets; the process handles one picture at a time."""

    def __init__(
        self,
        task: str,
        command: tuple[str, ...] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        first_backoff: float = FIRST_BACKOFF_SECONDS,
        idle_seconds: float | None = None,
    ) -> None:
        self.task = task
        self.name = f"vision process {task}"
        self._command = command or (sys.executable, "-m", "hub.vision.worker", task)
        self._answer_seconds, self._first_backoff = answer_seconds, first_backoff
        self._outage = TASKS[task].outage
        self._log = logging.getLogger(f"{__name__}.{task}")
        self._pool = ThreadPool(1)
        self._lock = BoundedSemaphore(1)
        self._closing, self.ready = Event(), Event()
        self._idle_seconds, self._wanted, self._used_at = idle_seconds, Event(), 0.0
        self.listeners: list[Callable[[str], None]] = []  # called with the reason when a process has died
        self._ids = itertools.count(1)
        self._child: Child | None = None
        self.state = OFF
        self.restarts = self.answered = self.failed = 0
        self.reason = ""
        self._busy_seconds = 0.0

    @property
    def pid(self) -> int | None:
        """The id of the process that runs now."""
        return self._child.pid if self._child is not None and self._child.exit_status is None else None

    def run(self) -> None:
        """The supervised greenlet: keeps a process running, with a growing back-off between those that die."""
        backoff = self._first_backoff
        while self.state != CLOSED:
            if self._idle_seconds is not None:
                self._wanted.wait()
                if self._closing.is_set():
                    return
            began = time.monotonic()
            reason = self._run_child()
            if self.state == CLOSED:
                return
            if self.state == OFF:
                self._log.info("The vision process ended: it was not used for %g s.", self._idle_seconds)
                continue
            backoff = self._first_backoff if time.monotonic() - began > HEALTHY_SECONDS else backoff
            self.reason, self.restarts = reason, self.restarts + 1
            self._log.warning(
                "The vision process ended (%s) and is started again in %g s; until then %s.",
                reason,
                backoff,
                self._outage,
            )
            for listener in list(self.listeners):
                listener(reason)
            self._closing.wait(backoff)
            backoff = min(2 * backoff, MAX_BACKOFF_SECONDS)

    def ask(
        self, stream: str, options: dict[str, Any], picture: bytes, request: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Detect in one picture of `stream`; waits for earlier requests and for the answer. Raises VisionError.

        `options` belong to the stream: its detector is made again when they change. `request` is for this picture.
        """
        if self._idle_seconds is not None:
            self._start_for_use()
        with self._lock:
            if self.state != READY or self._child is None:
                raise VisionUnavailable(f"The vision process is not running now ({self.state}).")
            number, began = next(self._ids), time.monotonic()
            head = {"id": number, "task": self.task, "stream": stream, "options": options}
            try:
                answer = self._exchange(self._child, {**head, "request": request} if request else head, picture)
            finally:
                self._used_at = time.monotonic()
                self._busy_seconds += self._used_at - began
        result = answer.get("result")
        if answer.get("id") == number and isinstance(result, dict):
            self.answered += 1
            return result
        self.failed += 1
        raise VisionError(str(answer.get("error") or "The vision process gave an answer that belongs to no question."))

    def _start_for_use(self) -> None:
        """Have the process started, if it does not run, and wait for it. Raises VisionUnavailable."""
        self._used_at = time.monotonic()
        self._wanted.set()
        if self.state != CLOSED and not self.ready.is_set() and not self.ready.wait(USE_SECONDS):
            raise VisionUnavailable("The vision process could not be started in time; it is being tried again.")

    def _retire_if_idle(self) -> None:
        """End the process, and start none before it is wanted again, when it was not used for `idle_seconds`."""
        idle, child = self._idle_seconds, self._child
        if idle is None or child is None or self._lock.locked() or time.monotonic() - self._used_at < idle:
            return
        self._wanted.clear()
        self.ready.clear()
        self.state = OFF
        child.kill()

    def _exchange(self, child: Child, head: dict[str, Any], picture: bytes) -> dict[str, Any]:
        """Send one request and wait for its answer. Kills a process that takes too long or breaks the protocol."""
        reason = "The vision process ended while it looked at a picture."
        with time_limit(self._answer_seconds):
            try:
                message = in_pool(self._pool, child.ask, head, picture)
                if message is not None:
                    return message[0]
            except WireError as error:
                reason = f"The vision process said what cannot be understood ({error})."
            except (OSError, ValueError):
                pass  # a broken or closed pipe: the process has ended
            raise self._failure(child, reason)
        raise self._failure(child, f"The vision process had no answer within {self._answer_seconds:g} s and was ended.")

    def _failure(self, child: Child, reason: str) -> VisionUnavailable:
        """End the process; who asks again waits for the next one, or is refused until that one is ready."""
        if self._child is child and self.state == READY:
            self.ready.clear()
            self.state = RESTING
        child.kill()
        self.failed += 1
        return VisionUnavailable(reason)

    def _run_child(self) -> str:
        """Run one process from start to end; how it ended."""
        with tempfile.TemporaryFile() as errors:
            self.state = STARTING
            try:
                child = self._child = Child(self._command, errors)
            except OSError as error:
                self.state = RESTING
                return f"it could not be started: {error.strerror}"
            try:
                if self._wait_ready(child):
                    self._set_ready(child)
                    while child.is_running():
                        gevent.sleep(POLL_SECONDS)
                        self._retire_if_idle()
            finally:
                self.ready.clear()
                if self.state not in (CLOSED, OFF):
                    self.state = RESTING
                child.kill()
                self._pool.join()
                child.close_pipes()
            return describe_end(child.exit_status, errors)

    def _wait_ready(self, child: Child) -> bool:
        """Wait for the first message; True when it reports that the process is ready."""
        with time_limit(START_SECONDS):
            try:
                message = in_pool(self._pool, child.receive)
            except (OSError, ValueError):
                return False
            return message is not None and message[0].get("state") == READY
        return False

    def _set_ready(self, child: Child) -> None:
        if self.state != CLOSED:
            self.state = READY
            self.ready.set()
            self._log.info("The vision process runs (process %d).", child.pid)

    def close(self) -> None:
        """End the process; `run` then returns."""
        self.state = CLOSED
        self._closing.set()
        self._wanted.set()
        if self._child is not None:
            self._child.kill()

    def warnings(self) -> list[str]:
        """What the operator should know now, as sentences for the status page."""
        if self.state in (OFF, READY, CLOSED) or not self.restarts:
            return []
        return [f"The vision process ended ({self.reason}) and is being started again; until then {self._outage}."]

    def status(self) -> dict[str, Any]:
        """For the status page; `busy_seconds` is the time that requests took altogether."""
        return {
            "state": self.state,
            "pid": self.pid,
            "restarts": self.restarts,
            "reason": self.reason,
            "answered": self.answered,
            "failed": self.failed,
            "busy_seconds": round(self._busy_seconds, 1),
        }
