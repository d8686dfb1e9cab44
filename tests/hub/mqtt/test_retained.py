"""The retained messages: what changed is sent, what is gone is cleared, Home Assistant hears of each device once."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from hub.contract.device_state import DeviceState
from hub.mqtt.discovery import Discovery
from hub.mqtt.retained import Retained
from hub.mqtt.topics import Topics

TOPICS = Topics("gatehouse")


class Site:
    def __init__(self, discovery: bool = False, watched=()) -> None:
        self.devices: list[DeviceState] = []
        self.sent: list[tuple[str, bytes | str]] = []
        made = Discovery("homeassistant", TOPICS) if discovery else None
        self.retained = Retained(TOPICS, made, [lambda: self.devices], watched)

    def set(self, *devices: DeviceState) -> None:
        self.devices = list(devices)

    def send(self) -> list[tuple[str, bytes | str]]:
        sent: list[tuple[str, bytes | str]] = []
        assert self.retained.send_changes(lambda topic, payload: sent.append((topic, payload))) == len(sent)
        return sent


def device(name: str, online: bool | None = True, kind: str = "camera", parent: str = "") -> DeviceState:
    return DeviceState(kind, name, name, online, 0.0, parent)


def test_only_changes_are_sent() -> None:
    site = Site()
    site.set(device("a"), device("b", False), device("c", None, "board"))
    assert site.send() == [
        ("gatehouse/state/camera/a", "online"),
        ("gatehouse/state/camera/b", "offline"),
        ("gatehouse/state/board/c", "unknown"),
    ]
    assert site.send() == []
    site.set(device("a"), device("b"), device("c", None, "board"))
    assert site.send() == [("gatehouse/state/camera/b", "online")]


def test_a_broker_that_was_away_gets_everything_again_and_what_went_is_cleared() -> None:
    site = Site(discovery=True)
    site.set(device("a"), device("b"))
    configs = [topic for topic, _ in site.send() if topic.endswith("/config")]
    site.set(device("a"))
    site.retained.reset()
    sent = dict(site.send())
    assert sent["gatehouse/state/camera/a"] == "online"
    assert {topic for topic, payload in sent.items() if payload == b""} == {
        "gatehouse/state/camera/b",
        *(topic for topic in configs if "camera_b" in topic),
    }
    assert len(site.retained) == 1


def test_a_device_is_announced_before_its_first_state() -> None:
    site = Site(discovery=True)
    site.set(device("north", kind="station"), device("north:reader", kind="device", parent="north"))
    sent = site.send()
    topics = [topic for topic, _ in sent]
    assert topics == [
        "homeassistant/binary_sensor/gatehouse/station_north_online/config",
        "homeassistant/sensor/gatehouse/station_north_number/config",
        "homeassistant/sensor/gatehouse/station_north_tag/config",
        "gatehouse/state/station/north",
        next(topic for topic in topics if "device_north_reader" in topic),
        "gatehouse/state/device/north:reader",
    ]
    config, number = orjson.loads(sent[0][1]), orjson.loads(sent[1][1])
    assert config["device_class"] == "connectivity"
    assert config["state_topic"] == "gatehouse/state/station/north"
    assert config["availability_topic"] == "gatehouse/status"
    assert number["state_topic"] == "gatehouse/captures/north"
    owners = {tuple(orjson.loads(payload)["device"]["identifiers"]) for topic, payload in sent if "/config" in topic}
    assert owners == {("gatehouse_station_north",)}, "a reader is shown with its station"
    assert site.send() == []


def test_unique_ids_are_unique_and_templates_hold_no_names() -> None:
    site = Site(discovery=True, watched=["gate {{ 1 }}"])
    site.set(*(device(name) for name in ("gate {{ 1 }}", "gate_{{_1_}}", "ประตู", "a/b", "a_b")))
    configs = [orjson.loads(payload) for topic, payload in site.send() if topic.endswith("/config")]
    ids = [config["unique_id"] for config in configs]
    assert len(set(ids)) == len(ids) == 11
    assert not any("gate" in config["value_template"] for config in configs)


def test_the_presence_of_a_vehicle_is_a_state() -> None:
    site = Site(discovery=True, watched=["yard"])
    sent = dict(site.send())
    assert sent["gatehouse/state/presence/yard"] == "unknown"
    assert orjson.loads(sent["homeassistant/binary_sensor/gatehouse/presence_yard_vehicle/config"])["device_class"] == (
        "occupancy"
    )
    site.retained.presence["yard"] = "present"
    assert site.send() == [("gatehouse/state/presence/yard", "present")]


def test_the_event_loop_may_go_on_between_the_states_of_two_devices() -> None:
    steps: list[str] = []

    def states() -> Iterator[DeviceState]:
        for name in ("a", "b"):
            steps.append(name)
            yield device(name)

    retained = Retained(TOPICS, None, [states], (), lambda: steps.append("breathe"))
    assert retained.send_changes(lambda topic, payload: None) == 2
    assert steps == ["a", "breathe", "b", "breathe"]
