"""One agent per instance folder: a file lock that the operating system releases however the process ends."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import BinaryIO

_LOCKED_BYTE = 1 << 30
"""Offset of the locked byte. Windows denies reading locked bytes, so it lies beyond the process number."""


log = logging.getLogger(__name__)


class InstanceBusy(Exception):
    """Another agent uses the folder; the message names it and says what to do."""


class InstanceLock:
    """Holds `agent.lock` of a folder from `acquire` to `release`."""

    def __init__(self, instance: Path) -> None:
        self._instance = instance
        self.path = instance / "agent.lock"
        self._file: BinaryIO | None = None

    def acquire(self) -> None:
        """Acquire the lock. Raises InstanceBusy, and OSError if the folder cannot be written."""
        file = open(self.path, "a+b")
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
        self._file = file
        try:
            file.truncate(0)
            os.write(file.fileno(), str(os.getpid()).encode())
        except OSError as error:  # a full disk keeps nobody from holding the lock
            log.debug("%s was not written: %s", file.name, error)

    def release(self) -> None:
        """Release the lock, so that another agent can start."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
