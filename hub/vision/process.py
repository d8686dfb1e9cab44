"""The vision process as the hub sees it: started, asked with a time limit, started again when it dies, ended with the hub.

The pipes are read and written by a native thread of their own, the same way on every system; the event loop only waits for it. The process
hears the end of its input when the hub is gone, so nothing is left behind by a hub that was killed.
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, BinaryIO

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.threadpool import ThreadPool

from hub.runtime.offload import in_pool
from hub.vision.wire import Message, WireError, receive, send

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "hub.vision.worker")
OFF, STARTING, READY, RESTING, CLOSED = "off", "starting", "ready", "resting", "closed"
START_SECONDS = 60.0
"""A process that has not said that it is ready after this time is ended; a cold disk is slow."""
ANSWER_SECONDS = 20.0
"""A picture that takes longer is given up, and the process with it. The first one waits for OpenCV to be loaded."""
FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 0.2, 30.0
HEALTHY_SECONDS = 60.0
END_SECONDS = 5.0
POLL_SECONDS = 0.1


class VisionError(Exception):
    """A picture was not looked at; the text is a sentence that says why."""


class VisionProcess:
    """One process for everything that looks at pictures. `ask` may be called from many greenlets; the process does one picture at a time."""

    def __init__(
        self,
        command: tuple[str, ...] = COMMAND,
        answer_seconds: float = ANSWER_SECONDS,
        first_rest: float = FIRST_REST_SECONDS,
    ) -> None:
        self._command, self._answer_seconds, self._first_rest = command, answer_seconds, first_rest
        self._pool = ThreadPool(1)
        self._turn = BoundedSemaphore(1)
        self._closing, self.ready = Event(), Event()
        self._ids = itertools.count(1)
        self._child: subprocess.Popen[bytes] | None = None
        self._pipes: tuple[BinaryIO, BinaryIO] | None = None
        self.state = OFF
        self.restarts = self.answered = self.failed = 0
        self.reason = ""
        self._busy_seconds = 0.0

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    def run(self) -> None:
        """The supervised greenlet: keeps a process running, with growing rests between those that die."""
        rest = self._first_rest
        while self.state != CLOSED:
            began = time.monotonic()
            reason = self._live()
            if self.state == CLOSED:
                return
            rest = self._first_rest if time.monotonic() - began > HEALTHY_SECONDS else rest
            self.reason, self.restarts = reason, self.restarts + 1
            log.warning(
                "The vision process ended (%s) and is started again in %g s; until then no tags are looked for.",
                reason,
                rest,
            )
            self._closing.wait(rest)
            rest = min(2 * rest, LONGEST_REST_SECONDS)

    def ask(self, task: str, stream: str, options: dict[str, Any], picture: bytes) -> dict[str, Any]:
        """What `task` sees in a picture of `stream`; waits for its turn and the answer without holding the loop. Raises VisionError."""
        with self._turn:
            if self.state != READY or self._pipes is None:
                raise VisionError(f"The vision process is not running now ({self.state}).")
            number, began = next(self._ids), time.monotonic()
            head = {"id": number, "task": task, "stream": stream, "options": options}
            try:
                answer = self._exchange(head, picture)
            finally:
                self._busy_seconds += time.monotonic() - began
        if answer.get("id") == number and isinstance(answer.get("result"), dict):
            self.answered += 1
            return answer["result"]
        self.failed += 1
        raise VisionError(str(answer.get("error") or "The vision process gave an answer that belongs to no question."))

    def _exchange(self, head: dict[str, Any], picture: bytes) -> dict[str, Any]:
        """One question and its answer on the native thread. A process that takes too long or talks nonsense is ended."""
        reason = "The vision process ended while it looked at a picture."
        with gevent.Timeout(self._answer_seconds, False):
            try:
                message = in_pool(self._pool, _ask, self._pipes, head, picture)
                if message is not None:
                    return message[0]
            except (OSError, ValueError) as error:
                reason = (
                    f"The vision process said what cannot be understood ({error})."
                    if isinstance(error, WireError)
                    else reason
                )
            self._end_child()
            raise self._failure(reason)
        self._end_child()
        raise self._failure(f"The vision process had no answer within {self._answer_seconds:g} s and was ended.")

    def _failure(self, reason: str) -> VisionError:
        self.failed += 1
        return VisionError(reason)

    def _live(self) -> str:
        """One process from start to end; how it ended."""
        with tempfile.TemporaryFile() as errors:
            self.state = STARTING
            try:
                child = self._spawn(errors)
            except OSError as error:
                self.state = RESTING
                return f"it could not be started: {error.strerror}"
            try:
                if self._hear_ready():
                    self._say_ready()
                    while child.poll() is None:
                        gevent.sleep(POLL_SECONDS)
            finally:
                self.ready.clear()
                if self.state != CLOSED:
                    self.state = RESTING
                self._end_child()
                self._close_pipes()
            return _how_it_ended(child.returncode, errors)

    def _say_ready(self) -> None:
        if self.state != CLOSED:
            self.state = READY
            self.ready.set()
            log.info("The vision process runs (process %d).", self._child.pid)

    def _spawn(self, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the process with a pipe each way; the hub's ends are plain files, read and written by the native thread."""
        # Apart from the hub's terminal: Ctrl-C is the hub's to handle, and its end closes the pipe, which ends the process.
        apart = (
            {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        their_in, our_out = os.pipe()
        our_in, their_out = os.pipe()
        try:
            self._child = subprocess.Popen(
                self._command, stdin=their_in, stdout=their_out, stderr=errors, cwd=ROOT, **apart
            )
        except OSError:
            os.close(our_in)
            os.close(our_out)
            raise
        finally:
            os.close(their_in)
            os.close(their_out)
        self._pipes = os.fdopen(our_out, "wb"), os.fdopen(our_in, "rb")
        return self._child

    def _hear_ready(self) -> bool:
        with gevent.Timeout(START_SECONDS, False):
            try:
                message = in_pool(self._pool, receive, self._pipes[1])
            except (OSError, ValueError):
                return False
            return message is not None and message[0].get("state") == READY
        return False

    def _end_child(self) -> None:
        """Kill it and wait until it is gone; the pipes then end, and whatever the native thread does with them."""
        child, end = self._child, time.monotonic() + END_SECONDS
        if child is not None and child.poll() is None:
            child.kill()
            while child.poll() is None and time.monotonic() < end:
                gevent.sleep(0.005)

    def _close_pipes(self) -> None:
        """Only when the native thread is done with them: a closed number may be another file's by then."""
        self._pool.join()
        pipes, self._pipes = self._pipes, None
        for pipe in pipes or ():
            try:
                pipe.close()
            except OSError:
                log.debug("A pipe to the vision process was broken already.", exc_info=True)

    def close(self) -> None:
        """End the process; `run` then returns."""
        self.state = CLOSED
        self._closing.set()
        self._end_child()

    def warnings(self) -> list[str]:
        """What the operator should know, as sentences for the status page."""
        if self.state in (OFF, READY, CLOSED) or not self.restarts:
            return []
        return [
            f"The vision process ended ({self.reason}) and is being started again; until then no tags are looked for."
        ]

    def status(self) -> dict[str, Any]:
        """For the status page; `busy_seconds` is the time questions took altogether."""
        return {
            "state": self.state,
            "pid": self.pid,
            "restarts": self.restarts,
            "reason": self.reason,
            "answered": self.answered,
            "failed": self.failed,
            "busy_seconds": round(self._busy_seconds, 1),
        }


def _ask(pipes: tuple[BinaryIO, BinaryIO], head: dict[str, Any], picture: bytes) -> Message | None:
    """On the native thread."""
    send(pipes[0], head, picture)
    return receive(pipes[1])


def _how_it_ended(status: int | None, errors: IO[bytes]) -> str:
    errors.seek(0, 2)
    errors.seek(max(0, errors.tell() - 4000))
    lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    said = f": {lines[-1][:200]}" if lines else ""
    if status is None:
        return f"it went on without an end{said}"
    return f"killed by signal {-status}{said}" if status < 0 else f"exit status {status}{said}"
