"""A hub that publishes to a broker, and what a test sends to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from tests.support.helpers import HubProcess, capture_result
from tests.support.mosquitto import Subscriber


def hub_for(tmp_path: Path, port: int, **environ: str) -> HubProcess:
    """A hub, not started, whose broker is on `port` of this machine."""
    own = {"HUB_MQTT_HOST": "127.0.0.1", "HUB_MQTT_PORT": str(port), "HUB_MQTT_KEEPALIVE_SECONDS": "5"}
    return HubProcess(tmp_path / "instance", **{**own, **environ})


def state(hub: HubProcess) -> dict[str, Any]:
    """What /status says of MQTT; a hub whose event loop is blocked does not answer."""
    return requests.get(f"{hub.url}/status", timeout=5).json()["mqtt"]


def capture(hub: HubProcess, number: int, station: str = "north", **fields: Any) -> None:
    """Send a capture; it is stored when this returns."""
    body = capture_result(event_id=f"{number}", station=station, number=f"{number}", **fields)
    assert requests.post(f"{hub.url}/api/captures", json=body, timeout=10).status_code == 201


def detection(hub: HubProcess, number: int, camera: str = "gate-1") -> None:
    """Send a detection; it is stored when this returns."""
    body = {"camera_id": camera, "event_id": f"{number}", "ocr_results": [{"text": f"AB {number}", "confidence": 0.9}]}
    assert requests.post(f"{hub.url}/api/detection", json=body, timeout=10).status_code == 200


def numbers(listener: Subscriber, topic: str, key: str = "number") -> list[str]:
    """A field of each message of a topic, in order, without what came again (the same id)."""
    seen: dict[str, str] = {}
    for payload in listener.of(topic):
        body = json.loads(payload)
        seen.setdefault(body["id"], body[key])
    return list(seen.values())
