"""The free space of the disk that holds the instance folder, and whether the hub can store."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from hub.contract.alerts import AlertKind, Condition
from hub.runtime.offload import offload
from hub.store.room import DiskRoom
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
FULL_BYTES = 1024 * 1024
MB = 1e6


class DiskWatch:
    """Polls the free space. While nothing can be stored it tries again, so that the warning ends with its cause."""

    def __init__(
        self,
        folder: Path,
        writer: Writer,
        warn_mb: int,
        room: DiskRoom | None = None,
        on_change: Callable[[str], None] = lambda trouble: None,
    ) -> None:
        """`on_change` gets `trouble` whenever it has changed."""
        self._folder, self._writer, self._warn_mb = folder, writer, warn_mb
        self._room, self._on_change = room or DiskRoom(0), on_change
        self._free: int | None = None  # bytes; None where the system does not say
        self._total = 0
        self._poll()

    def run(self) -> None:
        """The polling greenlet."""
        trouble = ""
        while True:
            if bool(trouble) != bool(self.trouble):
                trouble = self.trouble
                log.log(
                    logging.ERROR if trouble else logging.WARNING,
                    "%s",
                    trouble or f"There is room on the disk of {self._folder} again.",
                )
                self._on_change(trouble)
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
        else:
            self._free, self._total = usage.free, usage.total
        self._room.update(self._free)

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
        folder = self._folder.resolve()
        if self.full:
            place = self._place if self._writer.disk_full else folder
            return (
                f"The disk of {place} is full: records are refused with 503 until there is room, and senders try "
                "again. Free some space on it; the hub goes on by itself."
            )
        if self._room.closed:
            return (
                f"The disk of {folder} is nearly full: what is left ({self._room.reserve / MB:.0f} MB, "
                "store.reserve_mb) is kept for the database, so records are refused with 503, and senders try again. "
                "Free some space on it, or let old records expire with retention.max_gb; the hub goes on by itself."
            )
        return ""

    @property
    def _place(self) -> str:
        """Where the database is: in the folder, or at its own address."""
        backend = self._writer.backend
        return str(self._folder.resolve()) if backend.in_folder else backend.address

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
                f"Check the disk of {self._place}; the hub goes on by itself as soon as it can."
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
            "refusing": bool(self.trouble),
            "reserve_mb": round(self._room.reserve / MB, 1),
            "refused_for_room": self._room.refused,
        }
