"""One owner of an instance folder, and a start over whatever lies in it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.support.helpers import SIDE_PORTS, HubProcess, free_ports, run_app, wait_for
from tests.support.lpr import PICTURE_TEXT, g4, g4_health


@pytest.mark.slow
def test_a_second_hub_ends_with_a_sentence_that_names_the_first(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        changing = (".db-wal", ".db-shm", ".log")
        before = {path: path.stat().st_mtime_ns for path in hub.instance.rglob("*") if path.suffix not in changing}
        ports = dict.fromkeys(SIDE_PORTS, "0")
        second = run_app("--instance", hub.instance, "--port", free_ports(1)[0], **ports)
        assert second.returncode == 1 and "Traceback" not in second.stderr
        told = second.stderr
        assert str(hub.process.pid) in told and str(hub.port) in told and "since 20" in told and "--instance" in told
        assert before == {path: path.stat().st_mtime_ns for path in before}
        assert "second hub" not in (hub.instance / "hub.log").read_text("utf-8")
        assert hub.get("/api/test")["success"] is True
        hub.kill()
        hub.start()
        assert hub.get("/api/test")["success"] is True


# Each group is one start of a hub over a copy of a filled folder; the second row of every table stays as it is.
POISON = {
    "not JSON": {
        "stations": "status = 'no json'",
        "lpr_components": "details = 'no json'",
        "lpr_records": "body = 'no json'",
        "lpr_health": "details = 'no json', warnings = 'x'",
        "device_registrations": "fields = 'no json'",
        "captures": "tags = 'no json', errors = 'x', warnings = '{'",
        "tag_readings": "payload = 'no json'",
    },
    "other JSON": {
        "stations": 'status = \'{"station": ""}\'',
        "lpr_records": "body = '{}'",
        "device_registrations": "fields = '[]'",
        "tag_readings": "payload = '[]'",
        "captures": "tags = '1', errors = '2'",
    },
    "lists and numbers": {
        "stations": "status = '[]'",
        "lpr_plates": "box = 'no json'",
        "device_registrations": "fields = '1'",
    },
    "other types": {
        "stations": "seen_at = 'x'",
        "lpr_cameras": "last_seen = 'x'",
        "lpr_tallies": "count = 'x'",
        "lpr_records": "received_at = 'x'",
        "lpr_health": "received_at = 'x'",
        "captures": "received_at = 'x'",
        "tag_readings": "received_at = 'x'",
        "vehicles": "created_at = 'x'",
        "vehicle_identifiers": "text = x'00'",
        "device_registrations": "last_seen = 'x'",
    },
    "impossible times": {
        "stations": "seen_at = -1e300",
        "lpr_cameras": "registered_at = 1e300",
        "lpr_components": "occurred_at = 1e300",
        "lpr_records": "body = '[]', occurred_at = 1e300",
        "lpr_health": "occurred_at = 9e999",
        "captures": "received_at = 1e300",
        "tag_readings": "received_at = 1e300",
        "vehicles": "valid_until = 1e300, match = x'00', name = x'00'",
        "device_registrations": "registered_at = 1e300",
    },
    "deep JSON": {
        "lpr_components": f"details = '{'[' * 252}{']' * 252}'",
        "lpr_records": f"body = json_set(body, '$.ocr_results', json('{'[' * 252}{']' * 252}'))",
        "lpr_health": f"details = '{'[' * 252}{']' * 252}'",
        "device_registrations": f"fields = json_set(fields, '$.sent', json('{{\"metadata\":{'[' * 248}{']' * 248}}}'))",
        "tag_readings": f"payload = '{{\"x\":{'[' * 252}{']' * 252}}}'",
    },
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder with two of everything."""
    folder = tmp_path_factory.mktemp("filled") / "instance"
    with HubProcess(folder) as hub:
        for number in range(2):
            requests.post(hub.url + "/api/stations/status", json={"station": f"scale {number}"}, timeout=10)
            requests.post(
                hub.url + "/api/captures",
                json={"tag": f"T{number}", "timestamp": "2026-01-28T10:50:00", "tags": ["A"]},
                timeout=10,
            )
            requests.post(hub.url + "/api/detection", json=g4(aicamera_id=f"c{number}", image=PICTURE_TEXT), timeout=10)
            requests.post(hub.url + "/api/health", json=g4_health(aicamera_id=f"c{number}"), timeout=10)
            requests.post(hub.url + "/api/watchlist", json={"plate": f"ABC{number}"}, timeout=10)
            requests.post(hub.url + "/device-registration/register", json={"serial_number": f"s{number}"}, timeout=10)
            token = (folder / "apriltag_token").read_text().strip()
            requests.post(hub.url + "/apriltag", json={"tag_id": number}, headers={"Authorization": token}, timeout=10)
        wait_for(lambda: hub.get("/status")["apriltag"]["stored"] == 2)
    return folder


ROWS = {
    "/api/stations",
    "/api/cameras",
    "/api/records",
    "/api/health",
    "/api/captures",
    "/api/devices",
    "/api/watchlist",
    "/api/vehicles",
    "/api/apriltags",
}
LISTS = (
    "/status",
    "/api/stations",
    "/api/cameras",
    "/api/records",
    "/api/health",
    "/api/captures",
    "/api/devices",
    "/api/watchlist",
    "/api/vehicles",
    "/api/apriltags",
    "/api/statistics",
    "/api/records?images=base64",
)


