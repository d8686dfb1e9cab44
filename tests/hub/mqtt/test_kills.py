"""A hub that is killed in the middle of traffic: what it acknowledged reaches the broker, every hit is one alert."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import pytest
import requests

from tests.support.fake_broker import FakeBroker, fake_broker
from tests.support.helpers import HubProcess, wait_for
from tests.support.mqtt import hub_for, state

pytestmark = pytest.mark.slow

KILLS = 3
LISTED = "AB 123"


class Camera(threading.Thread):
    """Sends records, each until it is acknowledged, with a listed plate in every tenth."""

    def __init__(self, hub: HubProcess, name: str) -> None:
        super().__init__(daemon=True)
        self.hub, self.camera, self.ending = hub, name, threading.Event()
        self.acknowledged: list[str] = []

    def run(self) -> None:
        number = 0
        while not self.ending.wait(0.01):
            plate = LISTED if number % 10 == 0 else f"XX {number}"
            body = {"camera_id": self.camera, "event_id": f"{number}", "ocr_results": [{"text": plate}]}
            try:
                answer = requests.post(f"{self.hub.url}/api/detection", json=body, timeout=5)
            except requests.RequestException:
                continue
            if answer.status_code == 200:
                self.acknowledged.append(f"{number}")
                number += 1


def received(broker: FakeBroker, topic: str) -> list[dict]:
    """The messages of a topic, without what came again, in the order of their first time."""
    return list({(body := json.loads(payload))["id"]: body for payload in reversed(broker.of(topic))}.values())[::-1]


def test_nothing_that_was_acknowledged_is_missing_after_kills(tmp_path: Path) -> None:
    dice = random.Random(5)
    with fake_broker() as broker:
        hub = hub_for(tmp_path, broker.port, HUB_ALERTS_REPEAT_SECONDS="0")
        hub.start()
        requests.post(f"{hub.url}/api/watchlist", json={"plate": LISTED}, timeout=10).raise_for_status()
        cameras = [Camera(hub, f"gate-{number}") for number in range(3)]
        for one in cameras:
            one.start()
        for _ in range(KILLS):
            enough = sum(len(one.acknowledged) for one in cameras) + dice.randrange(20, 200)
            wait_for(lambda enough=enough: sum(len(one.acknowledged) for one in cameras) >= enough, 60, "traffic")
            hub.kill()
            hub.start()
        for one in cameras:
            one.ending.set()
            one.join(20)
        sent = {one.camera: one.acknowledged for one in cameras}
        wait_for(
            lambda: all(len(numbers(broker, name)) >= len(some) for name, some in sent.items()), 60, "every detection"
        )
        hits = {
            body["id"]
            for name in sent
            for body in received(broker, f"gatehouse/detections/{name}")
            if body["watchlist"]
        }
        wait_for(lambda: len(alerts(broker)) >= len(hits) and state(hub)["connected"], 60, "every alert")
        hub.stop()
        assert {name: numbers(broker, name) for name in sent} == sent
        assert sorted(alerts(broker)) == sorted(hits)


def numbers(broker: FakeBroker, camera: str) -> list[str]:
    return [body["event_id"] for body in received(broker, f"gatehouse/detections/{camera}")]


def alerts(broker: FakeBroker) -> list[str]:
    """The detections that alerts are about: one alert for each, though its message may have come twice."""
    return [body["details"]["detection_id"] for body in received(broker, "gatehouse/alerts/watchlist_hit")]
