"""Whether the hub can do its work now: each check is a sentence for the operator, or "" where all is well."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

import gevent
from gevent.lock import Semaphore
from sqlalchemy import literal, select

from hub.context import Hub
from hub.contract.errors import RequestError
from hub.store.disk import DiskWatch
from hub.store.errors import DatabaseError

log = logging.getLogger(__name__)

CACHE_SECONDS = 1.0  # however many ask, the database is read once a second
DATABASE_SECONDS = 3.0
STUCK_SECONDS = 15.0  # a commit that takes longer
WRITER = "writer"


class Readiness:
    """`failures()` is empty while the hub is ready."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._checks: dict[str, Callable[[], str]] = {
            "listening": self._listening,
            "writer": self._writer,
            "disk": self._disk,
            "database": self._database,
        }
        self._lock = Semaphore(1)
        self._checked_at = -CACHE_SECONDS
        self._found: dict[str, str] = {}
        self._stopping = False

    def stop(self) -> None:
        """The hub shuts down."""
        self._stopping = True

    @property
    def checks(self) -> list[str]:
        """The names of the checks."""
        return list(self._checks)

    def failures(self) -> dict[str, str]:
        """A sentence for each check that fails, by its name."""
        with self._lock:
            if monotonic() - self._checked_at >= CACHE_SECONDS:
                self._found = {name: text for name, check in self._checks.items() if (text := check())}
                self._checked_at = monotonic()
            return self._found

    def _listening(self) -> str:
        if self._stopping:
            return "The hub is stopping."
        # A side port that another program has is a warning on /status and a metric: what is open serves.
        return "" if "main" in self._hub.addresses else "The main port is not open yet."

    def _writer(self) -> str:
        writer = self._hub.writer
        if not any(task["running"] for task in self._hub.supervisor.status() if task["name"] == WRITER):
            return "The writer of the database does not run; start the hub again."
        if writer.failure is not None:
            return f"The hub cannot store now ({writer.failure}); check the disk."
        if writer.commit_began is not None and monotonic() - writer.commit_began > STUCK_SECONDS:
            return f"A commit takes longer than {STUCK_SECONDS:g} seconds; check the disk."
        return ""

    def _disk(self) -> str:
        return self._hub.part(DiskWatch).trouble

    def _database(self) -> str:
        limit = gevent.Timeout(DATABASE_SECONDS)
        try:
            with limit:
                self._hub.reader.all(select(literal(1)))
        except gevent.Timeout as reached:
            if reached is not limit:
                raise
            return f"The database does not answer within {DATABASE_SECONDS:g} seconds; check the disk."
        except (DatabaseError, RequestError) as error:
            return str(error)
        return ""
