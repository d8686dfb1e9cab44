"""A child process with a pipe in each direction, read and written by native threads."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import gevent

from hub.vision.wire import Message, receive, send

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
KILL_SECONDS = 5.0


class Child:
    """A running child process. Raises OSError where it cannot be started.

    `ask` and `receive` block and belong on a native thread. The process reads the end of its input when the hub's end
    of the pipe is closed, so it ends with a hub that is killed.
    """

    def __init__(
        self, command: tuple[str, ...], errors: IO[bytes], environment: Mapping[str, str] | None = None
    ) -> None:
        """`errors` receives its standard error; `environment` is added to the hub's own variables."""
        variables = {**os.environ, **(environment or {})}
        child_input, requests = os.pipe()
        answers, child_output = os.pipe()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=child_input,
                stdout=child_output,
                stderr=errors,
                cwd=ROOT,
                env=variables,
                **_detached(),
            )
        except OSError:
            os.close(answers)
            os.close(requests)
            raise
        finally:
            os.close(child_input)
            os.close(child_output)
        self._requests, self._answers = os.fdopen(requests, "wb"), os.fdopen(answers, "rb")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None until the end of the process has been noticed by `is_running` or `kill`."""
        return self._process.returncode

    def is_running(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def receive(self) -> Message | None:
        """Read one message; None at the end of the pipe. Raises OSError or ValueError."""
        return receive(self._answers)

    def ask(self, head: dict[str, Any], body: bytes) -> Message | None:
        """Write one message and read the next one. Raises OSError or ValueError."""
        send(self._requests, head, body)
        return receive(self._answers)

    def kill(self) -> None:
        """Kill the process and wait until it has ended, which ends whatever a native thread does with the pipes."""
        end = time.monotonic() + KILL_SECONDS
        if self._process.poll() is None:
            self._process.kill()
            while self._process.poll() is None and time.monotonic() < end:
                gevent.sleep(0.005)

    def end_input(self) -> None:
        """Close its input, which asks it to end. No native thread may be writing to it."""
        try:
            self._requests.close()
        except OSError:
            log.debug("The input of the process was broken already.", exc_info=True)

    def close_pipes(self) -> None:
        """Close both pipes. No native thread may be using them: a closed number may be another file's at once."""
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except OSError:
                log.debug("A pipe to the vision process was broken already.", exc_info=True)


def _detached() -> dict[str, Any]:
    """Arguments that keep the terminal's signals from the process: Ctrl-C is the hub's to handle.

    A process group of its own and not a session: Linux shares the processors between sessions first ("autogroup"), so
    that the low priority of a process in another session would not let the hub go first.
    """
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def describe_end(status: int | None, errors: IO[bytes]) -> str:
    """How a process ended: its exit status and the last line of its standard error."""
    errors.seek(0, 2)
    errors.seek(max(0, errors.tell() - 4000))
    lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    last = f": {lines[-1][:200]}" if lines else ""
    if status is None:
        return f"it went on without an end{last}"
    return f"killed by signal {-status}{last}" if status < 0 else f"exit status {status}{last}"
