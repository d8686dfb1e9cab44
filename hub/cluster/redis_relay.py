"""The relay between hubs through Redis.

Every topic is a channel of Redis, and a hub subscribes to those that it wants; so Redis passes a body on to exactly
the hubs that asked, and a hub sends nothing that nobody asked for. Once a second each hub introduces itself with what
it wants: that is also how it finds out whether Redis still passes everything on.
"""

from __future__ import annotations

import logging
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

from hub.cluster.envelope import MAX_TOPIC, Hello, read_hello, unwrap, wrap
from hub.cluster.names import RAW, Names
from hub.cluster.outbox import Command, Outbox
from hub.cluster.peers import Peers
from hub.cluster.redis_connection import FAULTS, RelayRefused, reason, shown
from hub.cluster.redis_link import RedisLink
from hub.cluster.start import check_hubs
from hub.cluster.topics import Topics
from hub.live.relay import Receive, RelayUnusable
from hub.runtime.spawn import Spawn
from hub.settings.live import Live

log = logging.getLogger(__name__)

KEPT_SECONDS = "5"  # how long Redis keeps the last hello of a hub
MEGABYTE = 1024 * 1024
UNREADABLE = (
    "live.url cannot be read; it is redis://:PASSWORD@HOST:PORT/0, with %40 for an @ in the password (its value is not "
    "shown)."
)


