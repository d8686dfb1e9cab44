"""Arrivals and departures of vehicles, stored so that a broker that is away gets them later."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import gevent
import orjson
from gevent.event import Event

from hub.live.events import VehicleArrived, VehicleLeft
from hub.mqtt.tables import MqttEvent
from hub.store.backend import Backend, Row
from hub.store.feeds import FeedItem
from hub.store.statements import insert_or_ignore
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.store.write_behind import QueueLimits, WriteBehind
from hub.store.writer import Job, StoreBusy, Writer

EVENTS = table_of(MqttEvent)
LIMITS = QueueLimits(rows=2000, bytes=2 * 1024 * 1024, batch_rows=200, batch_bytes=512 * 1024)
RETRY_SECONDS = 2.0


class PresenceEvents:
    """`add()` never blocks; `run()` writes. `on_stored` is called after each commit."""

    def __init__(
        self, backend: Backend, writer: Writer, on_stored: Callable[[], None], now: Callable[[], float] = time.time
    ) -> None:
        self._insert = insert_or_ignore(backend, EVENTS, ["id"])
        self._queue: WriteBehind[dict[str, Any]] = WriteBehind("events for MQTT", writer, self._job, LIMITS)
        self._on_stored, self._now = on_stored, now
        self._wake = Event()

    def _job(self, rows: Sequence[dict[str, Any]]) -> Job:
        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._insert, rows)

        return job

    def add(self, event: VehicleArrived | VehicleLeft) -> None:
        """Queue an arrival or a departure."""
        shown = event.shown
        event_id = f"{event.stay}:{shown['change']}"
        body = orjson.dumps({"id": event_id, **shown}).decode()
        row = {"id": event_id, "subject": event.camera, "received_at": self._now(), "body": body}
        self._queue.add(row, len(body) + 200)
        self._wake.set()

    def run(self) -> None:
        """The writing greenlet."""
        while True:
            self._wake.wait()
            self._wake.clear()
            try:
                self._queue.flush()
            except StoreBusy:
                gevent.sleep(RETRY_SECONDS)
                self._wake.set()
            self._on_stored()

    def close(self) -> None:
        """Write what waits."""
        self._queue.close()

    @property
    def lost(self) -> int:
        """Events that could not be stored."""
        return self._queue.lost


def event_item(row: Row) -> FeedItem:
    """The item of a stored event."""
    body = orjson.loads(row["body"])
    if not isinstance(body, dict):
        raise ValueError("body is no object")
    return FeedItem(row["seq"], row["subject"], row["received_at"], body)
