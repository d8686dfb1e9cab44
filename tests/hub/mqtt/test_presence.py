"""Arrivals and departures of vehicles over MQTT, also those of the time when the broker was away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from tests.support.fake_broker import fake_broker
from tests.support.fake_vehicles import BLUE, RED
from tests.support.helpers import ROOT, HubProcess, jpeg, wait_for
from tests.support.mqtt import state

pytestmark = pytest.mark.slow
TOML = """
[presence]
per_second = 150

[[vehicles]]
camera = "gate-1"
per_second = 30
leave_seconds = 0.1
min_confidence = 0.5
"""


class PresenceHub(HubProcess):
    script = ROOT / "tests" / "support" / "presence_app.py"


def show(hub: HubProcess, colour: tuple[int, int, int], present: bool) -> None:
    """Post pictures until the vehicle is there, or is gone."""

    def there() -> bool:
        answer = requests.post(f"{hub.url}/api/cameras/gate-1/frame", data=jpeg(colour=colour), timeout=10)
        assert answer.status_code == 200
        return hub.get("/api/presence/gate-1")["presence"]["present"] is present

    wait_for(there, 30, "the change")


def test_arrivals_and_departures_arrive_and_the_last_one_is_the_state(tmp_path: Path) -> None:
    with fake_broker() as broker:
        hub = PresenceHub(tmp_path / "instance", HUB_MQTT_HOST="127.0.0.1", HUB_MQTT_PORT=str(broker.port))
        hub.instance.mkdir()
        (hub.instance / "hub.toml").write_text(TOML, "utf-8")
        with hub:
            wait_for(lambda: broker.of("gatehouse/state/presence/gate-1") == ["unknown"], what="the first state")
            show(hub, RED, True)
            wait_for(lambda: broker.of("gatehouse/state/presence/gate-1")[-1] == "present", what="the state")
            wait_for(lambda: broker.of("gatehouse/presence/gate-1"), what="the arrival")
            accept, broker.on_connect = broker.on_connect, lambda sock: sock.close()
            broker.on_publish = lambda sock, topic: sock.close()
            show(hub, BLUE, False)
            wait_for(lambda: not state(hub)["connected"], what="the loss of the connection")
            broker.on_connect, broker.on_publish = accept, lambda sock, topic: None
            wait_for(lambda: len(events(broker)) == 2, 60, "the departure")
            wait_for(lambda: broker.of("gatehouse/state/presence/gate-1")[-1] == "absent", what="the state")
        arrived, left = events(broker)
        assert (arrived["change"], left["change"]) == ("arrived", "left")
        assert arrived["stay"] == left["stay"] and arrived["id"] != left["id"]


def events(broker) -> list[dict]:
    """The arrivals and departures, once each."""
    return list({(body := json.loads(text))["id"]: body for text in broker.of("gatehouse/presence/gate-1")}.values())
