"""A disk that is nearly full: every door refuses, the database goes on, and the hub resumes by itself."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.support.expiring_rows import picture
from tests.support.helpers import HubProcess, capture_result, wait_for
from tests.support.lpr import Client, g4, g4_health, post, raw_socket, records

RESERVE_MB = 20
SIZE_MB = 64


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("This machine does not let a test mount a small disk.")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def hub_on(small: Path, **environ: str) -> HubProcess:
    hub = HubProcess(small / "instance", HUB_STORE_WARN_FREE_MB="0", HUB_STORE_RESERVE_MB=str(RESERVE_MB), **environ)
    hub.output = small.parent / "output.txt"
    return hub


def fill(small: Path) -> Path:
    """Leave half of the reserve free."""
    filler = small / "filler"
    state = os.statvfs(small)
    filler.write_bytes(b"x" * (state.f_bavail * state.f_frsize - RESERVE_MB * 500_000))
    return filler


def no_room(body: Any) -> bool:
    return body["success"] is False and "nearly full" in body["message"] and body["retry_after"] >= 1


def test_every_door_refuses_and_the_hub_resumes(small: Path) -> None:
    with hub_on(small) as hub:
        stored = post(hub, "/api/detection", g4(camera_id="before")).json()["detection_id"]
        camera, station, pushed = (
            Client(hub.url),
            Client(hub.url),
            websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}/", timeout=10),
        )
        raw = raw_socket(hub)
        filler = fill(small)
        wait_for(lambda: hub.get("/status")["disk"]["refusing"], what="the refusal")
        for path, body in (
            ("/api/detection", g4()),
            ("/api/data", g4()),
            ("/api/health", g4_health()),
            ("/api/captures", capture_result()),
            ("/api/v1/detection", g4()),
        ):
            answer = requests.post(hub.url + path, json=body, timeout=10)
            assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1, path
            assert no_room(answer.json()), path
        assert no_room(camera.call("lpr_data", g4(), timeout=10))
        assert no_room(station.call("capture_result", capture_result(), timeout=10))
        raw.send(json.dumps(g4()))
        assert no_room(json.loads(raw.recv()))
        pushed.send(json.dumps(capture_result()))
        assert no_room(json.loads(pushed.recv()))
        _send_datagram(hub)
        wait_for(lambda: hub.get("/status")["apriltag"]["not_stored_by"].get("no room on the disk"), what="the count")
        _database_goes_on(hub, stored)
        _pages_say_so(hub)
        filler.unlink()
        wait_for(lambda: not hub.get("/status")["disk"]["refusing"], what="the resumption")
        assert "nearly full" not in requests.get(hub.url + "/plates", timeout=10, headers={"Accept": "text/html"}).text
        assert post(hub, "/api/detection", g4(camera_id="after")).status_code == 200
        assert camera.call("lpr_data", g4(camera_id="after"), timeout=10)["success"] is True
        assert [row["camera_id"] for row in records(hub)["records"]] == ["before", "after", "after"]
        assert hub.captures() == [] and hub.get("/api/health")["health"] == []
        for client in (camera, station):
            client.disconnect()
        raw.close()
        pushed.close()
        assert "Traceback" not in hub.text()


def _send_datagram(hub: HubProcess) -> None:
    """A board is acknowledged all the same: its camera stands still until then."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        board.settimeout(10)
        board.sendto(b'{"tag_id": 5}', ("127.0.0.1", hub.side["apriltag_udp"]))
        assert json.loads(board.recv(255))["status"] == "received"


def _database_goes_on(hub: HubProcess, stored: str) -> None:
    assert requests.post(f"{hub.url}/api/records/{stored}/protect", timeout=10).status_code == 200
    assert requests.post(f"{hub.url}/api/watchlist", json={"plate": "AB12"}, timeout=10).status_code == 201
    actions = [row["action"] for row in hub.get("/api/audit")["audit"]]
    assert {"detection.protect", "watchlist.add"} <= set(actions)
    assert hub.get("/api/records")["total_count"] == 1


def _pages_say_so(hub: HubProcess) -> None:
    (warning,) = hub.get("/status")["warnings"]
    assert "nearly full" in warning and "store.reserve_mb" in warning and "Free some space" in warning
    for path in ("/", "/plates", "/status"):
        page = requests.get(hub.url + path, timeout=10, headers={"Accept": "text/html"}).text
        assert "nearly full" in page, path


def test_a_budget_makes_room_by_itself(small: Path) -> None:
    """What fills the disk are the hub's own pictures; a start with a budget lets the oldest go."""
    text = base64.b64encode(picture(1_000_000, 1)).decode()
    acknowledged = []
    with hub_on(small) as hub:
        while True:
            number = len(acknowledged)
            sent = capture_result(event_id=f"e{number}", started_ts=1769581721.0 + number, primary_image=text)
            answer = requests.post(f"{hub.url}/api/captures", json=sent, timeout=10)
            if answer.status_code == 503:
                break
            acknowledged.append(answer.json()["id"])
        assert len(acknowledged) > 20
        assert [row["id"] for row in hub.captures()] == acknowledged[::-1]
        hub.stop()
        hub.environ["HUB_RETENTION_MAX_GB"] = "0.02"
        hub.start()
        wait_for(lambda: not hub.get("/status")["disk"]["refusing"], 40, "the room that retention makes")
        shown = wait_for(lambda: _settled(hub), 20, "the end of the run")
        left = [row["id"] for row in hub.captures()]
        assert 5 < len(left) < 20 and left == acknowledged[: -len(left) - 1 : -1], "the oldest have gone"
        assert shown["used"]["total_bytes"] <= 20_000_000
        assert _captures(shown)["total"]["records"] == len(acknowledged) - len(left)
        assert requests.post(f"{hub.url}/api/captures", json=capture_result(), timeout=10).status_code == 201


def _settled(hub: HubProcess) -> dict[str, Any] | None:
    shown = hub.get("/api/retention")
    return shown if not shown["running"] and _captures(shown)["total"]["records"] else None


def _captures(shown: dict[str, Any]) -> dict[str, Any]:
    return next(kind for kind in shown["kinds"] if kind["kind"] == "captures")
