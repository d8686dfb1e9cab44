"""The free space of the disk that holds the instance folder, and whether the hub can store."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import gevent

from hub.contract.alerts import AlertKind, Condition
from hub.runtime.offload import offload
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
FULL_BYTES = 1024 * 1024
MB = 1e6


class DiskWatch:
    """Polls the free space. While nothing can be stored it tries again, so that the warning ends with its cause."""

    def __init__(self, folder: Path, writer: Writer, warn_mb: int) -> None:
        self._folder, self._writer, self._warn_mb = folder, writer, warn_mb
        self._free: int | None = None  # bytes; None where the system does not say
        self._total = 0
        self._poll()

    def run(self) -> None:
        """The polling greenlet."""
        full = False
        while True:
            if full != self.full:
                full = self.full
                log.log(
                    logging.ERROR if full else logging.WARNING,
                    "%s",
                    self.warnings()[0] if full else f"There is room on the disk of {self._folder} again.",
                )
            gevent.sleep(POLL_SECONDS)
            offload(self._poll)
            if self._writer.failure is not None:
                try:
                    self._writer.probe()
                except StoreBusy as error:
                    log.debug("Nothing can be stored yet: %s", error)

    def _poll(self) -> None:
        try:
            usage = shutil.disk_usage(self._folder)
        except OSError as error:
            log.debug("The free space of %s is unknown: %s", self._folder, error)
            self._free = None
            return
        self._free, self._total = usage.free, usage.total

    @property
    def free_bytes(self) -> int | None:
        """The free space; None where the system does not say."""
        return self._free

    @property
    def size_bytes(self) -> int:
        """The size of the disk; 0 where the system does not say."""
        return self._total

    @property
    def full(self) -> bool:
        """Whether there is no room for records."""
        return self._writer.disk_full or (self._free is not None and self._free < FULL_BYTES)

    @property
    def trouble(self) -> str:
        """A sentence for the operator while there is no room for records; "" where there is."""
        if self.full:
            return (
                f"The disk of {self._folder.resolve()} is full: records are refused with 503 until there is room, and "
                "senders try again. Free some space on it; the hub goes on by itself."
            )
        return ""

    def condition(self) -> Condition:
        """Whether there is room, for alerts."""
        warnings = self.warnings()
        return Condition(
            AlertKind.DISK_LOW, str(self._folder.resolve()), bool(warnings), warnings[0] if warnings else ""
        )

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        folder = self._folder.resolve()
        if self.trouble:
            return [self.trouble]
        if self._writer.failure is not None:
            return [
                f"The hub cannot store now ({self._writer.failure}); {self._writer.not_stored} records were refused. "
                f"Check the disk of {folder}; the hub goes on by itself as soon as it can."
            ]
        if self._free is not None and self._free < self._warn_mb * MB:
            return [f"The disk of {folder} has only {self._free / MB:.0f} MB free. Make room before it is full."]
        return []

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "free_mb": None if self._free is None else round(self._free / MB, 1),
            "total_mb": round(self._total / MB, 1),
            "full": self.full,
        }
