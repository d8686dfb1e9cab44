"""The connections of a hub to Redis: one to receive, one to send, opened again with back-off when they are lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import gevent
from gevent.event import Event

from hub.cluster.outbox import Command, Outbox
from hub.cluster.redis_connection import FAULTS, Redis, RelayRefused, reason
from hub.runtime.spawn import Spawn

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0  # seconds between two attempts to connect
READ_SECONDS = 0.5
HELLO_SECONDS = 1.0
HELLO_GAP_SECONDS = 0.02  # hellos that answer others are at least so far apart
ECHO_SECONDS = 5.0  # a connection through which nothing has come back for so long is taken for lost
CLOSE_SECONDS = 1.0
MEGABYTE = 1024 * 1024


class LinkUser(Protocol):
    """Whom a link works for."""

    def channels(self) -> list[str]:
        """What is subscribed to at the beginning of each connection."""

    def hello(self) -> list[Command]:
        """What is sent once a second, and at once when `introduce` was called."""

    def on_message(self, channel: bytes, payload: bytes) -> None:
        """A message has come."""

    def on_subscribed(self, channel: bytes) -> None:
        """Messages of a channel come from now on."""

    def on_away(self, why: str) -> None:
        """Redis cannot be used now."""


class RedisLink:
    """`run` is the supervised greenlet. What is in the outbox is sent while there is a connection."""

    def __init__(self, url: str, user: LinkUser, outbox: Outbox, spawn: Spawn, max_bytes: int) -> None:
        """`max_bytes`: of one message. Raises ValueError for an address that cannot be read."""
        self._url, self._user, self._outbox, self._spawn, self._max_bytes = url, user, outbox, spawn, max_bytes
        self._reader: Redis | None = None
        self._hello_due = Event()
        self._closed = False
        self._failure = ""
        self.session = 0  # the number of the connection
        self.echoed = 0.0  # when something of this hub's own came back, monotonic
        self.sent = 0
        self.connection()

    def connection(self) -> Redis:
        """A connection that is not open yet. Raises ValueError."""
        return Redis(self._url, self._max_bytes)

    def introduce(self) -> None:
        """Say hello at once; never blocks."""
        self._hello_due.set()

    def subscribe(self, command: str, channel: str) -> None:
        """SUBSCRIBE or UNSUBSCRIBE while there is a connection."""
        if self._reader is not None:
            try:
                self._reader.send(command, channel)
            except FAULTS as error:
                self._failure = reason(error)  # the reader notices

    def run(self) -> None:
        """Stay connected until the hub ends."""
        pause = FIRST_PAUSE
        while not self._closed:
            began = time.monotonic()
            try:
                self._serve()
            except RelayRefused as error:
                self._user.on_away(f"it refuses this hub ({error}); correct the password in live.url")
            except FAULTS as error:
                self._user.on_away(self._failure or reason(error))
            if time.monotonic() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            gevent.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _serve(self) -> None:
        """Connect, and receive until the connection is lost. Raises RelayRefused or one of FAULTS."""
        reader, writer = self.connection(), self.connection()
        failed = Event()
        helpers: list[Any] = []
        self._failure = ""
        try:
            reader.open()
            writer.open()
            self.session += 1
            self.echoed = time.monotonic()
            self._reader = reader
            reader.send("SUBSCRIBE", *self._user.channels())
            helpers = [
                self._spawn("live to Redis", self._until_failed, failed, self._write, writer),
                self._spawn("live hellos", self._until_failed, failed, self._introduce),
            ]
            while not failed.is_set():
                self._on_answer(reader.read(READ_SECONDS))
                if time.monotonic() - self.echoed > ECHO_SECONDS:
                    raise OSError(None, "nothing comes through it")
            raise OSError(None, "the connection is lost")
        finally:
            self._reader = None
            gevent.killall(helpers)
            reader.close()
            writer.close()

    def _on_answer(self, answer: Any) -> None:
        if not isinstance(answer, list) or len(answer) != 3 or not isinstance(answer[1], bytes):
            return
        kind, channel, payload = answer
        if kind == b"message" and isinstance(payload, bytes):
            self._user.on_message(channel, payload)
        elif kind == b"subscribe":
            self._user.on_subscribed(channel)

    def _until_failed(self, failed: Event, work: Callable[..., None], *args: Any) -> None:
        """Run a helper of a connection; its failure ends the connection."""
        try:
            work(*args)
        except FAULTS as error:
            self._failure = reason(error)
            failed.set()

    def _write(self, writer: Redis) -> None:
        while True:
            batch = self._outbox.take()
            writer.commands(batch)
            self.sent += len(batch)

    def _introduce(self) -> None:
        while True:
            self._hello_due.wait(HELLO_SECONDS)
            self._hello_due.clear()
            for command in self._user.hello():
                self._outbox.put(command, ("hello", command[0]))
            gevent.sleep(HELLO_GAP_SECONDS)

    def close(self, farewell: list[Command]) -> None:
        """End, and send the last commands, if any. Raises RelayRefused or one of FAULTS, TimeoutError among them."""
        self._closed = True
        if not farewell:
            return
        connection = self.connection()
        with gevent.Timeout(CLOSE_SECONDS, TimeoutError("it does not answer in time")):
            try:
                connection.open()
                connection.commands(farewell)
            finally:
                connection.close()
