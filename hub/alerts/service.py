"""The alerts of the hub: raised by any part, kept in the database, listed, published."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from gevent.event import Event
from gevent.lock import Semaphore

from hub.alerts.alert import loaded
from hub.alerts.book import AlertBook
from hub.alerts.records import RecordAlerts
from hub.alerts.repository import ALERTS, AlertRepository, Query
from hub.alerts.watch import Watch
from hub.contract.alerts import AlertKind, Condition, Notable
from hub.contract.device_state import DeviceState
from hub.contract.errors import NotFound, RequestError
from hub.contract.text import clean
from hub.live.bus import Bus
from hub.live.events import ALERT_CHANGED
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.errors import DatabaseError
from hub.store.feeds import Positions
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

CONSUMER = "alerts"
POLL_SECONDS = 2.0
SAVE_SECONDS = 30.0  # between two writes of positions alone
MAX_REQUESTS = 2000
MAX_WHO = 200  # characters of a name
ROUNDING = 0.000001  # seconds by which a time that was shown may be before the stored one
UNAVAILABLE = (RequestError, DatabaseError)


class AlertService:
    """One greenlet decides, writes and publishes. Implements `hub.contract.alerts.Alerts`."""

    def __init__(
        self,
        writer: Writer,
        repository: AlertRepository,
        positions: Positions,
        bus: Bus,
        book: AlertBook,
        watch: Watch,
        records: RecordAlerts,
        watchlist: str = "deny",
        monotonic: Callable[[], float] = time.monotonic,
        on_change: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """`watchlist`: deny (plates to stop are alerts) or all. `on_change`: what nobody has seen may be another.

        `leads`: whether this hub watches devices and records; others store what their own parts report.
        """
        self._writer, self._repository, self._positions, self._bus = writer, repository, positions, bus
        self._book, self._watch, self._records, self._watchlist = book, watch, records, watchlist
        self._monotonic, self._on_change, self._now = monotonic, on_change, now
        self._leads, self._is_behind = leads, False
        self._requests: deque[Callable[[], None]] = deque(maxlen=MAX_REQUESTS)
        self._wake = Event()
        self._stepping = Semaphore(1)
        self._saved_positions: dict[str, int] = {}
        self._saved_at = float("-inf")
        self._started = False
        self._throttle = LogThrottle(60.0)
        self.stored = self.left_out = 0
        self.problem = ""

    # -- hub.contract.alerts.Alerts

    def raise_alert(
        self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Raise an alert, which stays until it is cleared."""
        self._request(partial(self._book.raise_, kind, subject, sentence, details))

    def clear_alert(self, kind: AlertKind, subject: str, sentence: str = "") -> None:
        """Clear an alert that was raised."""
        self._request(partial(self._book.clear, kind, subject, sentence))

    def report(self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None) -> None:
        """Report an event, which has no end."""
        self._request(partial(self._book.report, kind, subject, sentence, details))

    def _request(self, request: Callable[[], None]) -> None:
        if len(self._requests) == MAX_REQUESTS:
            self.left_out += 1
        self._requests.append(request)
        self._wake.set()

    def wake(self) -> None:
        """Look for alerts now and not at the next poll."""
        self._wake.set()

    # -- the greenlet

    def load(self, since: float) -> None:
        """Load the alerts that are raised and the events from `since` on; what cannot be read is left out."""
        unreadable = self._repository.unreadable
        self._book.load(unreadable.load(lambda: self._repository.current(since), loaded, ALERTS))
        try:
            self._start()
        except UNAVAILABLE as error:
            log.error("Alerts about records begin later, since the database cannot be read: %s", error)

    def _start(self) -> None:
        self._records.start(self._positions.load(CONSUMER))
        self._started = True

    def run(
        self,
        devices: list[Callable[[], Iterable[DeviceState]]],
        conditions: list[Callable[[], Condition]],
    ) -> None:
        """The greenlet of alerts."""
        while True:
            if self._leads() and self._catch_up():
                self.step(devices, conditions)
            else:
                self._is_behind = True
                with self._stepping:
                    self._work(only_requests=True)
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    def _catch_up(self) -> bool:
        """Load what another hub has stored while it led; whether that is done."""
        if not self._is_behind:
            return True
        try:
            rows = self._repository.current(self._now() - self._book.repeat_seconds)
            self._book.load(self._repository.unreadable.readable(rows, loaded, ALERTS))
            self._watch.forget()
            self._start()
        except UNAVAILABLE as error:
            self.problem = str(error)
            return False
        self._is_behind = False
        return True

    def elsewhere(self) -> None:
        """Another hub has stored alerts, or people have seen some there. Raises DatabaseError or LaneBusy."""
        rows = self._repository.current(self._now() - self._book.repeat_seconds)
        for alert in self._repository.unreadable.readable(rows, loaded, ALERTS):
            if alert.acknowledged_at is not None:
                self._book.acknowledged([alert.id], alert.acknowledged_at, alert.acknowledged_by)
        self._on_change()

    def step(
        self,
        devices: list[Callable[[], Iterable[DeviceState]]],
        conditions: list[Callable[[], Condition]],
    ) -> None:
        """Look at everything once, and store and publish what has changed; what cannot be stored is, at the next."""
        with self._stepping:
            self._watch.poll(devices, conditions)
            self._work()

    def _work(self, only_requests: bool = False) -> None:
        while self._requests:
            self._requests.popleft()()
        more = True
        while more:
            try:
                more = not only_requests and self._look_at_records()
                self._save()
                self.problem = ""
            except UNAVAILABLE as error:
                self.problem = str(error)
                if self._throttle.due():
                    log.error("Alerts wait to be stored: %s", error)
                return

    def _look_at_records(self) -> bool:
        """Look at the next records; whether there are more."""
        if not self._started:
            self._start()
        if self._book.is_full:
            return False
        found, more = self._records.next()
        for notable in found:
            self._note(notable)
        return more

    def _note(self, notable: Notable) -> None:
        if (
            notable.kind is AlertKind.WATCHLIST_HIT
            and self._watchlist == "deny"
            and notable.details["action"] != "deny"
        ):
            return
        self._book.report(*notable)

    def _save(self) -> None:
        """Store changed alerts, messages and positions in one commit, and publish. Raises StoreBusy."""
        rows, messages = self._book.unsaved()
        positions = dict(self._records.positions)
        leads = self._leads() and not self._is_behind
        moved = positions != self._saved_positions
        begun = positions.keys() != self._saved_positions.keys()  # from there on nothing may be missed
        due = leads and (begun or (moved and self._monotonic() - self._saved_at >= SAVE_SECONDS))
        if not (rows or messages or due):
            return

        def job(transaction: Transaction) -> None:
            self._repository.store(transaction, rows, [row for row, _ in messages])
            if leads:
                self._positions.store(transaction, CONSUMER, positions)

        self._writer.write(job)
        self._saved_positions, self._saved_at = positions, self._monotonic()
        self._book.saved(rows, len(messages))
        self.stored += len(messages)
        if rows:
            self._on_change()
        for row, shown in messages:
            log.info("Alert %s, %s: %s", shown["kind"], shown["state"], shown["sentence"])
            self._bus.publish(ALERT_CHANGED, {**shown, "message_id": row["id"]})

    def close(self) -> None:
        """Store what waits."""
        with self._stepping, suppress(*UNAVAILABLE):
            while self._requests:
                self._requests.popleft()()
            self._save()

    # -- who has seen them

    def acknowledge(self, alert_id: str, who: str) -> tuple[dict[str, Any], int]:
        """Note that `who` has seen an alert and the older ones of its kind and subject.

        The alert as shown, with who was first, and how many were unseen until now. Raises NotFound or StoreBusy.
        """
        now = self._now()
        found = self._writer.write(
            lambda transaction: self._repository.acknowledge(transaction, alert_id, now, clean(who)[:MAX_WHO])
        )
        if found is None:
            raise NotFound(f"There is no alert with the id {alert_id[:80]}; it may have expired.")
        row, ids = found
        self._seen(ids, now, who)
        return self._repository.unreadable.one(row, _shown, ALERTS), len(ids)

    def acknowledge_until(self, until: float, who: str) -> int:
        """Note that `who` has seen every alert up to `until` (epoch seconds); how many. Raises StoreBusy."""
        now = self._now()
        ids = self._writer.write(
            lambda transaction: self._repository.acknowledge_until(
                transaction, until + ROUNDING, now, clean(who)[:MAX_WHO]
            )
        )
        self._seen(ids, now, who)
        return len(ids)

    def _seen(self, ids: list[str], at: float, who: str) -> None:
        if ids:
            self._book.acknowledged(frozenset(ids), at, clean(who)[:MAX_WHO])
            self._on_change()

    # -- what is shown

    def find(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """Alerts as shown, newest first, and the cursor of the next page. Raises Unavailable."""
        rows = self._repository.page(query)
        return offload(self._repository.unreadable.page, rows, query.limit, _shown, ALERTS)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        _, waiting = self._book.unsaved()
        return {
            "raised": len(self._book.raised()),
            "stored": self.stored,
            "waiting": len(waiting) + len(self._requests),
            "left_out": self.left_out + self._book.left_out + self._records.left_out,
            "problem": self.problem,
        }


def _shown(row: Row) -> dict[str, Any]:
    return loaded(row).shown()
