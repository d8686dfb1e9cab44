"""The alerts that nobody has seen yet, as every page shows them over its content."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

from hub.alerts.alert import CLEARED, loaded
from hub.alerts.repository import ALERTS, AlertRepository
from hub.contract.alerts import AlertKind
from hub.contract.errors import RequestError
from hub.contract.times import utc_text
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.errors import DatabaseError

log = logging.getLogger(__name__)

SHOWN = 5  # alarms that pages get; of the others they are told how many there are
MAX_COUNTED = 500
INTERVAL = 1.0  # seconds between two messages to pages


class Unseen:
    """Alerts without an acknowledgement, of one kind and subject together: one alarm, however often it repeats."""

    def __init__(self, repository: AlertRepository, publish: Callable[[dict[str, Any]], None]) -> None:
        self._repository, self._publish = repository, publish
        self._wake = Event()
        self._throttle = LogThrottle(60.0)

    def changed(self) -> None:
        """Alerts were stored or acknowledged; never blocks."""
        self._wake.set()

    def run(self) -> None:
        """The greenlet that publishes them whenever they have changed, at most every INTERVAL."""
        while True:
            self._wake.wait()
            self._wake.clear()
            try:
                self._publish(self.summary())
            except (RequestError, DatabaseError) as error:
                if self._throttle.due():
                    log.error("Pages are not told of alerts: %s", error)
            gevent.sleep(INTERVAL)

    def summary(self) -> dict[str, Any]:
        """What pages show: plates to stop first, what is over last, the newest of each first.

        Raises Unavailable or DatabaseError.
        """
        rows, totals = self._repository.unseen(MAX_COUNTED)

        def alarm(row: Row) -> dict[str, Any]:
            of_all = totals[row["seq"]]
            return {
                **loaded(row).shown(),
                "count": of_all.count,
                "raised_at": utc_text(of_all.first_at),
                "seq": row["seq"],
            }

        alarms: list[dict[str, Any]] = offload(self._repository.unreadable.readable, rows[:MAX_COUNTED], alarm, ALERTS)
        alarms.sort(key=_rank)
        return {
            "count": len(alarms),
            "is_exact": len(rows) <= MAX_COUNTED,
            "newest": max(totals, default=0),
            "alarms": alarms[:SHOWN],
        }


def _rank(alarm: dict[str, Any]) -> int:
    if alarm["state"] == CLEARED:
        return 2
    is_stop = alarm["kind"] == AlertKind.WATCHLIST_HIT.value and alarm["details"].get("action") == "deny"
    return 0 if is_stop else 1
