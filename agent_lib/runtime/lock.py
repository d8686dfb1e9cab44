"""One agent per instance folder: a lock that the system gives back however the process ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_FAR = 1 << 30
"""The locked byte. Windows forbids others to read what is locked, so it lies behind the process number."""


class InstanceBusy(Exception):
    """Another agent uses the folder; the text says which and what to do."""


class InstanceLock:
    """Holds `agent.lock` of a folder from `take` to `release`."""

    def __init__(self, instance: Path) -> None:
        self._instance = instance
        self._file: BinaryIO | None = None

    def take(self) -> None:
        """Raises InstanceBusy, and OSError where the folder cannot be written."""
        file = open(self._instance / "agent.lock", "a+b")
        try:
            _lock(file)
        except OSError as error:
            file.seek(0)
            owner = file.read(20).decode("ascii", "replace").strip()
            file.close()
            who = f"process {owner}" if owner.isdigit() else "another process"
            raise InstanceBusy(
                f"An agent already runs on {self._instance} ({who}); end it, or give this one a folder of its own "
                "with --instance."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let another agent in."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: BinaryIO) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
