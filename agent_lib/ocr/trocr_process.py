"""Manages the TrOCR child process: starts it in the background, sends requests with a timeout, restarts it."""

from __future__ import annotations

import atexit
import itertools
import logging
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

import numpy as np

from agent_lib.ocr import Digits
from agent_lib.ocr.trocr_pipes import end, exit_reason, pipe_of, write_all
from agent_lib.ocr.trocr_wire import WireError, pack, receive
from agent_lib.runtime.arrays import Image
from agent_lib.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "agent_lib.ocr.trocr_child")
LOADING, READY, RESTING, FAILED, CLOSED = "loading", "ready", "resting", "failed", "closed"
LOAD_SECONDS = 1800.0
"""Load timeout: a first download over a slow connection takes long."""
HANG_SECONDS = 60.0
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 1.0, 60.0
MAX_FAILED_LOADS = 3
TIMEOUTS_BEFORE_WARNING = 3


class TrOcrProcess:
    """One model in at most one child process at a time. `read` is thread-safe and never waits for loading."""

    _shared: dict[tuple[str, bool], TrOcrProcess] = {}
    _shared_lock = threading.Lock()

    def __init__(
        self,
        model_id: str,
        int8: bool,
        command: tuple[str, ...] = COMMAND,
        first_backoff: float = FIRST_BACKOFF_SECONDS,
        hang_seconds: float = HANG_SECONDS,
    ) -> None:
        folder = Path(model_id).expanduser()
        # The child has another working directory.
        self.model_id = str(folder.absolute()) if folder.is_dir() else model_id
        self._int8, self._command, self._first_backoff, self._hang_seconds = int8, command, first_backoff, hang_seconds
        self._changed = threading.Condition()
        self._state, self._reason, self._starts = LOADING, "", 0
        self._child: subprocess.Popen[bytes] | None = None
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._ids = itertools.count(1)
        self._asked, self._asked_at, self._abandoned = 0, 0.0, False
        self._answers: dict[int, Digits] = {}
        self._timeouts = 0
        self._supervisor = Supervisor()

    @classmethod
    def shared(cls, model_id: str, int8: bool) -> TrOcrProcess:
        """The agent's shared process for this model, started on the first call."""
        with cls._shared_lock:
            key = (model_id, int8)
            if key not in cls._shared:
                process = cls._shared[key] = cls(model_id, int8)
                process.start()
            return cls._shared[key]

    def start(self) -> None:
        """Start loading in the background; returns at once."""
        atexit.register(self.close)
        self._supervisor.run("trocr", self._keep)

    @property
    def state(self) -> str:
        """loading, ready, resting (back-off before a restart), failed (permanently) or closed."""
        return self._state

    @property
    def reason(self) -> str:
        """Why it failed; "" otherwise."""
        return self._reason

    @property
    def pid(self) -> int | None:
        """Process id of the running child, None if there is none."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    @property
    def starts(self) -> int:
        """Number of child processes started."""
        return self._starts

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` while it loads; whether it is ready."""
        with self._changed:
            self._changed.wait_for(lambda: self._state in (READY, FAILED, CLOSED), seconds)
            return self._state == READY

    def read(self, strip: Image, tokens: int, seconds: float) -> Digits | None:
        """TrOCR's output; None if it is not ready, dies, or does not answer within `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: self._state != READY or not self._asked or self._abandoned, seconds)
            if self._state != READY:
                return None
            if self._asked:
                # It still processes a strip whose caller gave up.
                self._kill_if_hanging()
                return None
            number = self._asked = next(self._ids)
            self._asked_at, self._abandoned = time.monotonic(), False
            body = np.ascontiguousarray(strip, dtype=np.uint8).tobytes()
            self._outbox.put(pack({"do": "read", "id": number, "tokens": tokens, "shape": list(strip.shape)}, body))
            self._changed.wait_for(
                lambda: self._state != READY or number in self._answers, max(0.0, deadline - time.monotonic())
            )
            answer = self._answers.pop(number, None)
            if answer is None and self._asked == number:
                self._abandoned = True
                self._count_timeout(seconds)
                self._changed.notify_all()
            elif answer is not None:
                self._timeouts = 0
            return answer

    def close(self) -> None:
        """End the child and the thread that manages it; blocks for a few seconds at most."""
        with self._changed:
            self._set(CLOSED)
            child = self._child
        if child is not None:
            child.kill()
        self._supervisor.stop(5.0)
        atexit.unregister(self.close)

    def _count_timeout(self, seconds: float) -> None:
        self._timeouts += 1
        if self._timeouts == TIMEOUTS_BEFORE_WARNING:
            log.warning(
                "TrOCR had no answer within %g s %d times in a row: set ocr.int8 to true or take a smaller model. "
                'What it does not read, the engine "auto" reads.',
                seconds,
                TIMEOUTS_BEFORE_WARNING,
            )

    def _kill_if_hanging(self) -> None:
        if self._child is not None and time.monotonic() - self._asked_at > self._hang_seconds:
            log.warning("TrOCR's process has not answered for %g s and is ended.", self._hang_seconds)
            self._child.kill()

    def _keep(self) -> None:
        """Run child processes with back-off between restarts, until loading fails permanently or `close`."""
        backoff, failed_loads = self._first_backoff, 0
        log.info('TrOCR loads %s in the background; until it is ready, the engine "auto" reads.', self.model_id)
        while self._state != CLOSED:
            started = time.monotonic()
            was_ready, exit_reason = self._run_child()
            if self._state in (CLOSED, FAILED):
                return
            failed_loads = 0 if was_ready else failed_loads + 1
            if failed_loads >= MAX_FAILED_LOADS:
                self._give_up(f"Its process ended while it loaded ({exit_reason}), {failed_loads} times.")
                return
            backoff = self._first_backoff if time.monotonic() - started > MAX_BACKOFF_SECONDS else backoff
            log.warning(
                'TrOCR\'s process ended (%s) and is started again in %g s; until then the engine "auto" reads.',
                exit_reason,
                backoff,
            )
            with self._changed:
                self._changed.wait_for(lambda: self._state == CLOSED, backoff)
            backoff = min(2 * backoff, MAX_BACKOFF_SECONDS)

    def _run_child(self) -> tuple[bool, str]:
        """Run one child process until it exits: whether it became ready, and its exit reason."""
        was_ready = False
        with tempfile.TemporaryFile() as errors:
            child = self._spawn(errors)
            if child is None:
                return False, "it could not be started"
            load_timeout = threading.Timer(LOAD_SECONDS, child.kill)
            load_timeout.daemon = True
            load_timeout.start()
            outbox = self._outbox
            sender = self._supervisor.run("trocr-sender", lambda: write_all(child, outbox))
            try:
                while (message := receive(pipe_of(child.stdout))) is not None:
                    if message[0].get("state") == "ready":
                        load_timeout.cancel()
                        was_ready = True
                    self._on_message(message[0])
            except (WireError, OSError) as error:
                log.warning("TrOCR's process sent an invalid message: %s.", error)
                child.kill()
            finally:
                load_timeout.cancel()
                self._outbox.put(None)
                end(child, sender)
                with self._changed:
                    self._asked = 0
                    self._answers.clear()
                    if self._state not in (CLOSED, FAILED):
                        self._set(RESTING)
            return was_ready, exit_reason(child.returncode, errors)

    def _spawn(self, errors: IO[bytes]) -> subprocess.Popen[bytes] | None:
        # Detached from the agent's terminal: Ctrl-C is for the agent, whose exit closes the pipe and so ends the child.
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        with self._changed:
            if self._state == CLOSED:
                return None
            try:
                child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=ROOT,
                    creationflags=flags,
                    start_new_session=sys.platform != "win32",
                )
            except OSError as error:
                log.warning("TrOCR's process cannot be started: %s.", error.strerror)
                return None
            self._starts += 1
            self._child = child
            self._outbox = queue.SimpleQueue()
            self._outbox.put(pack({"do": "load", "model_id": self.model_id, "int8": self._int8}))
            self._set(LOADING)
        return child

    def _on_message(self, head: dict[str, Any]) -> None:
        state, text = head.get("state"), str(head.get("text", ""))
        if state == "note":
            log.info("TrOCR %s.", text)
        elif state == "failed":
            self._give_up(text)
        elif state == READY:
            log.info("TrOCR is ready: %s%s", self.model_id, f"; {text}." if text else ".")
            with self._changed:
                if self._state == LOADING:
                    self._set(READY)
        elif head.get("id"):
            with self._changed:
                if not self._abandoned:
                    self._answers[head["id"]] = Digits(text, float(head.get("confidence", 0.0)))
                self._asked = 0
                self._changed.notify_all()

    def _give_up(self, reason: str) -> None:
        with self._changed:
            if self._state == CLOSED:
                return
            log.warning('TrOCR cannot be used, the engine "auto" reads instead: %s', reason)
            self._reason = reason
            self._set(FAILED)

    def _set(self, state: str) -> None:
        self._state = state
        self._changed.notify_all()
