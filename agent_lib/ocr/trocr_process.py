"""TrOCR's own process as the agent sees it: started in the background, asked with a time limit, started again when it
dies.
"""

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
from typing import IO

import numpy as np

from agent_lib.ocr import Digits
from agent_lib.ocr.trocr_wire import WireError, pack, receive
from agent_lib.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "agent_lib.ocr.trocr_child")
LOADING, READY, RESTING, FAILED, CLOSED = "loading", "ready", "resting", "failed", "closed"
LOAD_SECONDS = 1800.0
"""A first download over a slow line takes long; a process that says nothing for longer than this hangs."""
HANG_SECONDS = 60.0
FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 1.0, 60.0
DEATHS_BEFORE_READY = 3
SLOW_IN_A_ROW = 3


class TrOcrProcess:
    """One model in one process, at most one at a time. `read` may be called from several threads; it never waits for
    the loading.
    """

    _shared: dict[tuple[str, bool], TrOcrProcess] = {}
    _sharing = threading.Lock()

    def __init__(
        self,
        model_id: str,
        int8: bool,
        command: tuple[str, ...] = COMMAND,
        first_rest: float = FIRST_REST_SECONDS,
        hang_seconds: float = HANG_SECONDS,
    ) -> None:
        folder = Path(model_id).expanduser()
        # The process has another working folder.
        self.model_id = str(folder.absolute()) if folder.is_dir() else model_id
        self._int8, self._command, self._first_rest, self._hang_seconds = int8, command, first_rest, hang_seconds
        self._changed = threading.Condition()
        self._state, self._reason, self._starts = LOADING, "", 0
        self._child: subprocess.Popen[bytes] | None = None
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._ids = itertools.count(1)
        self._asked, self._asked_at, self._abandoned = 0, 0.0, False
        self._answers: dict[int, Digits] = {}
        self._slow = 0
        self._supervisor = Supervisor()

    @classmethod
    def shared(cls, model_id: str, int8: bool) -> TrOcrProcess:
        """The agent's one process for this model, started on the first call."""
        with cls._sharing:
            key = (model_id, int8)
            if key not in cls._shared:
                process = cls._shared[key] = cls(model_id, int8)
                process.start()
            return cls._shared[key]

    def start(self) -> None:
        """Begin to load; returns at once."""
        atexit.register(self.close)
        self._supervisor.run("trocr", self._keep)

    @property
    def state(self) -> str:
        """loading, ready, resting (before a new start), failed (for good) or closed."""
        return self._state

    @property
    def reason(self) -> str:
        """Why it failed; "" otherwise."""
        return self._reason

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    @property
    def starts(self) -> int:
        """How often a process was started."""
        return self._starts

    def wait(self, seconds: float) -> bool:
        """Whether it is ready; waits while it loads, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._state in (READY, FAILED, CLOSED), seconds)
            return self._state == READY

    def read(self, strip: np.ndarray, tokens: int, seconds: float) -> Digits | None:
        """What TrOCR reads; None where it is not ready, dies, or has no answer within `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: self._state != READY or not self._asked or self._abandoned, seconds)
            if self._state != READY:
                return None
            if self._asked:
                # Still at a strip that nobody waits for any more.
                self._end_if_it_hangs()
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
                self._count_slow(seconds)
                self._changed.notify_all()
            elif answer is not None:
                self._slow = 0
            return answer

    def close(self) -> None:
        """End the process and the thread that keeps it; waits for at most a few seconds."""
        with self._changed:
            self._set(CLOSED)
            child = self._child
        if child is not None:
            child.kill()
        self._supervisor.stop(5.0)
        atexit.unregister(self.close)

    def _count_slow(self, seconds: float) -> None:
        self._slow += 1
        if self._slow == SLOW_IN_A_ROW:
            log.warning(
                "TrOCR had no answer within %g s %d times in a row: set ocr.int8 to true or take a smaller model. "
                'What it does not read, the engine "auto" reads.',
                seconds,
                SLOW_IN_A_ROW,
            )

    def _end_if_it_hangs(self) -> None:
        if self._child is not None and time.monotonic() - self._asked_at > self._hang_seconds:
            log.warning("TrOCR's process has not answered for %g s and is ended.", self._hang_seconds)
            self._child.kill()

    def _keep(self) -> None:
        """Start the process, again and again with growing rests, until it cannot be loaded or all is closed."""
        rest, deaths = self._first_rest, 0
        log.info('TrOCR loads %s in the background; until it is ready, the engine "auto" reads.', self.model_id)
        while self._state != CLOSED:
            begun = time.monotonic()
            was_ready, said = self._live()
            if self._state in (CLOSED, FAILED):
                return
            deaths = 0 if was_ready else deaths + 1
            if deaths >= DEATHS_BEFORE_READY:
                self._give_up(f"Its process ended while it loaded ({said}), {deaths} times.")
                return
            rest = self._first_rest if time.monotonic() - begun > LONGEST_REST_SECONDS else rest
            log.warning(
                'TrOCR\'s process ended (%s) and is started again in %g s; until then the engine "auto" reads.',
                said,
                rest,
            )
            with self._changed:
                self._changed.wait_for(lambda: self._state == CLOSED, rest)
            rest = min(2 * rest, LONGEST_REST_SECONDS)

    def _live(self) -> tuple[bool, str]:
        """One process from start to end: whether it became ready, and how it ended."""
        was_ready = False
        with tempfile.TemporaryFile() as errors:
            child = self._spawn(errors)
            if child is None:
                return False, "it could not be started"
            too_long = threading.Timer(LOAD_SECONDS, child.kill)
            too_long.daemon = True
            too_long.start()
            sender = threading.Thread(target=_write_all, args=(child, self._outbox), name="trocr-sender", daemon=True)
            sender.start()
            try:
                while (message := receive(child.stdout)) is not None:
                    if message[0].get("state") == "ready":
                        too_long.cancel()
                        was_ready = True
                    self._take(message[0])
            except (WireError, OSError) as error:
                log.warning("TrOCR's process said what cannot be understood: %s.", error)
                child.kill()
            finally:
                too_long.cancel()
                self._outbox.put(None)
                _end(child, sender)
                with self._changed:
                    self._asked = 0
                    self._answers.clear()
                    if self._state not in (CLOSED, FAILED):
                        self._set(RESTING)
            return was_ready, _how_it_ended(child.returncode, errors)

    def _spawn(self, errors: IO[bytes]) -> subprocess.Popen[bytes] | None:
        # Apart from the agent's terminal: Ctrl-C is the agent's to handle, and its end closes the pipe, which ends the
        # process.
        apart = (
            {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        with self._changed:
            if self._state == CLOSED:
                return None
            try:
                child = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT, **apart
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

    def _take(self, head: dict) -> None:
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


def _write_all(child: subprocess.Popen[bytes], outbox: queue.SimpleQueue[bytes | None]) -> None:
    """Feed the process from a thread of its own: one that is stuck holds up this and no capture."""
    while (data := outbox.get()) is not None:
        try:
            child.stdin.write(data)
            child.stdin.flush()
        except (OSError, ValueError):
            return  # it died; the other end of the pipe says so


def _end(child: subprocess.Popen[bytes], sender: threading.Thread) -> None:
    """Nothing of it is left: a new process may be started."""
    try:
        child.wait(2.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    sender.join()
    for pipe in (child.stdin, child.stdout):
        try:
            pipe.close()
        except OSError:
            log.debug("A pipe to TrOCR's process was broken already", exc_info=True)


def _how_it_ended(status: int, errors: IO[bytes]) -> str:
    errors.seek(0, 2)
    errors.seek(max(0, errors.tell() - 4000))
    lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    said = f": {lines[-1][:200]}" if lines else ""
    return f"killed by signal {-status}{said}" if status < 0 else f"exit status {status}{said}"
