"""The newest lines of the log in memory, for the status page, and how many there were of each level."""

from __future__ import annotations

import itertools
import logging
from collections import Counter, deque
from typing import Any

from hub.runtime.log_lines import log_entry

CAPACITY = 500
MAX_EXCEPTION = 4000
LEVELS = {name: getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}


class RecentLines(logging.Handler):
    """A log handler that keeps the last 500 lines, and of warnings and errors the last 500 beside them.

    So a flood of lines that say nothing wrong does not push a warning out. Called on every thread, without a lock:
    appending is atomic, and of two lines of the same moment `counts` may miss one.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._all: deque[tuple[int, dict[str, Any]]] = deque(maxlen=capacity)
        self._warnings: deque[tuple[int, dict[str, Any]]] = deque(maxlen=capacity)
        self.counts: Counter[str] = Counter()
        self._numbers = itertools.count(1)

    def createLock(self) -> None:
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; never fails, as a handler must not."""
        try:
            entry = log_entry(record)
        except Exception:  # arguments that do not fit their format: the handler of the file reports that
            self.handleError(record)
            return
        if "exception" in entry:
            entry["exception"] = entry["exception"][-MAX_EXCEPTION:]  # its end says what it was
        level = record.levelno
        self.counts[next((name for name in reversed(LEVELS) if level >= LEVELS[name]), "DEBUG")] += 1
        entry["number"] = next(self._numbers)
        self._all.append((level, entry))
        if level >= logging.WARNING:
            self._warnings.append((level, entry))

    def newest(self, level: str = "DEBUG", limit: int = CAPACITY, after: int = 0) -> list[dict[str, Any]]:
        """The newest lines of at least `level` (a key of LEVELS), the newest first, with a `number` above `after`."""
        least = LEVELS[level]
        kept = self._warnings if least >= logging.WARNING else self._all
        return [entry for number, entry in reversed(kept.copy()) if number >= least and entry["number"] > after][:limit]
