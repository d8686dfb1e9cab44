"""One connection to the broker. Sockets are gevent's, so every wait lets the event loop go on."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.event import Event
from gevent.socket import wait_read, wait_write
from paho.mqtt.enums import MQTTErrorCode

from hub.net.mqtt_client import GuardedClient
from hub.runtime.secret_file import UnreadableSecret, read_secret
from hub.runtime.spawn import Spawn
from hub.runtime.time_limit import time_limit
from hub.runtime.time_slice import TimeSlice
from hub.settings.model import Settings

CONNECT_SECONDS = 10.0
ACK_SECONDS = 20.0
CLOSE_SECONDS = 2.0
WAIT_SECONDS = 1.0  # between two looks at the keep-alive
WINDOW = 50  # messages that are sent before the acknowledgement of the first


class BrokerError(Exception):
    """The broker cannot be used now; the text says why, for operators."""


@dataclass(frozen=True)
class Broker:
    """How to connect. The will is what the broker publishes, retained, when the connection breaks.

    Without a `will_topic` there is none.
    """

    host: str
    port: int
    client_id: str
    keepalive: int
    will_topic: str = ""
    will: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)


class Connection:
    """`open`, then `publish` and `flush`; each raises BrokerError when the connection is lost. Used by one greenlet."""

    def __init__(self, broker: Broker, spawn: Spawn, now: Callable[[], float] = time.monotonic) -> None:
        self._broker, self._spawn, self._now = broker, spawn, now
        self._pending: set[int] = set()
        self._changed = Event()  # an acknowledgement, or the end of the connection
        self._reader: gevent.Greenlet[..., Any] | None = None
        self._accepted = False
        self._refusal = self._lost = ""
        self._client = client = GuardedClient(broker.client_id)
        client.max_inflight_messages_set(WINDOW)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        if broker.will_topic:
            client.will_set(broker.will_topic, broker.will, qos=1, retain=True)
        if broker.username:
            client.username_pw_set(broker.username, broker.password or None)
        if broker.tls is not None:
            client.tls_set_context(broker.tls)

    # -- paho's callbacks

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
        else:
            self._accepted = True
        self._changed.set()

    def _on_publish(self, _client: Any, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._pending.discard(mid)
        self._changed.set()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._lost = str(reason) or "closed"
        self._changed.set()

    # -- what the service calls

    def open(self) -> None:
        """Connect, log in, and wait until the broker has accepted. Raises BrokerError."""
        try:
            with gevent.Timeout(CONNECT_SECONDS, TimeoutError()):
                self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive)
        except ssl.SSLError as error:
            raise BrokerError(f"TLS fails ({error.reason or error})") from error
        except TimeoutError as error:
            raise BrokerError(f"it does not answer within {CONNECT_SECONDS:g} seconds") from error
        except (OSError, ValueError) as error:
            raise BrokerError(getattr(error, "strerror", None) or str(error)) from error
        self._reader = self._spawn("mqtt reader", self._read)
        self._wait(lambda: self._accepted or bool(self._refusal), CONNECT_SECONDS, "accept the connection")
        if self._refusal:
            raise BrokerError(f"it refuses the connection: {self._refusal}")

    def publish(self, topic: str, payload: str | bytes, retain: bool = False) -> int:
        """Send a message with QoS 1; waits where WINDOW messages are not acknowledged. Its id. Raises BrokerError."""
        if len(self._pending) >= WINDOW:
            self._wait(lambda: len(self._pending) < WINDOW, ACK_SECONDS, "acknowledge messages")
        self._check()
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN):
            raise BrokerError(self._lost or f"the connection is lost ({info.rc.name})")
        self._pending.add(info.mid)
        return info.mid

    def is_acknowledged(self, mid: int) -> bool:
        """Whether the broker has acknowledged a message of this connection."""
        return mid not in self._pending

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything. Raises BrokerError."""
        self._wait(lambda: not self._pending, ACK_SECONDS, "acknowledge messages")

    def idle(self, wake: Event, seconds: float) -> None:
        """Wait for `wake`, and keep the connection alive meanwhile. Raises BrokerError."""
        end = self._now() + seconds
        while not wake.is_set() and (left := end - self._now()) > 0:
            self._tend()
            wake.wait(min(left, WAIT_SECONDS))
        self._tend()

    def close(self, orderly: bool = False) -> None:
        """Disconnect; `orderly`: so that the broker does not publish the will."""
        if orderly and not self._lost:
            with time_limit(CLOSE_SECONDS):
                self._client.disconnect()
                while self._client.want_write() and self._client.socket() is not None:
                    self._write()
        if self._reader is not None:
            self._reader.kill()
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    # -- waiting

    def _check(self) -> None:
        if self._lost or self._client.socket() is None:
            raise BrokerError(self._refusal or f"the connection is lost ({self._lost or 'closed'})")

    def _tend(self) -> None:
        """Send what is due for the keep-alive, and what could not be sent before. Raises BrokerError."""
        self._client.loop_misc()
        self._check()
        if self._client.want_write():
            self._write()

    def _write(self) -> None:
        """Wait a moment until the socket takes bytes, and send."""
        sock = self._client.socket()
        if sock is None:
            return
        try:
            wait_write(sock.fileno(), WAIT_SECONDS, TimeoutError())
        except TimeoutError:
            return
        self._client.loop_write()

    def _wait(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        end = self._now() + seconds
        while not done():
            if self._now() > end:
                raise BrokerError(f"it does not {what} within {seconds:g} seconds")
            self._changed.clear()
            self._tend()
            if not done():
                self._changed.wait(WAIT_SECONDS)

    def _read(self) -> None:
        """The reading greenlet: paho's reads never block, so a switch happens only where this waits."""
        time_slice = TimeSlice()
        while (sock := self._client.socket()) is not None:
            pending = getattr(sock, "pending", None)
            if pending is None or not pending():
                wait_read(sock.fileno())
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
            time_slice.check()
        self._lost = self._lost or "closed"
        self._changed.set()


def read_broker(settings: Settings, client_id: str, will_topic: str = "", will: str = "") -> Broker:
    """The broker of the section [mqtt], with the password and the certificates from their files. Raises BrokerError.

    It reads files: for a native thread.
    """
    mqtt = settings.mqtt
    password = mqtt.password
    if mqtt.password_file:
        path = settings.instance / mqtt.password_file
        try:
            password = read_secret(path)
        except UnreadableSecret as error:
            raise BrokerError(f"mqtt.password_file {path} cannot be read ({error})") from error
    context = None
    if mqtt.tls:
        ca = settings.instance / mqtt.ca if mqtt.ca else None
        try:
            context = ssl.create_default_context(cafile=ca)
        except (OSError, ValueError) as error:
            raise BrokerError(f"mqtt.ca {ca} cannot be used ({error})") from error
    return Broker(
        mqtt.host, mqtt.port, client_id, mqtt.keepalive_seconds, will_topic, will, mqtt.username, password, context
    )
