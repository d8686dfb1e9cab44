"""Backups and checks as the hub runs them: by hand or by the schedule, one at a time, and how the last one ended."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from hub.backup import damaged, listing
from hub.backup.errors import IN_POSTGRESQL
from hub.backup.jobs import JobProcess
from hub.backup.listing import FUTURE_SECONDS, Listed
from hub.backup.pace import MB
from hub.backup.schedule import due, next_at
from hub.backup.worker import BACKUP, VERIFY, Job
from hub.contract.errors import Conflict
from hub.contract.times import utc_text
from hub.live.bus import Bus
from hub.live.events import BACKUP_ENDED, BackupEnded
from hub.runtime.offload import offload
from hub.settings.model import Settings
from hub.store.migrations.before import copies

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
FIRST_SECONDS = 10.0  # after the start: a hub that cannot stay up makes no backups
REFRESH_SECONDS = 60.0  # until a backup that the command line has made is shown
RETRY_SECONDS = 3600.0  # after a backup that failed
BY_HAND, BY_SCHEDULE = "by hand", "by schedule"


@dataclass(frozen=True)
class Ended:
    """How a job ended; `at` in epoch seconds."""

    at: float
    good: bool
    message: str
    trigger: str = BY_HAND
    findings: tuple[dict[str, str], ...] = ()

    def shown(self) -> dict[str, Any]:
        """For the page."""
        return {"at": utc_text(self.at), "good": self.good, "message": self.message, "trigger": self.trigger}


class Maintenance:
    """The service behind /maintenance. `run` is its greenlet; the others may be called from any greenlet."""

    def __init__(self, settings: Settings, bus: Bus) -> None:
        self._settings, self._bus = settings, bus
        self._instance, self._folder = settings.instance.resolve(), settings.backup_path.resolve()
        self._process = JobProcess()
        self._wanted: tuple[str, str] | None = None  # (action, trigger) of the job that runs or is about to
        self._wake, self._closing = Event(), Event()
        self._failed_at: float | None = None  # monotonic; of the last backup
        self.last_backup: Ended | None = None
        self.last_check: Ended | None = None
        self._listed: list[Listed] = []
        self._copies: list[tuple[str, int, float]] = []
        self._same_disk = True
        self._notices: list[str] = []

    def refresh(self) -> None:
        """Read the list of backups and the report of a damaged database again. On any thread."""
        self._listed = listing.listed(self._folder)
        self._copies = [(path.name, path.stat().st_size, path.stat().st_mtime) for path in copies(self._folder)]
        if self._folder.exists():
            self._same_disk = os.stat(self._folder).st_dev == os.stat(self._instance).st_dev
        self._notices = damaged.sentences(self._instance, self._folder)

    def run(self) -> None:
        """Start what is asked for and what the schedule wants, until the hub ends."""
        began = refreshed = time.monotonic()
        while not self._closing.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            if self._closing.is_set():
                return
            now = time.monotonic()
            if now - refreshed > REFRESH_SECONDS:
                refreshed = now
                offload(self.refresh)
            if self._wanted is None and now - began > FIRST_SECONDS and self._is_due():
                self._wanted = (BACKUP, BY_SCHEDULE)
            if self._wanted is not None:
                self._do(*self._wanted)

    def _is_due(self) -> bool:
        if self._settings.store.url:
            return False
        if self._failed_at is not None and time.monotonic() - self._failed_at < RETRY_SECONDS:
            return False
        return due(self._settings.backup, self._newest_at(), time.time())

    def _newest_at(self) -> float | None:
        """When the newest backup was made; those from the future were made before the clock was set back."""
        limit = time.time() + FUTURE_SECONDS
        made = [one.head.made_at for one in self._listed if one.head is not None and one.head.made_at < limit]
        return max(made, default=None)

    def start(self, action: str) -> None:
        """Have a backup made, or the data checked. Raises Conflict while another job runs."""
        if self._wanted is not None:
            raise Conflict("A backup or a check is running already; wait until it is done, or stop it.")
        if self._closing.is_set():
            raise Conflict("The hub is stopping.")
        if self._settings.store.url:
            raise Conflict(IN_POSTGRESQL)
        self._wanted = (action, BY_HAND)
        self._wake.set()

    def stop(self) -> None:
        """End the job that runs; nothing is left of a backup. Raises Conflict where none runs."""
        if self._wanted is None:
            raise Conflict("Neither a backup nor a check is running.")
        self._process.stop()

    def _do(self, action: str, trigger: str) -> None:
        try:
            if action == BACKUP:
                self._back_up(trigger)
            else:
                self._check()
            offload(self.refresh)
        finally:
            self._wanted = None

    def _back_up(self, trigger: str) -> None:
        settings, path = self._settings, listing.new_name(self._folder)
        reserve = settings.store.warn_free_mb * MB
        log.info("A backup is being made (%s): %s", trigger, path)
        result = self._process.run(Job(BACKUP, str(self._instance), str(path), settings.backup.mb_per_second, reserve))
        head, good = result.get("head"), "head" in result
        if head is not None:
            notes = " ".join(head["notes"])
            message = f"{path.name}: {head['files']} files, {head['size'] / MB:,.1f} MB. {notes}".strip()
            log.info("The backup is complete: %s", message)
            offload(listing.remove_old, self._folder, settings.backup.keep, path)
        else:
            message = str(result.get("error"))
            log.error("The backup failed: %s", message)
            offload(_remove_parts, path)
        self._failed_at = None if good else time.monotonic()
        self.last_backup = Ended(time.time(), good, message, trigger)
        self._bus.publish(BACKUP_ENDED, BackupEnded(good, message, trigger, str(path) if good else ""))

    def _check(self) -> None:
        began = time.monotonic()
        result = self._process.run(
            Job(VERIFY, str(self._instance), str(self._folder), self._settings.backup.mb_per_second)
        )
        found = tuple(self._process.findings)
        good = result.get("whole") is True
        message = str(result.get("error") or f"Checked in {time.monotonic() - began:.0f} s.")
        self.last_check = Ended(time.time(), good, message, BY_HAND, found)
        for one in found:
            if one["kind"] == "bad":
                log.error("The check found: %s", one["text"])

    def dismiss(self) -> None:
        """The operator has read the report of a damaged database."""
        offload(damaged.dismiss, self._instance)
        offload(self.refresh)

    def close(self) -> None:
        """End what runs."""
        self._closing.set()
        self._wake.set()
        self._process.stop()
        while self._process.running is not None:
            gevent.sleep(0.02)

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        found = list(self._notices)
        if self.last_backup is not None and not self.last_backup.good:
            found.append(f"The last backup failed: {self.last_backup.message}")
        if self.last_check is not None and not self.last_check.good:
            found.append("The last check found something damaged or missing: see /maintenance.")
        return found

    def shown(self) -> dict[str, Any]:
        """Everything that the page shows."""
        settings, now = self._settings.backup, time.time()
        following = next_at(settings, self._newest_at(), now)
        check = self.last_check
        return {
            "instance": str(self._instance),
            "folder": str(self._folder),
            "same_disk": self._same_disk,
            "schedule": {
                "hours": settings.hours,
                "every_hours": settings.every_hours,
                "keep": settings.keep,
                "next_at": utc_text(following),
            },
            "running": self._process.status() if self._wanted is not None else None,
            "waiting": self._wanted is not None,
            "backups": [_shown(one) for one in self._listed[:100]],
            "copies": [
                {"name": name, "size_bytes": size, "made_at": utc_text(moment)} for name, size, moment in self._copies
            ],
            "last_backup": None if self.last_backup is None else self.last_backup.shown(),
            "last_check": None if check is None else {**check.shown(), "findings": list(check.findings)},
            "notices": self._notices,
        }

    def status(self) -> dict[str, Any]:
        """For /status."""
        last = self.last_backup
        return {
            "backups": len([one for one in self._listed if one.head is not None]),
            "newest_at": utc_text(self._newest_at()),
            "scheduled": bool(self._settings.backup.hours or self._settings.backup.every_hours),
            "running": self._wanted is not None,
            "last_failed": last is not None and not last.good,
        }


def _shown(one: Listed) -> dict[str, Any]:
    """A backup of the folder for the page."""
    head = one.head
    return {
        "name": one.path.name,
        "size_bytes": one.size,
        "made_at": None if head is None else utc_text(head.made_at),
        "revision": None if head is None else head.revision,
        "files": None if head is None else head.files,
        "notes": [] if head is None else head.notes,
        "error": one.error,
    }


def _remove_parts(path: Path) -> None:
    """Remove what a process that was killed has left of a backup."""
    for ending in (".part", ".db.part"):
        try:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        except OSError as error:
            log.warning("A part of the failed backup %s stays behind: %s", path, error)
