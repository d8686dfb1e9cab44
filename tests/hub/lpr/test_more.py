"""Cameras' health, the watchlist, device registration, old reports, packs (docs/wire/lpr.md 1.1, 1.7)."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from hub.contract.plates import fold_plate, normalise_plate
from hub.lpr.cameras import Cameras
from hub.store.packs import PackStore
from hub.store.retention import DAY, delete_expired
from hub.store.writer import Transaction
from tests.support.helpers import HubProcess
from tests.support.lpr import PICTURE, g4, g4_health, post, records


def test_the_state_of_a_camera_is_the_worst_of_its_newest_components(hub: HubProcess) -> None:
    def health(component: str, status: str, moment: str) -> None:
        assert (
            post(
                hub, "/api/statistics", g4_health(aicamera_id="h", component=component, status=status, timestamp=moment)
            ).status_code
            == 200
        )

    def state() -> str:
        return next(row for row in hub.get("/api/cameras")["cameras"] if row["camera_id"] == "h")["health_status"]

    health("Camera", "PASS", "2026-01-28T10:00:00")
    health("Disk Space", "FAIL", "2026-01-28T10:00:00")
    health("Storage Management", "PASS", "2026-01-28T10:00:02")
    assert state() == "error"
    health("Disk Space", "PASS", "2026-01-28T09:00:00")  # from a backlog: older than what is known
    assert state() == "error"
    health("Disk Space", "PASS", "2026-01-28T11:00:00")
    health("Camera", "WARNING", "2026-01-28T11:00:00")
    assert state() == "warning"


def test_unknown_statuses_are_kept_and_named(hub: HubProcess) -> None:
    told = post(hub, "/api/health", g4_health(aicamera_id="odd", status="PURPLE")).json()
    assert len(told["warnings"]) == 1 and "PURPLE" in told["warnings"][0]
    assert hub.get("/api/health", camera="odd")["health"][0]["status"] == "PURPLE"


def test_watchlist(hub: HubProcess) -> None:
    url = f"{hub.url}/api/watchlist"
    entry = requests.post(url, json={"plate": "WL B0S", "action": "deny", "reason": "stolen"}, timeout=5)
    assert entry.status_code == 201
    entry_id = entry.json()["id"]
    assert requests.post(url, json={"plate": "wl-b0s"}, timeout=5).status_code == 409
    exact = post(hub, "/api/detection", g4(aicamera_id="w", ocr_results=["WL-B0S"], plate_detections=[])).json()
    similar = post(hub, "/api/detection", g4(aicamera_id="w", ocr_results=["WL 8OS"], plate_detections=[])).json()
    other = post(hub, "/api/detection", g4(aicamera_id="w", ocr_results=["WL B0X"], plate_detections=[])).json()
    marked = {row["detection_id"]: row["watchlist"] for row in records(hub, camera="w")["records"]}
    assert marked[other["detection_id"]] == []
    assert marked[exact["detection_id"]][0]["exact"] is True
    hit = marked[similar["detection_id"]][0]
    assert (hit["exact"], hit["action"], hit["reason"], hit["read"]) == (False, "deny", "stolen", "WL 8OS")
    assert hit["differences"] == [
        {"position": 2, "read": "8", "listed": "B"},
        {"position": 3, "read": "O", "listed": "0"},
    ]
    assert hub.get("/api/statistics")["data"]["blacklist_count"] == 1
    changed = requests.put(f"{url}/{entry_id}", json={"match": "exact", "note": "blue van"}, timeout=5).json()["entry"]
    assert (changed["match"], changed["note"], changed["reason"]) == ("exact", "blue van", "stolen")
    post(hub, "/api/detection", g4(aicamera_id="w2", ocr_results=["WL 8OS"], plate_detections=[]))
    assert records(hub, camera="w2")["records"][0]["watchlist"] == []
    requests.put(f"{url}/{entry_id}", json={"expires_at": "2020-01-01T00:00:00Z"}, timeout=5)
    post(hub, "/api/detection", g4(aicamera_id="w3", ocr_results=["WLB0S"], plate_detections=[]))
    assert records(hub, camera="w3")["records"][0]["watchlist"] == []
    assert requests.delete(f"{url}/{entry_id}", timeout=5).status_code == 200
    assert requests.get(f"{url}/{entry_id}", timeout=5).status_code == 404
    for bad in (
        {},
        {"plate": "--"},
        {"plate": "X1", "action": "maybe"},
        {"plate": "X1", "expires_at": "soon"},
        {"plate": ["X1"]},
        {"plate": "X" * 500},
    ):
        answer = requests.post(url, json=bad, timeout=5)
        assert answer.status_code == 400 and answer.json()["errors"], bad


@pytest.mark.parametrize(
    ("text", "plain"),
    [("กข 1234", "กข1234"), ("ab-12.3", "AB123"), ("۱۲ب۳۴۵", "12ب345"), ("ＡＢ１", "AB1"), (" - ", "")],
)
def test_plates_are_normalised(text: str, plain: str) -> None:
    assert normalise_plate(text) == plain


def test_look_alikes() -> None:
    assert fold_plate("O0I1B8S5Z2") == "0011885522"


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


def test_silence_makes_a_camera_offline(app) -> None:
    parts = app.extensions["gatehouse"]
    clock = [1_800_000_000.0]
    told = []
    parts.bus.subscribe("camera status", lambda status: told.append((status["camera_id"], status["status"])))
    cameras = Cameras(parts.writer, parts.reader, parts.bus, None, 900, now=lambda: clock[0])
    cameras.seen("quiet", "c", "rest", "10.0.0.1")
    clock[0] += 899
    cameras.watch()
    assert told == [("quiet", "online")]
    clock[0] += 2
    cameras.watch()
    cameras.seen("quiet", "c", "rest", "10.0.0.1")
    assert told == [("quiet", "online"), ("quiet", "offline"), ("quiet", "online")]


def test_old_health_reports_go_and_the_newest_state_stays(app, client) -> None:
    parts = app.extensions["gatehouse"]
    for _ in range(3):
        client.post("/api/health", json=g4_health(), headers={"Host": "localhost"})
    later = parts.started + 31 * DAY
    assert delete_expired(parts.writer, "lpr_health", 30, now=lambda: later) == 3
    assert client.get("/api/health").json["health"] == []
    assert client.get("/api/cameras").json["cameras"][0]["health_status"] == "ok"


class _Commit:
    """A transaction's hooks without a database."""

    def __init__(self) -> None:
        self.transaction = Transaction(None)  # type: ignore[arg-type]

    def commit(self) -> None:
        for finish in self.transaction.before_commit.values():
            finish()

    def fail(self) -> None:
        for step in self.transaction.on_failure:
            step()


