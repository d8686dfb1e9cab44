"""Rows that cannot be read: a sentence for who asked, a count and a warning for the operator."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

from hub.store.backend import Backend
from hub.store.errors import DatabaseError, DatabaseUnreadable

log = logging.getLogger(__name__)

LOG_SECONDS = 10.0
WARN_SECONDS = 60.0  # a fault that passes, such as a busy disk, is shown for this long
RETRY_SECONDS = 5
MAX_FOUND = 5  # results of a check that are shown
REPAIR = (
    "Restart the hub: it keeps the file aside and goes on with what can be read of it, and names the newest backup "
    "(docs/backup.md)."
)


class DatabaseFaults:
    """Failed reads of one database. `report` is called on native threads."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.corrupt = self.unavailable = 0  # failed reads
        self.corrupt_writes = 0
        self.found: list[str] = []  # what the check at the start found
        self._reason = ""
        self._failed_at: float | None = None
        self._log_at = 0.0
        self.on_corrupt: list[Callable[[], None]] = []  # called once, at the first damage, on any thread

    def _met_damage(self) -> None:
        """Call the listeners, the first time."""
        listeners, self.on_corrupt = self.on_corrupt, []
        for listener in listeners:
            listener()

    def report(self, error: Exception) -> DatabaseError:
        """Count a failed read; the error to raise."""
        kind = self._backend.fault(error)
        if not kind:
            return DatabaseError(str(error))
        if kind == "corrupt":
            self.corrupt += 1
            self._met_damage()
            sentence = f"A part of the database {self._backend.title} cannot be read ({error}). {REPAIR}"
            raised = DatabaseUnreadable(sentence)
        else:
            self.unavailable += 1
            sentence = f"The database {self._backend.title} cannot be read now ({error}). Try again in a few seconds."
            raised = DatabaseUnreadable(sentence, retry_after=RETRY_SECONDS)
            self._failed_at = monotonic()
        self._reason = str(error)
        if monotonic() >= self._log_at:
            self._log_at = monotonic() + LOG_SECONDS
            log.error("%s (%d such reads since the start)", sentence, self.corrupt + self.unavailable)
        return raised

    def report_write(self, error: Exception) -> None:
        """Count a record that could not be stored because a part of the file cannot be read."""
        self.corrupt_writes += 1
        self._met_damage()
        self._reason = str(error)
        if monotonic() >= self._log_at:
            self._log_at = monotonic() + LOG_SECONDS
            log.error(
                "A record was not stored: a part of the database %s cannot be read (%s). %s (%d such since the start)",
                self._backend.address,
                error,
                REPAIR,
                self.corrupt_writes,
            )

    def report_check(self, found: list[str]) -> None:
        """Keep what the check of the file found."""
        self.found = found[:MAX_FOUND]
        if found:
            self._met_damage()
        for text in self.found:
            log.error("The database %s is damaged: %s", self._backend.address, text)

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        refused = self.corrupt + self.corrupt_writes
        if refused or self.found:
            reason = self._reason if refused else self.found[0]
            return [
                f"A part of the database {self._backend.address} cannot be read ({reason}); "
                f"{refused} requests were refused. {REPAIR}"
            ]
        if self._failed_at is not None and monotonic() - self._failed_at < WARN_SECONDS:
            return [
                f"The database {self._backend.address} could not be read a moment ago ({self._reason}); check the disk."
            ]
        return []

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "corrupt_reads": self.corrupt,
            "corrupt_writes": self.corrupt_writes,
            "failed_reads": self.unavailable,
            "damage_found": self.found,
        }
