"""One owner of an instance folder: an exclusive lock, held while the hub runs; it ends with its process."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import time
from pathlib import Path

log = logging.getLogger(__name__)

FILE_NAME = "hub.lock"
LOCKED_AT = 1 << 20  # the byte that is locked; far behind the text, since Windows forbids reading a locked byte
TEXT_BYTES = 256  # always written whole, in place: that needs no space, so it works on a full disk
HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # the last two on Windows


class InstanceInUse(OSError):
    """Another hub runs on the folder; the text is a sentence that names it."""


class FileLock:
    """An exclusive lock on a file of its own; it ends with its process. The file stays: a new one of the same name
    would be a second lock while this one is open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Whether nobody else had it. Raises OSError where the file system has no locks or the file cannot be made."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            _lock(file)
        except OSError as error:
            os.close(file)
            if error.errno in HELD:
                return False
            raise
        self._file = file
        return True

    def release(self) -> None:
        """Let another process have it. A second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class InstanceLock:
    """The lock of one folder. `acquire` before anything else in the folder is read or written.

    `warning`: why the folder is used without a lock, "" where it is locked. The file stays when the hub ends: another
    hub may have it open, and a new file of the same name would be a second lock.
    """

    def __init__(self, folder: Path, name: str = FILE_NAME) -> None:
        self.path = folder / name
        self.warning = ""
        self._file: int | None = None
        self._since = time.strftime("%Y-%m-%d %H:%M:%S")

    def acquire(self, port: int = 0) -> None:
        """Raise InstanceInUse, with a sentence, when another hub holds the lock.

        Where the file system has no locks or the file cannot be made, `warning` says so and the hub may go on.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            self._warn(error)
            return
        try:
            _lock(file)
        except OSError as error:
            held = error.errno in HELD
            owner = _owner(file) if held else ""
            os.close(file)
            if not held:
                self._warn(error)
                return
            raise InstanceInUse(
                f"Another hub runs on the folder {self.path.parent.resolve()}{owner}; "
                "stop it, or give this one another folder with --instance."
            ) from error
        self._file = file
        self.write_port(port)

    def _warn(self, error: OSError) -> None:
        self.warning = (
            f"The folder {self.path.parent.resolve()} could not be locked ({error}). "
            "Take care that no second hub runs on it: pictures would be lost."
        )

    def write_port(self, port: int) -> None:
        """Write which process holds the lock, and its main port; 0 while it does not listen yet."""
        if self._file is None:
            return
        text = json.dumps({"pid": os.getpid(), "port": port, "since": self._since})
        try:
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, text.ljust(TEXT_BYTES - 1).encode() + b"\n")
        except OSError as error:  # a full disk keeps nobody from holding the lock
            log.debug("%s was not written: %s", self.path, error)

    def release(self) -> None:
        """Let another hub have the folder. A second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)  # this releases the lock on every system


def _owner(file: int) -> str:
    """Who holds the lock, in words; "" where the file does not say."""
    try:
        os.lseek(file, 0, os.SEEK_SET)
        told = json.loads(os.read(file, TEXT_BYTES))
        port = f", main port {int(told['port'])}" if told["port"] else ""
        return f" (process {int(told['pid'])}{port}, since {str(told['since'])[:30]})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, LOCKED_AT, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
