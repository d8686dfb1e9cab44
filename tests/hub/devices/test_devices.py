"""Device registration (docs/wire/lpr.md 1.7)."""

from __future__ import annotations

import requests

from tests.support.helpers import HubProcess
from tests.support.lpr import g4, g4_health


def test_a_device_waits_for_its_operator(hub: HubProcess) -> None:
    url = f"{hub.url}/device-registration"
    body = {
        "serial_number": "edge_aa:bb:cc",
        "device_model": "rpi",
        "device_type": "camera",
        "metadata": {"hostname": "edge"},
    }
    first = requests.post(f"{url}/register", json=body, timeout=5)
    assert first.status_code == 201 and first.json()["id"] and first.json()["message"]
    known = requests.post(f"{url}/register", json={"serialNumber": "edge_aa:bb:cc"}, timeout=5)
    assert known.status_code == 409 and known.json()["message"]
    assert requests.get(f"{url}/serial/edge_aa:bb:cc", timeout=5).json()["registrationStatus"] == "pending_approval"
    beat = {
        "headers": {"X-Device-Serial": "edge_aa:bb:cc", "X-API-Key": ""},
        "json": {"serialNumber": "edge_aa:bb:cc"},
        "timeout": 5,
    }
    assert requests.post(f"{url}/heartbeat", **beat).status_code == 401
    device = hub.get("/api/devices")["devices"][0]
    assert requests.post(f"{hub.url}/api/devices/{device['id']}/approve", timeout=5).status_code == 200
    told = requests.get(f"{url}/serial/edge_aa:bb:cc", timeout=5).json()
    assert told["registrationStatus"] == "approved"
    beat["headers"]["X-API-Key"] = told["apiKey"]
    assert requests.post(f"{url}/heartbeat", **beat).status_code == 200
    assert told["apiKey"] not in str(hub.get("/api/devices")) and told["apiKey"] not in hub.text()
    assert requests.get(f"{url}/serial/other", timeout=5).status_code == 404
    assert requests.post(f"{url}/register", json={}, timeout=5).status_code == 400
    assert requests.post(f"{hub.url}/api/v1/detection", json=g4(), timeout=5).json()["detection_id"]
    assert requests.post(f"{hub.url}/api/v1/health", json=g4_health(), timeout=5).json()["health_id"]
    assert hub.get("/api/v1/config")["success"] is True
