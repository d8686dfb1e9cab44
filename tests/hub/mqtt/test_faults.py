"""Brokers that hang, refuse, vanish or flood: the hub goes on, and what was stored is acknowledged in the end."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.support.fake_broker import CONNACK, FakeBroker, Vanish, fake_broker
from tests.support.helpers import wait_for
from tests.support.mqtt import capture, hub_for, state

pytestmark = pytest.mark.slow

TOPIC = "gatehouse/captures/north"


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    with fake_broker() as made:
        yield made


def numbers(broker: FakeBroker) -> list[str]:
    """The captures that were acknowledged, in the order of their first time."""
    return list(dict.fromkeys(json.loads(payload)["number"] for payload in broker.of(TOPIC)))


def test_a_broker_that_vanishes_all_the_time_has_acknowledged_everything_in_order(tmp_path, broker) -> None:
    """It goes before it acknowledges, after some it did, and in the middle of a packet."""
    seen = 0

    def vanish(sock: socket.socket, topic: str) -> None:
        nonlocal seen
        if topic != TOPIC:
            return
        seen += 1
        if seen % 7 == 3:
            raise Vanish
        if seen % 7 == 6:
            sock.sendall(b"\x40\x02\x00")  # half an acknowledgement
            raise Vanish

    broker.on_publish = vanish
    with hub_for(tmp_path, broker.port) as hub:
        for number in range(12):
            capture(hub, number)
        wait_for(lambda: len(numbers(broker)) == 12, 90, "every capture")
        assert broker.connections > 1
    assert numbers(broker) == [str(number) for number in range(12)]


@pytest.mark.parametrize("fault", ["silent", "closes", "refuses", "nonsense"])
def test_a_broker_that_does_not_accept_holds_up_nothing(tmp_path, broker, fault) -> None:
    release = threading.Event()

    def on_connect(sock: socket.socket) -> None:
        if fault == "silent":
            release.wait(60)
        elif fault == "refuses":
            sock.sendall(b"\x20\x02\x00\x05")
        elif fault == "nonsense":
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
        raise Vanish

    broker.on_connect = on_connect
    with hub_for(tmp_path, broker.port) as hub:
        wait_for(lambda: broker.connections, what="a connection")
        for number in range(5):
            capture(hub, number)
            assert not state(hub)["connected"]
        wait_for(lambda: state(hub)["problem"], 30, "the sentence")
        broker.on_connect = lambda sock: sock.sendall(CONNACK)
        release.set()
        wait_for(lambda: numbers(broker) == ["0", "1", "2", "3", "4"], 60, "the captures")


def test_a_broker_that_stops_reading_holds_up_nothing(tmp_path, broker) -> None:
    release = threading.Event()
    broker.on_publish = lambda sock, topic: release.wait(60) if topic == TOPIC and not release.is_set() else None
    with hub_for(tmp_path, broker.port) as hub:
        wait_for(lambda: state(hub)["connected"], what="the connection")
        for number in range(100):
            capture(hub, number, message="x" * 15_000)
        assert state(hub)["connected"]
        wait_for(lambda: not state(hub)["connected"], 60, "the time limit")
        release.set()
        wait_for(lambda: len(numbers(broker)) == 100, 60, "the captures")
    assert numbers(broker) == [str(number) for number in range(100)]


@pytest.mark.parametrize(
    "flood", [b"\xd0\x00" * 50_000, b"\x30\x0a\x00\x03a/bpayload" * 10_000, b"\x34\xff\xff\x7f" + b"x" * 65_536]
)
def test_a_broker_that_floods_holds_up_nothing(tmp_path, broker, flood) -> None:
    """Answers to pings, messages that nobody subscribed to, a message of 2 MB that goes on and on."""
    stop = threading.Event()

    def on_connect(sock: socket.socket) -> None:
        sock.sendall(CONNACK)

        def pour() -> None:
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    sock.sendall(flood)

        threading.Thread(target=pour, daemon=True).start()

    broker.on_connect = on_connect
    with hub_for(tmp_path, broker.port) as hub:
        wait_for(lambda: broker.connections, what="a connection")
        before = hub.get("/status")["memory_mb"]
        for number in range(20):
            capture(hub, number)
            state(hub)
        assert hub.get("/status")["memory_mb"] < before + 40
        stop.set()
        broker.on_connect = lambda sock: sock.sendall(CONNACK)
        wait_for(lambda: len(numbers(broker)) == 20, 60, "the captures")


def test_a_name_that_nobody_knows_is_a_sentence(tmp_path) -> None:
    with hub_for(tmp_path, 1883, HUB_MQTT_HOST="broker.invalid") as hub:
        wait_for(lambda: state(hub)["problem"], 60, "the sentence")
        capture(hub, 1)
