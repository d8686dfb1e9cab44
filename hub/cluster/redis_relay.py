"""The relay between hubs through Redis: one connection to receive, one to send, and what each hub says of itself.

Every topic is a channel of Redis, and a hub subscribes to those that it wants; so Redis passes a body on to exactly
the hubs that asked, and a hub sends nothing that nobody asked for. Once a second each hub introduces itself: that is
also how it finds out whether Redis still passes everything on.
"""

from __future__ import annotations

import logging
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import gevent
from gevent.event import Event

from hub.cluster.envelope import MAX_TOPIC, Hello, read_hello, unwrap, wrap
from hub.cluster.outbox import Outbox
from hub.cluster.peers import Peers, different_keys
from hub.cluster.redis_connection import FAULTS, Redis, RelayRefused, reason, shown
from hub.cluster.topics import Topics
from hub.live.relay import Receive, RelayUnusable
from hub.runtime.spawn import Spawn
from hub.settings.live import Live

log = logging.getLogger(__name__)

HELLO_SECONDS = 1.0
HELLO_GAP_SECONDS = 0.02  # hellos that answer others are at least so far apart
KEPT_SECONDS = 5  # how long Redis keeps the last hello of a hub
ECHO_SECONDS = 5.0  # without its own hello for so long a hub takes its connection for lost
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
RAW = "socketio"  # the channel of python-socketio, whose messages have their own form
MEGABYTE = 1024 * 1024


