"""Invented names: stations, devices, cameras and components of strangers never keep out or hide real ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.helpers import HubProcess
from tests.support.load import PATIENCE, Bystander
from tests.support.lpr import g4, g4_health, raw_socket


@pytest.fixture
def own(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "instance") as process:
        yield process


def _send(hub: HubProcess, records: Iterable[dict[str, Any]], connections: int = 32) -> None:
    """Send records over raw WebSockets, many at a time: a commit then holds as many."""
    waiting = list(records)
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(lambda start: _send_over_one(hub, waiting[start::connections]), range(connections)))


def _send_over_one(hub: HubProcess, records: list[dict[str, Any]]) -> None:
    socket = raw_socket(hub)
    try:
        for record in records:
            socket.send(json.dumps(record))
            assert "status" in json.loads(socket.recv())
    finally:
        socket.close()


def test_two_hundred_stations(own: HubProcess) -> None:
    with requests.Session() as session:
        assert session.post(own.url + "/api/stations/status", json={"station": "real"}, timeout=10).status_code == 200
        assert (
            session.post(own.url + "/api/captures", json={"station": "real", "tag": "T"}, timeout=10).status_code == 201
        )
        for number in range(450):
            session.post(own.url + "/api/stations/status", json={"station": f"invented {number}"}, timeout=10)
        assert (
            session.post(own.url + "/api/stations/status", json={"station": "another real"}, timeout=10).status_code
            == 200
        )
        assert (
            session.post(
                own.url + "/api/captures", json={"station": "another real", "tag": "T"}, timeout=10
            ).status_code
            == 201
        )
        shown = [row["station"] for row in own.get("/api/stations", limit=1000)["stations"]]
        assert len(shown) <= 200 and "real" in shown and "another real" in shown
        own.stop()
        own.start()
        assert requests.post(own.url + "/api/stations/status", json={"station": "third"}, timeout=10).status_code == 200


def test_a_thousand_devices(own: HubProcess) -> None:
    with requests.Session() as session:
        known = session.post(
            own.url + "/device-registration/register", json={"serial_number": "approved one"}, timeout=10
        ).json()
        session.post(f"{own.url}/api/devices/{known['id']}/approve", timeout=10)
        for number in range(1010):
            session.post(
                own.url + "/device-registration/register", json={"serial_number": f"invented {number}"}, timeout=10
            )
        assert (
            session.post(
                own.url + "/device-registration/register", json={"serial_number": "real"}, timeout=10
            ).status_code
            == 201
        )
        assert (
            session.get(own.url + "/device-registration/serial/approved one", timeout=10).json()["registrationStatus"]
            == "approved"
        )
        assert len(own.get("/api/devices")["devices"]) <= 1000


@pytest.mark.alone
@pytest.mark.slow
def test_twelve_thousand_cameras_and_many_components(own: HubProcess) -> None:
    with requests.Session() as session:
        assert session.post(own.url + "/api/detection", json=g4(aicamera_id="delivers"), timeout=10).status_code == 200
        _send(own, ({"type": "camera_register", "camera_id": f"invented {number}"} for number in range(12_000)))
        assert session.post(own.url + "/api/detection", json=g4(aicamera_id="real"), timeout=10).status_code == 200
        rows = {row["camera_id"] for row in own.get("/api/cameras")["cameras"]}
        assert {"real", "delivers"} <= rows and len(rows) <= 10_000
        _send(own, (g4_health(aicamera_id="many", component=f"component {number}") for number in range(3000)))
        assert (
            session.post(
                own.url + "/api/health",
                json=g4_health(aicamera_id="many", component="Camera", status="FAIL"),
                timeout=10,
            ).status_code
            == 200
        )
        shown = next(row for row in own.get("/api/cameras")["cameras"] if row["camera_id"] == "many")
        assert len(shown["components"]) <= 100 and any(row["component"] == "Camera" for row in shown["components"])
        with Bystander(own) as other:
            answer = session.get(own.url + "/status", headers={"Accept": "application/json"}, timeout=20)
        assert len(answer.content) < 1_000_000 and other.longest < 0.5 * PATIENCE


def test_line_breaks_forge_no_log_lines(own: HubProcess) -> None:
    requests.post(
        own.url + "/api/stations/status", json={"station": "a\n2026-01-01 00:00:00 ERROR   forged: one"}, timeout=10
    )
    requests.post(
        own.url + "/api/captures",
        json={"station": "b\n2026-01-01 00:00:00 ERROR   forged: two", "tag": "T\nforged"},
        timeout=10,
    )
    requests.get(own.url + "/x%0a2026-01-01 00:00:00 ERROR   forged: three", headers={"Host": "evil.test"}, timeout=10)
    requests.post(own.url + "/api/detection", json=g4(aicamera_id="c\nforged: four"), timeout=10)
    lines = (own.instance / "hub.log").read_text("utf-8").splitlines()
    assert not [line for line in lines if "forged" in line and not line.startswith("20")]
    assert not [line for line in lines if line.startswith("2026-01-01 00:00:00")]
