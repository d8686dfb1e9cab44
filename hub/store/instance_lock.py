"""One owner of an instance folder: an exclusive lock that is held for as long as the hub runs, and ends with its process."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import IO

FILE_NAME = "hub.lock"
LOCKED_AT = 1 << 20  # the byte that is locked; far behind the text, since Windows forbids reading a locked byte


class InstanceInUse(OSError):
    """Another hub runs on the folder; the text is a sentence that names it."""


class InstanceLock:
    """The lock of one folder. `acquire` before anything in the folder is touched."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._file: IO[bytes] | None = None

    def acquire(self, port: int = 0) -> None:
        """Raises InstanceInUse with a sentence when another process holds it, OSError when the folder cannot be written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self.path, "a+b")  # noqa: SIM115  held until release()
        try:
            _lock(file)
        except OSError as error:
            owner = _owner(file)
            file.close()
            raise InstanceInUse(
                f"Another hub runs on the folder {self.path.parent.resolve()}{owner}; stop it, or give this one another folder with --instance."
            ) from error
        self._file = file
        self._write(port)

    def _write(self, port: int) -> None:
        """Say who holds it. A full disk keeps nobody from holding the lock."""
        assert self._file is not None
        text = json.dumps({"pid": os.getpid(), "port": port, "since": time.strftime("%Y-%m-%d %H:%M:%S")})
        try:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(text.encode())
            self._file.flush()
        except OSError:
            return

    def release(self) -> None:
        """Let another hub have the folder. Twice does no harm."""
        file, self._file = self._file, None
        if file is not None:
            file.close()  # gives the lock back on every system


def _owner(file: IO[bytes]) -> str:
    try:
        file.seek(0)
        told = json.loads(file.read(4096))
        return f" (process {int(told['pid'])}, main port {int(told['port'])}, since {str(told['since'])[:30]})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(LOCKED_AT)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