def test_packs_survive_failed_commits_and_torn_tails(tmp_path: Path) -> None:
    packs = PackStore(tmp_path / "pictures", max_bytes=2000)
    packs.prepare()
    good, bad = _Commit(), _Commit()
    first = packs.put_all(good.transaction, [(PICTURE, ".jpg")])[0]
    good.commit()
    lost = packs.put_all(bad.transaction, [(PICTURE + b"x", ".jpg")])[0]
    bad.fail()
    assert packs.read(first) == (PICTURE, "image/jpeg") and packs.read(lost) is None
    packs.close()
    with open(packs.path(1), "ab") as torn:
        torn.write(b"half a picture")
    again = PackStore(tmp_path / "pictures", max_bytes=2000)
    again.prepare()
    commit = _Commit()
    names = [again.put_all(commit.transaction, [(PICTURE + bytes([number]), ".jpg")])[0] for number in range(10)]
    commit.commit()
    assert again.read(first) == (PICTURE, "image/jpeg")
    assert [again.read(name)[0][-1] for name in names] == list(range(10))
    many = _Commit()
    assert again.put_all(many.transaction, [(PICTURE, ".jpg")])[0].startswith("k000002-")
    many.commit()
    os.unlink(again.path(1))
    assert again.read(first) is None
    for hostile in ("../hub.db", "k000001-0-00000000.jpg", "k" * 500, "k000002-0-00000000.bin", ""):
        assert again.read(hostile) is None
    again.close()


def test_a_full_queue_is_503_with_retry_after(app, client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions["gatehouse"].writer, "_limit", 0)
    answer = client.post("/api/statistics", json=g4())
    assert answer.status_code == 503 and answer.headers["Retry-After"] and answer.json["success"] is False


def test_the_tallies_are_what_counting_would_give(hub: HubProcess) -> None:
    """Many senders at once, duplicates among them."""
    bodies = [
        g4(aicamera_id=f"t{number % 3}", ocr_results=[f"TT {number % 4}", f"TT {number % 4}"], plate_detections=[])
        for number in range(60)
    ]
    with ThreadPoolExecutor(12) as pool:
        assert all(
            answer.status_code == 200
            for answer in pool.map(lambda body: post(hub, "/api/statistics", body), bodies * 2)
        )
    connection = sqlite3.connect(hub.instance / "hub.db")
    try:
        for kind, counted in (
            ("detections", "SELECT '', COUNT(*) FROM lpr_records"),
            ("camera", "SELECT camera_id, COUNT(*) FROM lpr_records GROUP BY 1"),
            ("checkpoint", "SELECT checkpoint_id, COUNT(*) FROM lpr_records GROUP BY 1"),
            ("health", "SELECT '', COUNT(*) FROM lpr_health"),
            ("plate", "SELECT plate, COUNT(DISTINCT record_seq) FROM lpr_plates GROUP BY 1"),
        ):
            assert dict(connection.execute("SELECT key, count FROM lpr_tallies WHERE kind = ?", (kind,))) == dict(
                connection.execute(counted)
            ), kind
    finally:
        connection.close()
    assert records(hub, camera="t1")["total_count"] == 20


@pytest.mark.parametrize("how", ["writev", "part of it", "no writev"])
def test_many_pictures_are_appended_at_once_however_the_system_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "no writev":
        monkeypatch.delattr(os, "writev", raising=False)
    elif not hasattr(os, "writev"):
        pytest.skip("This system has no writev.")
    elif how == "part of it":
        whole = os.writev
        monkeypatch.setattr(os, "writev", lambda handle, parts: whole(handle, parts[:1] + [parts[1][:100]]))
    packs = PackStore(tmp_path)
    packs.prepare()
    commit = _Commit()
    pictures = [(PICTURE + bytes([number % 256]) * (number * 37 % 9000), ".jpg") for number in range(1200)] + [
        (PICTURE + bytes(300_000), ".jpg")
    ]
    names = packs.put_all(commit.transaction, pictures)
    commit.commit()
    assert [packs.read(name) for name in names] == [(data, "image/jpeg") for data, _ in pictures]
    assert packs.put_all(commit.transaction, []) == []
    packs.close()