@pytest.mark.slow
@pytest.mark.parametrize("group", POISON)
def test_nothing_stored_stops_a_start_or_a_list(filled: Path, tmp_path: Path, group: str) -> None:
    folder = tmp_path / "instance"
    shutil.copytree(filled, folder)
    poison = POISON[group]
    before = _spoil(folder, poison)
    with HubProcess(folder) as hub:
        for path in LISTS:
            answer = requests.get(hub.url + path, headers={"Accept": "application/json"}, timeout=10)
            assert answer.status_code == 200, (path, answer.text[:300])
            assert len(_listed(answer.json())) >= (path in ROWS), (path, answer.text[:300])
        assert requests.post(hub.url + "/api/detection", json=g4(), timeout=10).status_code == 200
        status = hub.get("/status")
        assert set(status["unreadable_rows"]) == set(poison)
        for table in poison:
            assert any(f"of {table} cannot be read" in text for text in status["warnings"])
        log = (hub.instance / "hub.log").read_text("utf-8")
        assert "Traceback" not in log, log[-3000:]
        assert all(log.count(f" of {table} cannot be read") == status["unreadable_rows"][table] for table in poison)
    with sqlite3.connect(folder / "hub.db") as connection:
        for table, rows in before.items():
            assert rows <= set(connection.execute(f"SELECT * FROM {table}")), f"{table}: nothing is changed or deleted"


@pytest.mark.slow
@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0,
    reason="A full disk is made by mounting a small one, which needs root on Linux.",
)
@pytest.mark.parametrize("started_before", [True, False])
def test_a_full_disk_lets_the_hub_start_and_read(filled: Path, tmp_path: Path, started_before: bool) -> None:
    """`started_before`: whether the folder has the file that is written over in place at every start."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("This machine does not let a test mount a small disk.")
    try:
        shutil.copytree(filled, small / "instance")
        if not started_before:
            (small / "instance" / "hub.ready.part").unlink()
        with (small / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while filler.write(b"x" * 4096):
                pass
        hub = HubProcess(small / "instance", HUB_STORE_WARN_FREE_MB="0", HUB_STORE_RESERVE_MB="0")
        hub.output = tmp_path / "output.txt"
        if not started_before:
            hub._ready = lambda: "Stop with Ctrl-C" in hub.text()
        with hub:
            _reads_and_says_that_the_disk_is_full(hub)
            if not started_before:
                wait_for(lambda: "hub.ready.json cannot be written" in hub.text(), what="the sentence on the screen")
            before = {path.name: path.stat().st_size for path in hub.instance.rglob("*") if path.is_file()}
            answer = requests.post(hub.url + "/api/detection", json=g4(image=PICTURE_TEXT * 20), timeout=20)
            assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1
            body = {"tag": "T", "primary_image": PICTURE_TEXT}
            assert requests.post(hub.url + "/api/captures", json=body, timeout=20).status_code == 503
            left = {path.name: path.stat().st_size for path in hub.instance.rglob("*.pack")}
            assert all(size == before.get(name, 0) for name, size in left.items()), "nothing half-written stays"
            assert not list((hub.instance / "images").rglob("*.part"))
            (small / "filler").unlink()
            wait_for(lambda: hub.get("/status")["warnings"] == [], 15, "the end of the warning")
            assert requests.post(hub.url + "/api/detection", json=g4(image=PICTURE_TEXT), timeout=20).status_code == 200
            wait_for(lambda: (hub.instance / "hub.ready.json").exists(), what="the file once there is room")
            assert "Traceback" not in hub.text()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def _reads_and_says_that_the_disk_is_full(hub: HubProcess) -> None:
    assert hub.get("/api/captures")["captures"] and hub.get("/api/records")["records"]
    status = hub.get("/status")
    (warning,) = status["warnings"]
    assert warning.startswith("The disk of ") and " is full" in warning and "Free some space" in warning
    assert status["disk"]["full"] is True and status["disk"]["free_mb"] < 1
    ready = requests.get(f"{hub.url}/readyz", timeout=20)
    assert ready.status_code == 503 and ready.json()["checks"]["disk"] == warning
    assert requests.get(f"{hub.url}/healthz", timeout=20).status_code == 200
    assert "gatehouse_disk_full 1.0" in requests.get(f"{hub.url}/metrics", timeout=20).text


def _spoil(folder: Path, poison: dict[str, str]) -> dict[str, set[tuple[object, ...]]]:
    """Spoil the first row of each table (the counters of cameras); the rows that are spoilt."""
    spoilt = {}
    with sqlite3.connect(folder / "hub.db") as connection:
        for table, change in poison.items():
            where = "kind = 'camera'" if table == "lpr_tallies" else "rowid = (SELECT min(rowid) FROM " + table + ")"
            assert connection.execute(f"UPDATE {table} SET {change} WHERE {where}").rowcount
            spoilt[table] = set(connection.execute(f"SELECT * FROM {table} WHERE {where}"))
    connection.close()
    return spoilt


def _listed(body: dict[str, object]) -> list[object]:
    return next((value for key, value in body.items() if isinstance(value, list) and key != "warnings"), [])
