"""A Mosquitto broker of a test's own, which it may stop and start again, and a client that listens to everything."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.helpers import free_ports, wait_for

BINARY = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(BINARY is None, reason="there is no mosquitto; install the package mosquitto")


class Broker:
    """`mosquitto` on a port of 127.0.0.1 that stays the same over restarts; it keeps nothing unless `lines` say so."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_ports(1)[0]
        self.config = folder / "mosquitto.conf"
        head = [f"listener {self.port} 127.0.0.1", "allow_anonymous true"]
        self.config.write_text(
            "\n".join([*(head if not lines else [f"listener {self.port} 127.0.0.1"]), *lines]) + "\n"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        assert BINARY is not None
        self.process = subprocess.Popen(
            [BINARY, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return self

    def stop(self) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def __enter__(self) -> Broker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Subscriber:
    """Everything that a broker passes on, in its order; retained messages first."""

    def __init__(self, port: int, username: str = "", password: str = "") -> None:
        self.messages: list[tuple[str, str, bool]] = []  # topic, payload, whether it was retained
        self.subscriptions = 0
        self._client = client = Client(CallbackAPIVersion.VERSION2)
        client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        client.on_subscribe = self._subscribed
        client.on_message = self._on_message
        if username:
            client.username_pw_set(username, password)
        client.reconnect_delay_set(1, 1)
        client.connect_async("127.0.0.1", port, 30)
        client.loop_start()
        wait_for(lambda: self.subscriptions, what="the subscription")

    def _subscribed(self, *_: object) -> None:
        self.subscriptions += 1

    def _on_message(self, _client: object, _data: object, message: MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload.decode(), message.retain))

    def of(self, topic: str) -> list[str]:
        """The payloads of a topic, in their order."""
        return [payload for name, payload, _ in list(self.messages) if name == topic]

    def last(self, topic: str) -> str | None:
        """The newest payload of a topic."""
        found = self.of(topic)
        return found[-1] if found else None

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def subscriber(port: int, username: str = "", password: str = "") -> Iterator[Subscriber]:
    """A subscriber for the time of the block."""
    made = Subscriber(port, username, password)
    try:
        yield made
    finally:
        made.close()
