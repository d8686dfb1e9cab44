"""Publishes to the broker: states as they are now, and stored records in their order, from where it ended before."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

from hub.contract.alerts import is_told
from hub.contract.delivery import DeliveryState
from hub.contract.errors import RequestError
from hub.contract.json_text import encode
from hub.contract.times import utc_text
from hub.live.events import VehicleArrived
from hub.mqtt.retained import Retained
from hub.mqtt.topics import Topics
from hub.net.mqtt_connection import WINDOW, Broker, BrokerError, Connection
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.spawn import Spawn
from hub.runtime.time_limit import time_limit
from hub.store.errors import DatabaseError
from hub.store.feed_cursor import FeedCursor

log = logging.getLogger(__name__)

CONSUMER = "mqtt"
ONLINE, OFFLINE = "online", "offline"
POLL_SECONDS = 2.0
GATHER_SECONDS = 0.1  # records of this time go out together
RETRY_SECONDS = 2.0
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
WARN_SECONDS = 60.0
CLOSE_SECONDS = 3.0
HEALTHY_SECONDS = 60.0
UNAVAILABLE = (RequestError, DatabaseError)


class MqttPublisher:
    """One connection at a time, one greenlet. `broker` reads password and certificates, and raises BrokerError."""

    def __init__(
        self,
        broker: Callable[[], Broker],
        address: str,
        topics: Topics,
        retained: Retained | None,
        cursor: FeedCursor,
        feeds: tuple[str, ...],
        spawn: Spawn,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """`retained`: None where states are not sent. `address`: for sentences. `leads`: no other hub delivers."""
        self._leads = leads
        self._broker, self._address, self._topics, self._retained = broker, address, topics, retained
        self._cursor, self._feeds, self._spawn = cursor, feeds, spawn
        self._wake = Event()
        self.due: set[str] = set()  # feeds that are looked at next
        self._connection: Connection | None = None
        self._stopping = False
        self._failures = 0
        self._states_due = 0.0  # monotonic
        self._away_since: float | None = time.time()
        self._throttle = LogThrottle(60.0)
        self.connected = False
        self.connections = 0
        self.delivered_at: float | None = None  # epoch seconds
        self.problem = ""

    def wake(self, feed: str) -> None:
        """There is something new in a feed. Never blocks."""
        if feed in self._feeds:
            self.due.add(feed)
            self._wake.set()

    def presence(self, event: Any) -> None:
        """A vehicle arrived or left: keep that as the state of its camera."""
        if self._retained is not None:
            self._states_due = 0.0
            self._retained.presence[event.camera] = "present" if isinstance(event, VehicleArrived) else "absent"
            self._wake.set()

    def begin(self) -> None:
        """This hub delivers from now on, from where another one was."""
        self._cursor.restart()
        self._away_since, self._failures = time.time(), 0

    def run(self) -> None:
        """The publishing greenlet."""
        while not self._stopping:
            began = time.monotonic()
            try:
                self._session()
            except BrokerError as error:
                self._failed(str(error))
            finally:
                self._disconnect()
            self._count()
            if time.monotonic() - began > HEALTHY_SECONDS:
                self._failures = 0
            self._failures += 1
            backoff = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS)) - 1]
            gevent.sleep(backoff * random.uniform(0.75, 1.25))

    def _count(self) -> None:
        """Find out what waits while the broker is away, for the status page."""
        try:
            if self._cursor.started:
                self._cursor.count()
        except UNAVAILABLE as error:
            log.debug("What waits for MQTT is unknown: %s", error)

    def _session(self) -> None:
        """Connect, and publish until the connection is lost. Raises BrokerError."""
        connection = self._connection = Connection(self._broker(), self._spawn)
        connection.open()
        connection.publish(self._topics.status, ONLINE, retain=True)
        connection.flush()
        if self._away_since is not None and self.connections:
            log.info("The MQTT broker %s is back.", self._address)
        self.connected, self._away_since, self.problem = True, None, ""
        self.connections += 1
        if self._retained is not None:
            self._retained.reset()
        self._cursor.away()
        self.due.update(self._feeds)
        self._states_due = 0.0
        while True:
            if time.monotonic() >= self._states_due:
                self._states_due = time.monotonic() + POLL_SECONDS
                self.due.update(self._feeds)
                self._send_states(connection)
            self._send_records(connection)
            self._wake.clear()
            if not self.due:
                connection.idle(self._wake, POLL_SECONDS)
                gevent.sleep(GATHER_SECONDS)

    def _send_states(self, connection: Connection) -> None:
        if self._retained is None:
            return
        if self._retained.send_changes(lambda topic, payload: connection.publish(topic, payload, retain=True)):
            connection.flush()

    def _send_records(self, connection: Connection) -> None:
        """Send the next records of each feed that is due; it stays due while there are more."""
        try:
            if not self._cursor.started:
                self._cursor.start()
            for feed in self._feeds:
                if feed in self.due:
                    self.due.discard(feed)
                    if self._send_feed(connection, feed):
                        self.due.add(feed)
            self._cursor.save()
            self.problem = ""
        except UNAVAILABLE as error:
            self.problem = f"what is to be sent cannot be read: {error}"
            if self._throttle.due():
                log.warning("MQTT waits: %s", self.problem)
            self.due.clear()
            connection.idle(Event(), RETRY_SECONDS)
            self.due.update(self._feeds)

    def _send_feed(self, connection: Connection, feed: str) -> bool:
        """Send one window of a feed; whether there may be more."""
        page = self._cursor.next(feed, WINDOW)
        sent: list[tuple[int, int]] = []
        try:
            for item in page.items:
                if not is_told(item.body, CONSUMER):
                    continue  # a rule tells others
                mid = connection.publish(self._topics.record(feed, item.subject), encode(item.body))
                sent.append((item.seq, mid))
            connection.flush()
        finally:
            # Those that were acknowledged before the connection was lost are done, so that a bad one makes progress.
            for seq, mid in sent:
                if not connection.is_acknowledged(mid):
                    break
                self._cursor.done(feed, seq)
                self.delivered_at = time.time()
                self._failures = 0
        self._cursor.done(feed, page.end, 0)
        return page.full or self._cursor.waiting[feed] > 0

    def _failed(self, reason: str) -> None:
        if self._stopping:
            return
        if self._away_since is None:
            self._away_since = time.time()
        if reason != self.problem:
            log.warning("The MQTT broker %s cannot be used: %s. It is tried again.", self._address, reason)
        self.problem = reason

    def _disconnect(self) -> None:
        """Close the connection; after an orderly end the status is `offline`."""
        connection, self._connection = self._connection, None
        was_connected, self.connected = self.connected, False
        if connection is None:
            return
        if was_connected and self._stopping:
            try:
                connection.publish(self._topics.status, OFFLINE, retain=True)
                connection.flush()
            except BrokerError as error:
                log.info("The MQTT broker was not told of the end: %s", error)
            connection.close(orderly=True)
        else:
            connection.close()

    def close(self) -> None:
        """Tell the broker that the hub ends, and store how far it came."""
        self._stopping = True
        with time_limit(CLOSE_SECONDS):
            self._disconnect()
        try:
            if self._cursor.started:
                self._cursor.save(force=True)
        except UNAVAILABLE as error:
            log.info("How far MQTT came is not stored: %s", error)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "broker": self._address,
            "connected": self.connected,
            "connections": self.connections,
            "delivered": self._cursor.delivered,
            "left_out": self._cursor.left_out,
            "waiting": dict(self._cursor.waiting),
            "devices": len(self._retained) if self._retained is not None else 0,
            "problem": self.problem,
        }

    def delivery(self) -> DeliveryState:
        """How it stands with the broker."""
        return DeliveryState(
            CONSUMER,
            self._address,
            self._leads() and (not self.connected or bool(self.problem)),
            sum(self._cursor.waiting.values()),
            self._cursor.delivered,
            self._cursor.left_out,
            0,
            self.delivered_at,
            self.problem,
        )

    def warnings(self) -> list[str]:
        """A sentence for the operator while the broker is away."""
        if not self._leads() or self._away_since is None or time.time() - self._away_since < WARN_SECONDS:
            return []
        return [
            f"The MQTT broker {self._address} cannot be used since {utc_text(self._away_since)}: "
            f"{self.problem or 'it was not reached yet'}. Check the broker, and the section [mqtt] of hub.toml; what "
            "waits is sent when it is back."
        ]
