"""Sends every alert message to the webhook, in order, again and again until it is answered.

Requests run on a greenlet over gevent's sockets: whatever the receiver does, the event loop goes on. A request has one
time limit for all of it, redirects are not followed, and of an answer a few KB are read at most.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import gevent
import urllib3
from gevent.event import Event
from urllib3.exceptions import HTTPError

from hub.alerts.signature import sign
from hub.contract.alerts import is_told
from hub.contract.delivery import DeliveryState
from hub.contract.errors import RequestError
from hub.contract.json_text import encode
from hub.contract.times import utc_text
from hub.net.outgoing_http import reason_of
from hub.runtime.outage import Outage
from hub.store.errors import DatabaseError
from hub.store.feed_cursor import FeedCursor
from hub.store.feeds import FeedItem

log = logging.getLogger(__name__)

CONSUMER = "webhook"
FEED = "alerts"
BATCH = 20
POLL_SECONDS = 5.0
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
MAX_RETRY_AFTER = 300
REJECTED = (400, 413, 415, 422)  # the same message will be refused again; others may wait for a mended receiver
MAX_ANSWER = 4096  # bytes that are read


class Outcome(Enum):
    """What became of a message."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    LATER = "later"


class Webhook:
    """Delivers to one address. `pool` sends; it is made with the certificates that are trusted."""

    def __init__(
        self,
        url: str,
        secret: str,
        cursor: FeedCursor,
        pool: Callable[[], urllib3.PoolManager],
        timeout_seconds: float,
        max_age_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._url, self._secret, self._cursor, self._make_pool = url, secret, cursor, pool
        self._pool: urllib3.PoolManager | None = None
        self._timeout, self._max_age, self._now = timeout_seconds, max_age_seconds, now
        self.host = urlsplit(url).netloc  # a path may be a secret, and is not shown
        self._wake = Event()
        self._outage = Outage(BACKOFF_SECONDS, now)
        self._retry_after = 0.0
        self.delivered = self.rejected = self.expired = 0
        self.delivered_at: float | None = None  # epoch seconds

    def wake(self, _alert: object = None) -> None:
        """There is a new message."""
        self._wake.set()

    def forget(self) -> None:
        """Another hub delivers, or this one does from where another one was."""
        self._cursor.restart()
        self._outage.over()

    def run(self) -> None:
        """The delivering greenlet."""
        while True:
            try:
                pause = self._deliver()
            except (RequestError, DatabaseError, OSError) as error:
                pause = self._failed(str(error))
            if pause:
                gevent.sleep(pause)
            else:
                self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    def _deliver(self) -> float:
        """Send what waits; seconds until the next try, 0 when all was sent."""
        if not self._cursor.started:
            self._cursor.start()
        while True:
            page = self._cursor.next(FEED, BATCH)
            for item in page.items:
                outcome = self._send(item)
                if outcome is Outcome.LATER:
                    self._cursor.save()
                    self._cursor.away()
                    return self._pause()
                self._cursor.done(FEED, item.seq)
            self._cursor.done(FEED, page.end, 0)
            self._cursor.save(force=bool(page.items))
            if not page.items and not self._cursor.waiting[FEED]:
                return 0.0

    def _send(self, item: FeedItem) -> Outcome:
        if not is_told(item.body, CONSUMER):
            return Outcome.REJECTED  # a rule tells others
        if self._now() - item.received_at > self._max_age:
            self.expired += 1
            log.warning("The webhook did not get the message %s: it is too old.", item.body.get("id"))
            return Outcome.REJECTED
        try:
            status, self._retry_after = self._post(item.body)
        except (HTTPError, OSError, ValueError) as error:
            self._failed(reason_of(error, self._timeout))
            return Outcome.LATER
        if 200 <= status < 300:
            if self._outage.over():
                log.info("The webhook at %s answers again.", self.host)
            self.delivered += 1
            self.delivered_at = self._now()
            return Outcome.DELIVERED
        if status in REJECTED:
            self.rejected += 1
            log.warning("The webhook at %s refuses the message %s with %d.", self.host, item.body.get("id"), status)
            return Outcome.REJECTED
        more = "; write the address where it is now into webhook.url" if 300 <= status < 400 else ""
        self._failed(f"it answers {status}{more}")
        return Outcome.LATER

    def _post(self, message: dict[str, Any]) -> tuple[int, float]:
        """Status and Retry-After (seconds, 0 without one) of the answer. Raises HTTPError or OSError."""
        body = encode(message)
        timestamp = str(int(self._now()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Gatehouse",
            "Connection": "close",
            "X-Gatehouse-Id": str(message["id"]),
            "X-Gatehouse-Timestamp": timestamp,
            "X-Gatehouse-Signature": sign(self._secret, timestamp, body),
        }
        if self._pool is None:
            self._pool = self._make_pool()
        with gevent.Timeout(self._timeout, TimeoutError()):
            response = self._pool.request(
                "POST",
                self._url,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=self._timeout,
            )
            try:
                if 200 <= response.status < 300:
                    response.read(MAX_ANSWER)
                after = response.headers.get("Retry-After", "")
                return response.status, float(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0.0
            finally:
                response.close()

    def _failed(self, reason: str) -> float:
        """Note a failure; seconds until the next try."""
        if self._outage.failed(reason):
            log.warning("The webhook at %s cannot be told of an alert: %s. It is tried again.", self.host, reason)
        return self._pause()

    def _pause(self) -> float:
        return max(self._outage.pause, min(self._retry_after, MAX_RETRY_AFTER))

    def close(self) -> None:
        """Store how far it came."""
        if self._cursor.started:
            self._cursor.save()

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "host": self.host,
            "delivered": self.delivered,
            "rejected": self.rejected,
            "left_out": self._cursor.left_out + self.expired,
            "waiting": self._cursor.waiting.get(FEED, 0),
            "problem": self._outage.problem,
        }

    def delivery(self) -> DeliveryState:
        """How it stands with this receiver."""
        return DeliveryState(
            CONSUMER,
            self.host,
            self._outage.since is not None,
            self._cursor.waiting.get(FEED, 0),
            self.delivered,
            self._cursor.left_out + self.expired,
            self.rejected,
            self.delivered_at,
            self._outage.problem,
        )

    def warnings(self) -> list[str]:
        """A sentence for the operator while nothing can be delivered."""
        since = self._outage.since_when
        if since is None:
            return []
        return [
            f"The webhook at {self.host} cannot be told of alerts since {utc_text(since)}: "
            f"{self._outage.problem}. Check the receiver, and the section [webhook] of hub.toml; what waits is sent "
            "when it answers."
        ]
