"""A request to end in order that another process can make without a signal: a file in the instance folder.

Windows has no signal that reaches a program which the Task Scheduler has started.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.5
WAIT_POLL_SECONDS = 0.05
END_SECONDS = 60.0  # for a program to notice the request, store what is pending and end


class StopRequest:
    """The file `hub.stop` or `agent.stop` of an instance folder."""

    def __init__(self, instance: Path, kind: str) -> None:
        self.path = instance / f"{kind}.stop"

    def make(self) -> None:
        """Ask the program that runs on the folder to end. Raises OSError."""
        self.path.touch()

    def withdraw(self) -> bool:
        """Remove the request, noticed now or left from an earlier run; whether it is gone."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        return not self.path.exists()

    def is_made(self) -> bool:
        """Whether the end was asked for."""
        return self.path.exists()

    def end_program(self, is_running: Callable[[], bool], seconds: float = END_SECONDS) -> bool:
        """Ask the program to end and wait until it has; whether it has. Raises OSError.

        `is_running`: whether the program runs on the folder.
        """
        until = time.monotonic() + seconds
        try:
            while is_running():
                if time.monotonic() > until:
                    return False
                self.make()  # again and again: a program that is just starting removes what it finds
                time.sleep(WAIT_POLL_SECONDS)
            return True
        finally:
            self.withdraw()
