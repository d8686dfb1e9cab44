"""Devices at other addresses over real sockets: refused and waiting, admitted, blocked; tokens and pairing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.support.far import TRUSTING, far_away
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4

CAMERA = "192.168.7.20"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance", **TRUSTING) as process:
        yield process


def devices(hub: HubProcess, state: str = "waiting") -> dict[tuple[str, str], dict[str, Any]]:
    rows = hub.get("/api/access/devices")[state]
    return {(row["address"], row["claimed"]): row for row in rows}


def order(hub: HubProcess, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = requests.request(method, hub.url + path, json=body, timeout=5)
    assert answer.ok, answer.text
    return answer.json()


def send(url: str, camera: str, headers: dict[str, str] | None = None) -> requests.Response:
    return requests.post(
        f"{url}/api/detection", json=g4(aicamera_id=camera, camera_id=camera), headers=headers, timeout=5
    )


def test_a_camera_is_refused_waits_and_works_after_one_click(hub: HubProcess) -> None:
    with far_away(hub.port, CAMERA) as url:
        refused = send(url, "CAM1")
        assert refused.status_code == 401 and refused.json()["message"].endswith(".")
        wait_for(lambda: _waits(hub, url, "CAM1"), what="the camera's waiting by its id")
        row = devices(hub)[CAMERA, "CAM1"]
        assert row["transport"] == "http" and row["sent"]["path"] == "/api/detection"
        assert row["sent"]["user_agent"].startswith("python-requests")
        order(hub, "POST", f"/api/access/devices/{row['id']}/admit", {"name": "Entry"})
        assert send(url, "CAM1").status_code in (200, 201)
        other = send(url, "CAM2")
        assert other.status_code == 401 and other.json()["retry_after"] > 0
        assert (CAMERA, "CAM2") in devices(hub) and (CAMERA, "CAM1") in devices(hub, "admitted")
        assert requests.get(f"{url}/api/records", timeout=5).status_code == 403  # a device does not read
        order(hub, "POST", f"/api/access/devices/{row['id']}/block")
        assert send(url, "CAM1").status_code in (401, 403)
        assert (CAMERA, "CAM1") not in devices(hub) and (CAMERA, "CAM1") in devices(hub, "blocked")
        order(hub, "DELETE", f"/api/access/devices/{row['id']}")
        assert send(url, "CAM1").status_code == 401
        wait_for(lambda: _waits(hub, url, "CAM1"), what="the camera's waiting by its id")


def _waits(hub: HubProcess, url: str, camera: str) -> bool:
    """Whether a camera waits under its id after one more try: the hub knows it if the body came with the head."""
    send(url, camera)
    return (CAMERA, camera) in devices(hub)


def test_a_token_lets_in_from_everywhere_until_it_is_revoked(hub: HubProcess) -> None:
    made = order(hub, "POST", "/api/access/tokens", {"name": "Camera 3"})
    assert made["token"] not in json.dumps(hub.get("/api/access/tokens")) and made["token"] not in hub.text()
    with far_away(hub.port, "192.168.7.30") as url:
        for headers in (
            {"Authorization": made["token"]},
            {"Authorization": f"Bearer {made['token']}"},
            {"X-API-Key": made["token"]},
        ):
            for _ in range(20):
                assert send(url, "CAM3", {"Authorization": "Bearer wrong"}).status_code == 401
            assert send(url, "CAM3", headers).status_code in (200, 201)
        used = [row for row in hub.get("/api/access/tokens")["tokens"] if row["id"] == made["id"]]
        assert used[0]["last_used"]
        order(hub, "PUT", f"/api/access/tokens/{made['id']}", {"name": "Camera three"})
        order(hub, "DELETE", f"/api/access/tokens/{made['id']}")
        assert send(url, "CAM3", headers).status_code == 401
        common = (hub.instance / "device_token.txt").read_text().strip()
        assert send(url, "CAM3", {"X-API-Key": common}).status_code in (200, 201)
    assert hub.text().count(common) == 1  # shown once at the start


def test_an_open_connection_ends_its_rights_with_its_token(hub: HubProcess) -> None:
    made = order(hub, "POST", "/api/access/tokens", {"name": "Camera 4"})
    record = json.dumps({"type": "detection", **g4(aicamera_id="CAM4", camera_id="CAM4")})
    with far_away(hub.side["lpr"], "192.168.7.31") as url:
        address = url.replace("http", "ws")
        link = websocket.create_connection(f"{address}/?token={made['token']}", timeout=5)
        link.send(record)
        assert json.loads(link.recv()).get("success", True) is not False
        order(hub, "DELETE", f"/api/access/tokens/{made['id']}")
        opcode, frame = link.recv_data_frame(control_frame=True)
        assert opcode == websocket.ABNF.OPCODE_CLOSE and int.from_bytes(frame.data[:2], "big") == 1008
        link.shutdown()
        with pytest.raises(websocket.WebSocketBadStatusException):
            websocket.create_connection(f"{address}/?token={made['token']}", timeout=5)


def test_strangers_may_not_decide_or_read(hub: HubProcess) -> None:
    with far_away(hub.port, "192.168.7.40") as url:
        for method, path in (
            ("GET", "/api/access/devices"),
            ("POST", "/api/access/devices"),
            ("POST", "/api/access/devices/x/admit"),
            ("POST", "/api/access/devices/x/block"),
            ("DELETE", "/api/access/devices/x"),
            ("GET", "/api/access/tokens"),
            ("POST", "/api/access/tokens"),
            ("POST", "/api/access/pairings/x/admit"),
            ("GET", "/devices"),
        ):
            assert requests.request(method, url + path, json={}, timeout=5).status_code == 401, path
            token = {"X-API-Key": (hub.instance / "device_token.txt").read_text().strip()}
            assert requests.request(method, url + path, json={}, headers=token, timeout=5).status_code == 403, path


def test_pages_hear_of_a_device_that_waits(hub: HubProcess) -> None:
    page = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=10)
    with far_away(hub.port, "192.168.7.50") as url:
        send(url, "NEW")

        def heard() -> bool:
            message = json.loads(page.recv())
            return message["event"] == "devices" and message["devices"]["waiting"] > 0

        wait_for(heard, what="the event of a waiting device")
    page.close()


def test_pairing_over_the_network(hub: HubProcess) -> None:
    with far_away(hub.port, "192.168.7.60") as url:
        asked = requests.post(f"{url}/api/pair", json={"name": "North", "kind": "station agent"}, timeout=5)
        assert asked.status_code == 201 and asked.headers["Cache-Control"] == "no-store"
        pairing = asked.json()
        [shown] = [row for row in hub.get("/api/access/devices")["pairings"] if row["id"] == pairing["id"]]
        assert shown["code"] == pairing["code"] and shown["address"] == "192.168.7.60" and "secret" not in shown
        address, secret = f"{url}/api/pair/{pairing['id']}", {"X-Pair-Secret": pairing["secret"]}
        assert requests.get(address, headers=secret, timeout=5).json()["state"] == "waiting"
        assert requests.get(address, timeout=5).status_code == 401
        order(hub, "POST", f"/api/access/pairings/{pairing['id']}/admit", {"name": "North gate"})
        token = requests.get(address, headers=secret, timeout=5).json()["token"]
        assert "token" not in requests.get(address, headers=secret, timeout=5).json()
        own = requests.get(f"{url}/api/access/self", headers={"Authorization": f"Bearer {token}"}, timeout=5).json()
        assert own["name"] == "North gate" and own["kind"] == "device"
        assert requests.post(f"{url}/api/pair", data=b"x" * 5000, timeout=5).status_code == 413
        assert requests.post(f"{url}/api/pair", json={"kind": "x"}, timeout=5).status_code == 400
        assert requests.get(f"{url}/api/pair/unknown", timeout=5).status_code == 404


@pytest.mark.slow
def test_decisions_outlast_a_restart(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", **TRUSTING) as hub:
        with far_away(hub.port, CAMERA) as url:
            assert send(url, "CAM1").status_code == 401
            order(hub, "POST", f"/api/access/devices/{devices(hub)[CAMERA, 'CAM1']['id']}/admit")
            token = (hub.instance / "device_token.txt").read_text()
            assert hub.stop() == 0
            hub.start()
            assert send(url, "CAM1").status_code in (200, 201)
            assert (hub.instance / "device_token.txt").read_text() == token
