"""The log file: rotated, and no reason to end or to print tracebacks when it cannot be written."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler


class LogFile(RotatingFileHandler):
    """Counts in `lost` the lines that cannot be written, on a full disk for example; later ones are tried again."""

    lost = 0
    reason = ""  # why the last line was not written; "" once one was

    def emit(self, record: logging.LogRecord) -> None:
        reason, self.reason = self.reason, ""
        super().emit(record)
        if reason and not self.reason:
            _report(f"{self.baseFilename} is written again; {self.lost} lines are missing.")
            self.lost = 0

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a line that could not be written; any other failure of logging is printed as usual."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        if not self.lost:
            _report(f"{self.baseFilename} cannot be written ({error}); the hub runs all the same.")
        self.lost += 1
        self.reason = str(error)


def _report(sentence: str) -> None:
    """Print a sentence; the screen may be a file on the same full disk, and whoever logs must not fail for that."""
    with suppress(OSError, ValueError):
        print(sentence, file=sys.stderr, flush=True)
