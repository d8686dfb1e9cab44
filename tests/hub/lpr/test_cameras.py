"""Cameras: state and health, old reports, a full queue, counters beside the records that they count."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.lpr.cameras import Cameras
from hub.lpr.repository.repositories import Repositories
from tests.support.helpers import HubProcess
from tests.support.lpr import g4, g4_health, post, records
from tests.support.retention import DAY, expire


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


def test_silence_makes_a_camera_offline(app) -> None:
    parts = app.extensions["gatehouse"]
    clock = [1_800_000_000.0]
    told = []
    parts.bus.subscribe("camera status", lambda status: told.append((status["camera_id"], status["status"])))
    cameras = Cameras(
        parts.writer,
        Repositories.create(parts.backend, parts.reader),
        parts.bus,
        None,
        900,
        now=lambda: clock[0],
        max_cameras=100,
        max_components=10,
    )
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
    assert expire(parts, "health", 30, now=lambda: later) == 3
    assert client.get("/api/health").json["health"] == []
    assert client.get("/api/cameras").json["cameras"][0]["health_status"] == "ok"


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