class RedisRelay:
    """`hub.live.relay.Relay` through Redis. `run` is the supervised greenlet."""

    active = True

    def __init__(self, settings: Live, spawn: Spawn, max_bytes: int) -> None:
        """`max_bytes`: of one body. Raises RelayUnusable for an address that cannot be read."""
        self._max_bytes = max_bytes
        self.hub_id = secrets.token_hex(16)
        self.address = shown(settings.url)
        self.name = socket.gethostname()
        self.peers, self.topics = Peers({}), Topics()
        self._names = Names(settings.prefix)
        self._outbox = Outbox(settings.queue_mb * MEGABYTE)
        self._handlers: dict[str, Receive] = {}
        self._when_joined: list[Callable[[], None]] = []
        self._when_wanted: list[tuple[str, Callable[[str], None]]] = []
        self._when_wanting: list[tuple[str, Callable[[], None]]] = []
        self.connected = False
        self.problem = ""
        self.away_since: float | None = time.time()
        self.received: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()  # what came and could not be read, by reason
        self.failures = 0
        try:
            self._link = RedisLink(settings.url, self, self._outbox, spawn, max_bytes + MEGABYTE)
        except (ValueError, TypeError) as error:
            raise RelayUnusable(UNREADABLE) from error

    # -- hub.live.relay.Relay

    def wanted(self, topic: str) -> bool:
        return self.connected and self.peers.want(topic)

    def send(self, topic: str, body: bytes, key: Hashable = None) -> None:
        if not self.connected:
            return
        if len(body) > self._max_bytes or len(topic) > MAX_TOPIC:
            self._outbox.left_out += 1
            return
        payload = body if topic == RAW else wrap(self.hub_id, body)
        self._outbox.put(("PUBLISH", self._names.channel(topic), payload), None if key is None else (topic, key))

    def on(self, family: str, receive: Receive) -> None:
        self._handlers[family] = receive

    def want(self, topic: str) -> None:
        if self.topics.want(topic):
            self._link.subscribe("SUBSCRIBE", self._names.channel(topic))

    def unwant(self, topic: str) -> None:
        if self.topics.unwant(topic):
            self._link.subscribe("UNSUBSCRIBE", self._names.channel(topic))
            self._link.introduce()

    def when_wanted(self, family: str, notify: Callable[[str], None]) -> None:
        self._when_wanted.append((family, notify))

    def when_wanting(self, topic: str, notify: Callable[[], None]) -> None:
        self._when_wanting.append((topic, notify))

    def when_joined(self, notify: Callable[[], None]) -> None:
        self._when_joined.append(notify)

    # -- start, run, end

    def start(self, keys: dict[str, str]) -> None:
        """Look whether Redis lets this hub in, and who else is there. Raises RelayUnusable.

        A Redis that is not there is logged: the hub goes on without it.
        """
        self.peers.keys = keys
        try:
            check_hubs(self._link.connection(), self._names, keys)
        except RelayRefused as error:
            raise RelayUnusable(
                f"Redis at {self.address} refuses this hub: correct the user and the password in live.url "
                f"(redis://USER:PASSWORD@HOST:PORT/0), or let that user use the channels of the hubs ({error})."
            ) from error
        except FAULTS as error:
            self.on_away(reason(error))

    def run(self) -> None:
        """Stay connected until the hub ends."""
        self._link.run()

    def close(self) -> None:
        """Say goodbye to the other hubs."""
        hubs = self._names.hubs
        farewell: list[Command] = [
            ("SREM", hubs, self.hub_id),
            ("DEL", self._names.hub(self.hub_id)),
            ("PUBLISH", hubs, self._hello(leaves=True).encoded()),
        ]
        try:
            self._link.close(farewell if self.connected else [])
        except (*FAULTS, RelayRefused) as error:
            log.info("The other hubs were not told of the end: %s", reason(error))

    def complete_since(self, moment: float) -> bool:
        """Whether everything that other hubs sent before a moment (monotonic) has come."""
        return self.connected and self._link.echoed > moment and self.peers.complete_since(moment)

    # -- what the link asks and reports (LinkUser)

    def channels(self) -> list[str]:
        self.topics.confirmed.clear()
        return [self._names.hubs, *map(self._names.channel, self.topics.listed())]

    def hello(self) -> list[Command]:
        self.peers.expire()
        hello, hubs = self._hello().encoded(), self._names.hubs
        return [
            ("SADD", hubs, self.hub_id),
            ("SET", self._names.hub(self.hub_id), hello, "EX", KEPT_SECONDS),
            ("PUBLISH", hubs, hello),
        ]

    def _hello(self, leaves: bool = False) -> Hello:
        topics = frozenset(self.topics.confirmed)
        return Hello(self.hub_id, self.name, self._link.session, topics, self.peers.keys, leaves)

    def on_subscribed(self, channel: bytes) -> None:
        if self.topics.confirm(self._names.topic(channel)) or channel == self._names.hubs.encode():
            self._link.introduce()

    def on_away(self, why: str) -> None:
        self.failures += 1
        if self.connected or not self.problem:
            log.warning(
                "Redis at %s cannot be used: %s; this hub stores and serves its own clients and tries again.",
                self.address,
                why,
            )
        self.problem = why
        if self.connected:
            self.connected, self.away_since = False, time.time()
        self._outbox.clear()
        self.peers.lost()
        self.topics.confirmed.clear()

    def on_message(self, channel: bytes, payload: bytes) -> None:
        if channel == self._names.hubs.encode():
            self._on_hello(payload)
        elif topic := self._names.topic(channel):
            self._on_body(topic, payload)

    def _on_hello(self, payload: bytes) -> None:
        hello = read_hello(payload)
        if hello is None:
            self.refused["no hello"] += 1
        elif hello.hub_id == self.hub_id:
            self._on_echo(hello)
        else:
            joined, topics = self.peers.heard(hello)
            for family, notify in self._when_wanted:
                for topic in topics:
                    if topic.partition("/")[0] == family:
                        notify(topic)
            if joined:
                log.info("The hub %s (%s) is there.", hello.name, hello.hub_id[:8])
                self._link.introduce()
                for notify_joined in self._when_joined:
                    notify_joined()

    def _on_echo(self, hello: Hello) -> None:
        """The own hello came back: Redis passes on what hubs send, and the others know what this one wants."""
        self._link.echoed = time.monotonic()
        if not self.connected:
            self.connected, self.problem, self.away_since = True, "", None
            log.info("Hubs pass on what is live through Redis at %s.", self.address)
        for topic, notify in self._when_wanting:
            if self.topics.announce(topic, topic in hello.topics):
                notify()

    def _on_body(self, topic: str, payload: bytes) -> None:
        sender, body = "", payload
        if topic != RAW:
            unwrapped = unwrap(payload)
            if unwrapped is None:
                self.refused["not of a hub"] += 1
                return
            sender, body = unwrapped
            if sender == self.hub_id:
                return
            if sender not in self.peers:
                self.refused["of an unknown hub"] += 1
                return
        family = topic.partition("/")[0]
        handler = self._handlers.get(family)
        if handler is None:
            return
        self.received[family] += 1
        try:
            handler(topic, body, sender)
        except Exception:  # one body that a part cannot read must not cost the others
            self.refused[family] += 1
            log.debug("A message of the topic %s could not be read.", topic, exc_info=True)

    # -- what operators see

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        found: list[str] = []
        if not self.connected and self.problem:
            found.append(
                f"Redis at {self.address} cannot be used: {self.problem}. This hub stores and serves its own clients; "
                "what is live at other hubs is shown here again when Redis is back."
            )
        for name, _ in self.peers.strangers.values():
            found.append(
                f"The hub {name} at the same Redis has other keys than this one, so nothing passes between them; copy "
                f"{', '.join(sorted(self.peers.keys))} from one instance folder to the other and start it again."
            )
        return found

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "redis": self.address,
            "connected": self.connected,
            "problem": "" if self.connected else self.problem,
            "away_since": self.away_since,
            "hub": self.hub_id[:8],
            "hubs": self.peers.status(),
            "wanted": len(self.topics.confirmed),
            "queued": len(self._outbox),
            "queued_bytes": self._outbox.queued_bytes,
            "sent": self._link.sent,
            "left_out": self._outbox.left_out,
            "replaced": self._outbox.replaced,
            "received": dict(self.received),
            "refused": dict(self.refused),
            "failures": self.failures,
        }
