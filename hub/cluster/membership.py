"""This hub among those on the same PostgreSQL database: which of them leads, and what the others have changed.

One connection of its own carries both. The hub that leads holds an advisory lock; the server frees it when the
connection ends, or when nothing was asked over it for a while (a hub whose event loop stands still). Each question also
brings the notices of changed tables.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.threadpool import ThreadPool

from hub.cluster.leading import Leading
from hub.cluster.shared_tables import SharedTables
from hub.contract.times import utc_text
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.offload import in_pool
from hub.runtime.time_limit import time_limit
from hub.store.errors import StoreUnusable
from hub.store.postgresql.session import Beat, Session

log = logging.getLogger(__name__)

INTERVAL = 0.5
BEAT_SECONDS = 4.0  # a hub without an answer for so long no longer leads; less than the server waits for a question
FIRST_SECONDS = 20.0
LEAVE_SECONDS = 2.0
NO_ANSWER = "PostgreSQL does not answer in time"


class Membership:
    """`run` asks every INTERVAL; `enter` before it, at the start. `name`: of this hub, for status pages of others."""

    def __init__(self, session: Session, leading: Leading, tables: SharedTables, name: Callable[[], str]) -> None:
        self._session, self._leading, self._tables, self._name = session, leading, tables, name
        self._pool = ThreadPool(1)
        self._throttle = LogThrottle(60.0)
        self._since: float | None = None  # epoch seconds; since when this hub leads
        self._leader = self._problem = ""
        self._other_keys: list[str] = []

    def enter(self) -> None:
        """Join the hubs of the database, and lead where none does. Raises StoreUnusable."""
        try:
            beat = self._ask(first=True)
        except self._session.errors as error:
            raise StoreUnusable(
                f"The PostgreSQL database {self._session.address} cannot be used by several hubs "
                f"({' '.join(str(error).split())}). The user of store.url must own its tables, and a connection pooler "
                "between must keep one connection for each hub."
            ) from error
        except TimeoutError as error:
            raise StoreUnusable(f"{NO_ANSWER}; start it, or correct store.url.") from error
        if beat.other_keys:
            self.leave()
            raise StoreUnusable(_sentence(beat.other_keys))
        self._apply(beat)

    def run(self) -> None:
        """The greenlet."""
        faults: tuple[type[Exception], ...] = (TimeoutError, *self._session.errors)
        while True:
            began = time.monotonic()
            try:
                self._apply(self._ask())
                self._problem = ""
            except faults as error:
                self._lose(NO_ANSWER if isinstance(error, TimeoutError) else " ".join(str(error).split()))
            gevent.sleep(max(0.0, INTERVAL - (time.monotonic() - began)))

    def _ask(self, first: bool = False) -> Beat:
        with gevent.Timeout(FIRST_SECONDS if first else BEAT_SECONDS, TimeoutError(NO_ANSWER)):
            return in_pool(self._pool, self._session.beat, self._name(), self._tables.watched() if first else None)

    def _apply(self, beat: Beat) -> None:
        self._other_keys = beat.other_keys
        if beat.is_new:
            self._tables.changed_all()
        self._tables.changed(beat.changed)
        if beat.leads and not self._leading.leads:
            self._since = time.time()
            self._leading.begin()
        elif not beat.leads:
            self._leading.end()
        self._leader = self._name() if beat.leads else beat.leader

    def _lose(self, reason: str) -> None:
        """The connection is of no use now: whether another hub leads is unknown, so this one does not."""
        self._problem, self._leader = reason, ""
        self._leading.end()
        if self._throttle.due():
            log.warning("Whether this hub leads is unknown, so it does not: %s", reason)

    def leave(self) -> None:
        """Let another hub lead."""
        self._leading.end()
        with time_limit(LEAVE_SECONDS):
            in_pool(self._pool, self._session.close)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        leads = self._leading.leads
        return {
            "hub": self._name(),
            "leads": leads,
            "alone": False,
            "leader": self._leader,
            "since": utc_text(self._since) if leads else None,
            "problem": self._problem,
        }

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        return [_sentence(self._other_keys)] if self._other_keys else []


def _sentence(names: list[str]) -> str:
    return (
        f"Another hub on this database has other secrets ({', '.join(names)}). Copy these files from the instance "
        "folder of one hub to those of all others, and start them again: otherwise a login or token of one is refused "
        "by another."
    )
