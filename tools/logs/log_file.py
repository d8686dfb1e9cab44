"""The log file: rotated, and no reason to end or to print tracebacks when it cannot be written."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

from tools.logs.log_rotation import LogRotation


class LogFile(logging.FileHandler):
    """Counts in `lost` the lines that cannot be written, on a full disk for example; later ones are tried again.

    Rotated as `LogRotation` says. A file that cannot be set aside, because another program has it open, is written on.
    """

    def __init__(self, path: Path, max_bytes: int = 0, keep: int = 5, max_days: int = 0, program: str = "hub") -> None:
        """`program`: whose log it is, for sentences."""
        self._program = program
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.lost = 0
        self.reason = ""  # why the last line was not written; "" once one was
        self._stuck = False  # whether the file could not be set aside when that was tried last
        self._rotation = LogRotation(Path(self.baseFilename), max_bytes, keep, max_days)

    def emit(self, record: logging.LogRecord) -> None:
        reason, self.reason = self.reason, ""
        try:
            self._rotate()
            super().emit(record)
        except OSError:  # the file could not be opened
            self.handleError(record)
        if reason and not self.reason:
            _report(f"{self.baseFilename} is written again; {self.lost} lines are missing.")
            self.lost = 0

    def _rotate(self) -> None:
        """Set the file aside where that is due. Raises OSError where no new one can be opened."""
        if self.stream is not None and self._rotation.due(os.fstat(self.stream.fileno()).st_size):
            with suppress(OSError, ValueError):
                self.stream.close()
            self.stream = None
            try:
                self._rotation.rotate()
                self._stuck = False
            except OSError as error:
                if not self._stuck:
                    _report(f"{self.baseFilename} cannot be set aside ({error}); it is written on.")
                self._stuck = True
            self.stream = self._open()
            if self._rotation.must_empty(os.fstat(self.stream.fileno()).st_size):
                self.stream.truncate(0)
        self._rotation.expire_at_times()

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a line that could not be written; any other failure of logging is printed as usual."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        if not self.lost:
            _report(f"{self.baseFilename} cannot be written ({error}); the {self._program} runs all the same.")
        self.lost += 1
        self.reason = str(error)


def _report(sentence: str) -> None:
    """Print a sentence; the screen may be a file on the same full disk, and whoever logs must not fail for that."""
    with suppress(OSError, ValueError):
        print(sentence, file=sys.stderr, flush=True)
