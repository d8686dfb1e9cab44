"""Barriers behind a Modbus TCP device and behind an MQTT broker, both real."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.support.barriers import CHECKPOINT, BarrierHub, Coils, coils
from tests.support.helpers import ROOT, wait_for
from tests.support.mosquitto import Broker, needs_mosquitto, subscriber

COMMON = {"name": "north", "checkpoint": CHECKPOINT, "enabled": True, "automatic": True, "per_minute": 30}


@pytest.fixture
def device() -> Iterator[Coils]:
    with coils() as made:
        yield made


def modbus(device: Coils, **values: object) -> dict:
    place = {"kind": "modbus", "host": "127.0.0.1", "port": device.port, "unit": 3, "coil": 7}
    return {**COMMON, **place, "pulse_ms": 200, "timeout_seconds": 1.0, **values}


@pytest.mark.slow
def test_a_coil_is_written_and_written_back(tmp_path, device) -> None:
    with BarrierHub(tmp_path / "instance", modbus(device)) as hub:
        hub.publish()
        wait_for(lambda: len(device.written) == 2, what="both writes")
        assert device.written == [(3, 7, True), (3, 7, False)]
        assert hub.settle()["error"] == ""
        hub.publish(new=False)
        assert hub.settle()["pulses_last_minute"] == 1


@pytest.mark.slow
def test_pymodbus_own_server_is_written(tmp_path) -> None:
    """The other side by somebody who knows Modbus better than the device of these tests."""
    command = [sys.executable, "-m", "tests.support.modbus_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            made = Coils()
            made.port = int(server.stdout.readline())
            with BarrierHub(tmp_path / "instance", modbus(made)) as hub:
                assert hub.open().status_code == 200, hub.barrier()
                assert hub.settle()["error"] == ""
            assert [json.loads(server.stdout.readline()) for _ in range(2)] == [[7, True], [7, False]]
        finally:
            server.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "said"),
    [("silent", "does not answer within 1 seconds"), ("refuse", "no coil of this address"), ("garbage", "no Modbus")],
)
def test_a_device_that_fails_is_asked_once_and_its_contact_is_opened_again(tmp_path, device, mode, said) -> None:
    device.mode = mode
    with BarrierHub(tmp_path / "instance", modbus(device)) as hub:
        answer = hub.open()
        assert answer.status_code == 502 and said in answer.json()["message"], answer.text
        device.mode = "normal"
        wait_for(lambda: device.written, what="the end of the pulse")
        hub.settle()
        assert all(value is False for _, _, value in device.written), "it was asked to open again"


@pytest.mark.slow
def test_a_contact_that_stays_closed_is_said(tmp_path, device) -> None:
    with BarrierHub(tmp_path / "instance", modbus(device, pulse_ms=500, timeout_seconds=0.3)) as hub:
        hub.open()
        device.mode = "silent"
        wait_for(lambda: "may still be closed" in hub.barrier()["error"], what="the sentence")
        assert any("may still be closed" in each for each in hub.get("/status")["warnings"])


@pytest.mark.slow
def test_a_kill_in_the_middle_ends_the_pulse_at_the_next_start(tmp_path, device) -> None:
    with BarrierHub(tmp_path / "instance", modbus(device, pulse_ms=10_000)) as hub:
        hub.publish()
        wait_for(lambda: device.written, what="the first write")
        hub.kill()
        hub.start()
        wait_for(lambda: len(device.written) == 2, what="the second write")
        assert device.written == [(3, 7, True), (3, 7, False)]
        hub.publish(new=False)
        hub.settle()
        assert len(device.written) == 2


@pytest.mark.slow
def test_an_orderly_stop_ends_the_pulse_first(tmp_path, device) -> None:
    with BarrierHub(tmp_path / "instance", modbus(device, pulse_ms=10_000)) as hub:
        hub.publish()
        wait_for(lambda: device.written, what="the first write")
        assert hub.stop() == 0
        assert device.written == [(3, 7, True), (3, 7, False)]


@needs_mosquitto
@pytest.mark.slow
def test_a_message_opens_and_is_neither_retained_nor_sent_later(tmp_path) -> None:
    barrier = {
        **COMMON,
        "kind": "mqtt",
        "topic": "relay/{plate}",
        "payload": '{"visit": "{visit}"}',
        "off_payload": "off",
        "pulse_ms": 200,
        "timeout_seconds": 1.0,
    }
    broker = Broker(tmp_path).start()
    environ = {"HUB_MQTT_HOST": "127.0.0.1", "HUB_MQTT_PORT": str(broker.port), "HUB_MQTT_PUBLISH": "alerts"}
    try:
        with subscriber(broker.port) as heard, BarrierHub(tmp_path / "instance", barrier, **environ) as hub:

            def relays() -> list[tuple[str, str, bool]]:
                return [each for each in heard.messages if each[0].startswith("relay/")]

            hub.publish()
            wait_for(lambda: len(relays()) == 2, what="both messages")
            place = "relay/AB%2012%2F3"
            assert relays() == [(place, '{"visit": "v1"}', False), (place, "off", False)]
            assert hub.settle()["error"] == ""
            broker.stop()
            time.sleep(2.1)  # until another press is no second one
            failed = hub.open()
            assert failed.status_code == 502 and "broker" in failed.json()["message"], failed.text
            broker.start()
            wait_for(lambda: heard.subscriptions >= 2, what="the subscriber's coming back")
            wait_for(lambda: heard.of("gatehouse/alerts/barrier_failed"), what="the alert, which is sent later")
            assert len(relays()) == 2, "a barrier must not open late"
    finally:
        broker.stop()