class RedisRelay:
    """`hub.live.relay.Relay` through Redis. `run` is the supervised greenlet."""

    active = True

    def __init__(self, settings: Live, spawn: Spawn, max_bytes: int) -> None:
        """`max_bytes`: of one body. Raises RelayUnusable for an address that cannot be read."""
        self._settings, self._spawn, self._max_bytes = settings, spawn, max_bytes
        self.hub_id = secrets.token_hex(16)
        self.address = shown(settings.url)
        self.name = socket.gethostname()
        self.peers = Peers({})
        self.topics = Topics()
        self._outbox = Outbox(settings.queue_mb * MEGABYTE)
        self._handlers: dict[str, Receive] = {}
        self._joined: list[Callable[[], None]] = []
        self._wanted: list[tuple[str, Callable[[str], None]]] = []
        self._wanting: list[tuple[str, Callable[[], None]]] = []
        self._reader: Redis | None = None
        self._hello_due = Event()
        self._session = 0
        self._echoed = 0.0  # when the own hello came back, monotonic
        self._closed = False
        self.connected = False
        self.problem = ""
        self.away_since: float | None = time.time()
        self.received: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()  # what came and could not be read, by reason
        self.sent = self.failures = 0
        try:
            Redis(settings.url, max_bytes)
        except (ValueError, TypeError) as error:
            raise RelayUnusable(
                "live.url cannot be read; it is redis://:PASSWORD@HOST:PORT/0, with %40 for an @ in the password (its "
                "value is not shown)."
            ) from error

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
        self._outbox.put(("PUBLISH", self._channel(topic), payload), None if key is None else (topic, key))

    def on(self, family: str, receive: Receive) -> None:
        self._handlers[family] = receive

    def want(self, topic: str) -> None:
        if self.topics.want(topic):
            self._subscribe("SUBSCRIBE", topic)

    def unwant(self, topic: str) -> None:
        if self.topics.unwant(topic):
            self._subscribe("UNSUBSCRIBE", topic)
            self._hello_due.set()

    def when_wanted(self, family: str, notify: Callable[[str], None]) -> None:
        self._wanted.append((family, notify))

    def when_wanting(self, topic: str, notify: Callable[[], None]) -> None:
        self._wanting.append((topic, notify))

    def when_joined(self, notify: Callable[[], None]) -> None:
        self._joined.append(notify)

    # -- the start

    def start(self, keys: dict[str, str]) -> None:
        """Look whether Redis lets this hub in, and who else is there. Raises RelayUnusable.

        A Redis that is not there is logged: the hub goes on without it.
        """
        self.peers.keys = keys
        connection = Redis(self._settings.url, self._max_bytes)
        try:
            connection.open()
            others = self._stored_hellos(connection)
        except RelayRefused as error:
            raise RelayUnusable(
                f"Redis at {self.address} refuses this hub: correct the user and the password in live.url "
                f"(redis://USER:PASSWORD@HOST:PORT/0), or let that user use the channels of the hubs ({error})."
            ) from error
        except FAULTS as error:
            self._note_away(reason(error))
            return
        finally:
            connection.close()
        for other in others:
            names = different_keys(keys, other.keys)
            if names:
                raise RelayUnusable(
                    f"The hub {other.name} at the same Redis has another {names[0]}: all hubs of one database need the "
                    f"same files {', '.join(sorted(keys))} in their instance folders; copy them from one hub to the "
                    "others, or give this hub another live.prefix."
                )

    def _stored_hellos(self, connection: Redis) -> list[Hello]:
        """What the hubs of the last seconds have said of themselves."""
        ids = connection.command("SMEMBERS", self._key("hubs"))
        found: list[Hello] = []
        for hub_id in list(ids)[:1000]:
            stored = connection.command("GET", self._key(f"hub:{hub_id.decode('ascii', 'replace')}"))
            hello = read_hello(stored) if stored else None
            if hello is None:
                connection.command("SREM", self._key("hubs"), hub_id)
            elif hello.hub_id != self.hub_id:
                found.append(hello)
        return found

    # -- the greenlet

    def run(self) -> None:
        """Stay connected until the hub ends."""
        pause = FIRST_PAUSE
        while not self._closed:
            began = time.monotonic()
            try:
                self._serve()
            except RelayRefused as error:
                self._note_away(f"it refuses this hub ({error}); correct the password in live.url")
            except FAULTS as error:
                self._note_away(reason(error))
            if time.monotonic() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            gevent.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _serve(self) -> None:
        """Connect, and receive until the connection is lost. Raises RelayRefused or one of FAULTS."""
        reader, writer = Redis(self._settings.url, self._max_bytes * 2), Redis(self._settings.url, MEGABYTE)
        helpers: list[Any] = []
        try:
            reader.open()
            writer.open()
            self._session += 1
            self._echoed = time.monotonic()
            self.topics.confirmed.clear()
            self._reader = reader
            reader.send("SUBSCRIBE", self._key("hubs"), *(self._channel(topic) for topic in self.topics.listed()))
            failed = Event()
            helpers = [
                self._spawn("live to Redis", self._until_failed, failed, self._write, writer),
                self._spawn("live hellos", self._until_failed, failed, self._introduce),
            ]
            while not failed.is_set():
                message = reader.read(0.5)
                if message is not None:
                    self._on_message(message)
                if time.monotonic() - self._echoed > ECHO_SECONDS:
                    raise OSError(None, "nothing comes through it")
            raise OSError(None, self.problem or "the connection is lost")
        finally:
            self._reader = None
            gevent.killall(helpers)
            reader.close()
            writer.close()

    def _until_failed(self, failed: Event, work: Callable[..., None], *args: Any) -> None:
        """Run a helper of a connection; its failure ends the connection."""
        try:
            work(*args)
        except FAULTS as error:
            self.problem = reason(error)
            failed.set()

    def _write(self, writer: Redis) -> None:
        while True:
            batch = self._outbox.take()
            writer.commands(batch)
            self.sent += len(batch)

    def _introduce(self) -> None:
        """Say what this hub wants, once a second and when that changes."""
        while True:
            self._hello_due.wait(HELLO_SECONDS)
            self._hello_due.clear()
            self.peers.expire()
            hello, hubs = self._hello().encoded(), self._key("hubs")
            self._outbox.put(("SADD", hubs, self.hub_id), "id")
            self._outbox.put(("SET", self._key(f"hub:{self.hub_id}"), hello, "EX", str(KEPT_SECONDS)), "kept hello")
            self._outbox.put(("PUBLISH", hubs, hello), "hello")
            gevent.sleep(HELLO_GAP_SECONDS)

    def _hello(self, leaves: bool = False) -> Hello:
        topics = frozenset(self.topics.confirmed)
        return Hello(self.hub_id, self.name, self._session, topics, self.peers.keys, leaves)

    def complete_since(self, moment: float) -> bool:
        """Whether everything that other hubs sent before a moment (monotonic) has come."""
        return self.connected and self._echoed > moment and self.peers.complete_since(moment)

    def close(self) -> None:
        """Say goodbye to the other hubs."""
        self._closed = True
        if not self.connected:
            return
        with gevent.Timeout(1.0, False):
            connection = Redis(self._settings.url, MEGABYTE)
            try:
                connection.open()
                connection.command("SREM", self._key("hubs"), self.hub_id)
                connection.command("DEL", self._key(f"hub:{self.hub_id}"))
                connection.command("PUBLISH", self._key("hubs"), self._hello(leaves=True).encoded())
            except (*FAULTS, RelayRefused) as error:
                log.info("The other hubs were not told of the end: %s", error)
            finally:
                connection.close()

    # -- what comes

    def _on_message(self, message: Any) -> None:
        if not isinstance(message, list) or len(message) != 3 or not isinstance(message[1], bytes):
            return
        kind, channel, payload = message
        if kind == b"message" and isinstance(payload, bytes):
            if channel == self._key("hubs").encode():
                self._on_hello(payload)
            else:
                self._on_body(channel, payload)
        elif kind == b"subscribe":
            topic = self._topic(channel)
            if topic is not None and self.topics.confirm(topic):
                self._hello_due.set()
            elif channel == self._key("hubs").encode():
                self._hello_due.set()

    def _on_hello(self, payload: bytes) -> None:
        hello = read_hello(payload)
        if hello is None:
            self.refused["no hello"] += 1
        elif hello.hub_id == self.hub_id:
            self._on_echo(hello)
        else:
            joined, topics = self.peers.heard(hello)
            for family, notify in self._wanted:
                for topic in topics:
                    if topic.partition("/")[0] == family:
                        notify(topic)
            if joined:
                log.info("The hub %s (%s) is there.", hello.name, hello.hub_id[:8])
                self._hello_due.set()
                for notify_joined in self._joined:
                    notify_joined()

    def _on_echo(self, hello: Hello) -> None:
        """The own hello came back: Redis passes on what hubs send, and the others know what this one wants."""
        self._echoed = time.monotonic()
        if not self.connected:
            self.connected, self.problem, self.away_since = True, "", None
            log.info("Hubs pass on what is live through Redis at %s.", self.address)
        for topic, notify in self._wanting:
            if self.topics.announce(topic, topic in hello.topics):
                notify()

    def _on_body(self, channel: bytes, payload: bytes) -> None:
        topic = self._topic(channel)
        if topic is None:
            return
        if topic == RAW:
            sender, body = "", payload
        else:
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

    # -- away

    def _note_away(self, why: str) -> None:
        """Redis cannot be used now."""
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

    def _subscribe(self, command: str, topic: str) -> None:
        if self._reader is None:
            return
        try:
            self._reader.send(command, self._channel(topic))
        except FAULTS as error:
            log.debug("Redis is lost: %s", error)  # the reader notices

    def _key(self, name: str) -> str:
        return f"{self._settings.prefix}:{name}"

    def _channel(self, topic: str) -> str:
        return self._key(topic) if topic == RAW else self._key(f"live:{topic}")

    def _topic(self, channel: bytes) -> str | None:
        name = channel.decode("utf-8", "replace")
        if name == self._key(RAW):
            return RAW
        head = self._key("live:")
        return name[len(head) :] if name.startswith(head) else None

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
            "problem": self.problem if not self.connected else "",
            "away_since": self.away_since,
            "hub": self.hub_id[:8],
            "hubs": self.peers.status(),
            "wanted": len(self.topics.confirmed),
            "queued": len(self._outbox),
            "queued_bytes": self._outbox.queued_bytes,
            "sent": self.sent,
            "left_out": self._outbox.left_out,
            "replaced": self._outbox.replaced,
            "received": dict(self.received),
            "refused": dict(self.refused),
            "failures": self.failures,
        }
