"""MQTT of a real hub with a real Mosquitto: every record once, in order, whatever ends in between."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.helpers import HubProcess, wait_for
from tests.support.mosquitto import Broker, needs_mosquitto, subscriber
from tests.support.mqtt import capture, detection, hub_for, numbers, state

pytestmark = [pytest.mark.slow, needs_mosquitto]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as made:
        yield made


def drained(hub: HubProcess) -> bool:
    now = state(hub)
    return now["connected"] and not any(now["waiting"].values())


def test_records_states_and_alerts_arrive_and_home_assistant_finds_the_devices(tmp_path, broker) -> None:
    with subscriber(broker.port) as heard, hub_for(tmp_path, broker.port) as hub:
        wait_for(lambda: heard.last("gatehouse/status") == "online", what="the birth message")
        capture(hub, 1, "north/a")
        capture(hub, 2, success=False)
        detection(hub, 1)
        status = {"station": "north", "state": "waiting", "reader": {"role": "reader", "state": "connected"}}
        requests.post(f"{hub.url}/api/stations/status", json=status, timeout=10)
        wait_for(lambda: heard.of("gatehouse/alerts/capture_failed"), what="the alert")
        wait_for(lambda: heard.of("gatehouse/state/device/north:reader"), what="the reader's state")
        [one] = wait_for(lambda: heard.of("gatehouse/captures/north"), what="the capture")
        listed = {row["id"]: row for row in hub.get("/api/captures")["captures"]}
        # Corrections come later and are not in messages.
        assert {**json.loads(one), "corrected_number": None} == listed[json.loads(one)["id"]]
        [(changed, renamed, _)] = wait_for(
            lambda: [row for row in heard.messages if row[0].startswith("gatehouse/captures/north_a-")],
            what="the capture of the station with a slash",
        )
        assert json.loads(renamed)["station"] == "north/a" and changed.count("/") == 2
        [found] = wait_for(lambda: heard.of("gatehouse/detections/gate-1"), what="the detection")
        [record] = hub.get("/api/records")["records"]
        assert all(plate.pop("corrected") is None for plate in record["plates"])
        assert json.loads(found) == {"id": record["detection_id"], **record}
        with subscriber(broker.port) as later:
            wait_for(lambda: later.last("gatehouse/state/station/north") == "online", what="the retained state")
            wait_for(lambda: later.last("gatehouse/state/camera/gate-1") == "online", what="the camera's state")
            config_topic = "homeassistant/sensor/gatehouse/camera_gate-1_plate/config"
            wait_for(lambda: later.last(config_topic), what="what Home Assistant needs")
            assert all(retained for _, _, retained in later.messages)
            assert not [topic for topic, _, _ in later.messages if "captures" in topic and "config" not in topic]
            config = json.loads(later.last(config_topic))
            assert config["state_topic"] == "gatehouse/detections/gate-1"
        hub.stop()
        wait_for(lambda: heard.last("gatehouse/status") == "offline", what="the last message of the hub")


def test_a_hub_that_dies_is_offline_and_what_it_stored_arrives_after_its_restart(tmp_path, broker) -> None:
    hub = hub_for(tmp_path, broker.port)
    with subscriber(broker.port) as heard:
        hub.start()
        wait_for(lambda: heard.last("gatehouse/status") == "online", what="the birth message")
        for run in range(3):
            for number in range(run * 20, run * 20 + 20):
                capture(hub, number)
                detection(hub, number)
            hub.kill()  # in the moment after the last record was acknowledged
            wait_for(lambda: heard.last("gatehouse/status") == "offline", what="the will")
            hub.start()
            wait_for(lambda: heard.last("gatehouse/status") == "online", what="the next birth message")
        wait_for(lambda: drained(hub), 30, "the end of the queue")
        hub.stop()
        wanted = [str(number) for number in range(60)]
        assert numbers(heard, "gatehouse/captures/north") == wanted
        assert numbers(heard, "gatehouse/detections/gate-1", "event_id") == wanted


def test_a_broker_that_goes_and_comes_gets_what_it_missed_and_every_state(tmp_path, broker) -> None:
    """A broker without a database forgets even its retained messages."""
    with hub_for(tmp_path, broker.port) as hub:
        wait_for(lambda: state(hub)["connected"], what="the connection")
        detection(hub, 0)
        for run in range(2):
            broker.stop()
            wait_for(lambda: not state(hub)["connected"], what="the loss of the connection")
            for number in range(10):
                capture(hub, run * 10 + number)
            broker.start()
            with subscriber_soon(broker) as heard:
                wait_for(lambda: state(hub)["connected"] and drained(hub), 60, "the end of the queue")
                capture(hub, 100 + run)
                wait_for(lambda heard=heard: heard.of("gatehouse/captures/north"), what="the next capture")
                wait_for(lambda heard=heard: heard.last("gatehouse/state/camera/gate-1"), what="the state")
                assert heard.last("gatehouse/status") == "online"
        wait_for(lambda: state(hub)["delivered"] >= 23, what="everything")
        assert state(hub)["left_out"] == 0


def subscriber_soon(broker: Broker):
    """A subscriber as soon as the broker listens."""
    wait_for(lambda: listens(broker.port), what="the broker")
    return subscriber(broker.port)


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_what_waited_for_a_broker_arrives_once_in_order(tmp_path, broker) -> None:
    """A session that the broker keeps for a subscriber shows every message, also of the first moment."""
    broker.stop()
    lines = [f"persistence_location {tmp_path}/", "persistence true", "allow_anonymous true"]
    kept = Broker(tmp_path, *lines)
    kept.start()
    hub = hub_for(tmp_path, kept.port)
    with subscriber_soon(kept) as heard:
        hub.start()
        wait_for(lambda: state(hub)["connected"], what="the connection")
        relay_off = hub.environ["HUB_MQTT_PORT"]
        hub.stop()
        hub.environ["HUB_MQTT_PORT"] = str(broker.port)  # where nobody listens now
        hub.start()
        for number in range(30):
            capture(hub, number)
        hub.kill()
        hub.environ["HUB_MQTT_PORT"] = relay_off
        hub.start()
        wait_for(lambda: len(numbers(heard, "gatehouse/captures/north")) == 30, 30, "all of them")
        hub.stop()
        assert numbers(heard, "gatehouse/captures/north") == [str(number) for number in range(30)]
        assert len(heard.of("gatehouse/captures/north")) == 30
    kept.stop()


def test_a_broker_that_is_away_for_long_gets_the_newest(tmp_path, broker) -> None:
    broker.stop()
    with hub_for(tmp_path, broker.port, HUB_MQTT_QUEUE="10", HUB_MQTT_PUBLISH="captures") as hub:
        for number in range(25):
            capture(hub, number)
        broker.start()
        wait_for(lambda: state(hub)["connected"] and drained(hub), 60, "the end of the queue")
        assert (state(hub)["left_out"], state(hub)["delivered"]) == (15, 10)


def test_without_a_broker_nothing_is_kept_and_the_first_connection_begins_with_the_next_record(
    tmp_path, broker
) -> None:
    hub = hub_for(tmp_path, broker.port)
    without = {key: value for key, value in hub.environ.items() if key != "HUB_MQTT_HOST"}
    everything, hub.environ = hub.environ, without
    with hub:
        capture(hub, 1)
        assert "mqtt" not in hub.get("/status")
    hub.environ = everything
    with subscriber(broker.port) as heard, hub:
        capture(hub, 2)
        wait_for(lambda: heard.of("gatehouse/captures/north"), what="the capture")
        assert numbers(heard, "gatehouse/captures/north") == ["2"]


def test_only_what_the_settings_name_is_sent_below_their_prefix(tmp_path, broker) -> None:
    environ = {"HUB_MQTT_PUBLISH": "detections,states", "HUB_MQTT_PREFIX": "site/a", "HUB_MQTT_DISCOVERY": "false"}
    with subscriber(broker.port) as heard, hub_for(tmp_path, broker.port, **environ) as hub:
        capture(hub, 1, success=False)
        detection(hub, 1)
        wait_for(lambda: heard.of("site/a/state/camera/gate-1"), what="the state")
        wait_for(lambda: heard.of("site/a/detections/gate-1"), what="the detection")
        topics = {topic for topic, _, _ in heard.messages}
    assert topics == {"site/a/status", "site/a/state/camera/gate-1", "site/a/detections/gate-1"}


def test_a_login_that_is_refused_is_said_and_one_from_a_file_is_used(tmp_path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("hub:secret-of-the-broker\n", "utf-8")
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, capture_output=True)
    with Broker(tmp_path, "allow_anonymous false", f"password_file {passwords}", "user root") as broker:
        hub = hub_for(tmp_path, broker.port, HUB_MQTT_USERNAME="hub", HUB_MQTT_PASSWORD_FILE="password")
        hub.environ["HUB_LOG_LEVEL"] = "DEBUG"
        hub.instance.mkdir()
        hub.start()
        wait_for(lambda: "password_file" in state(hub)["problem"], what="the sentence about the file")
        (hub.instance / "password").write_text("wrong\n", "utf-8")
        wait_for(lambda: "refuses the connection: Not authorized" in state(hub)["problem"], 30, "the refusal")
        (hub.instance / "password").write_text("secret-of-the-broker\n", "utf-8")
        wait_for(lambda: state(hub)["connected"], 60, "the connection")
        hub.stop()
        assert "secret-of-the-broker" not in (hub.instance / "hub.log").read_text("utf-8") + hub.text()


def test_two_hubs_that_are_one_after_a_crash_do_not_leave_offline_behind(tmp_path, broker) -> None:
    """The will of the dead connection comes before the birth of the next one, whatever the order of their ends."""
    hub = hub_for(tmp_path, broker.port)
    with subscriber(broker.port) as heard:
        for _ in range(3):
            hub.start()
            wait_for(lambda: heard.last("gatehouse/status") == "online", what="the birth message")
            hub.kill()
            wait_for(lambda: heard.last("gatehouse/status") == "offline", what="the will")
        assert heard.of("gatehouse/status") == ["online", "offline"] * 3
