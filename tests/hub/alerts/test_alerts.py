"""Alerts of a hub: found in stored records exactly once, listed in pages, shown on open pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
import websocket

from hub import close, create_app
from hub.alerts.service import AlertService
from hub.contract.alerts import AlertKind
from hub.live.events import BACKUP_ENDED, BackupEnded
from hub.settings.file import load
from hub.store.sqlite.backend import SqliteBackend
from tests.support.helpers import capture_result, wait_for

LISTED = "AB 123"


def hub_of(app):
    return app.extensions["gatehouse"]


def step(app) -> None:
    """Look for alerts once, as the greenlet does every two seconds."""
    hub = hub_of(app)
    hub.part(AlertService).step(hub.device_states, hub.conditions)


def alerts(client, **query) -> list[dict]:
    answer = client.get("/api/alerts", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json["alerts"]


def detection(client, plate: str = LISTED, camera: str = "gate-1", number: int = 0) -> None:
    body = {"camera_id": camera, "ocr_results": [{"text": plate, "confidence": 0.9}], "event_id": f"d{number}"}
    assert client.post("/api/detection", json=body).status_code == 200


def capture(client, number: int, success: bool = False, station: str = "north") -> None:
    fields = {"number": "", "message": "Label unreadable"} if not success else {}
    body = capture_result(event_id=f"c{number}", station=station, success=success, **fields)
    assert client.post("/api/captures", json=body).status_code == 201


def test_a_listed_plate_and_a_failed_capture_are_alerts(app, client) -> None:
    for plate, action in ((LISTED, "deny"), ("OK 1", "allow")):
        client.post("/api/watchlist", json={"plate": plate, "action": action, "reason": "Unpaid"})
    step(app)
    detection(client, number=1)
    detection(client, "OK 1", number=2)
    detection(client, "XX 9", number=3)
    capture(client, 1, success=True)
    capture(client, 2)
    step(app)
    failed, hit = alerts(client)
    assert (hit["kind"], hit["state"], hit["details"]["plate"], hit["details"]["camera_id"]) == (
        "watchlist_hit",
        "reported",
        LISTED,
        "gate-1",
    )
    assert "Unpaid" in hit["sentence"] and "gate-1" in hit["sentence"]
    assert (failed["kind"], failed["subject"]) == ("capture_failed", "north")
    assert "Label unreadable" in failed["sentence"]
    assert [row["kind"] for row in alerts(client, kind="watchlist_hit")] == ["watchlist_hit"]


def test_all_listed_plates_are_alerts_where_the_settings_say_so(tmp_path: Path) -> None:
    app = create_app(load(tmp_path, {}, {"HUB_ALERTS_WATCHLIST": "all"}))
    client = app.test_client()
    client.post("/api/watchlist", json={"plate": LISTED, "action": "allow"})
    step(app)
    detection(client)
    step(app)
    assert [row["details"]["action"] for row in alerts(client)] == ["allow"]
    close(app)


def test_a_vehicle_that_stands_at_the_camera_is_one_alert(app, client) -> None:
    client.post("/api/watchlist", json={"plate": LISTED})
    step(app)
    for number in range(5):
        detection(client, number=number)
        step(app)
    [hit] = alerts(client)
    assert hit["count"] == 5
    detection(client, camera="gate-2", number=9)
    step(app)
    assert len(alerts(client)) == 2


def test_records_of_the_moment_before_a_crash_are_alerts_once_after_it(tmp_path: Path) -> None:
    """The greenlet of alerts never runs in the hubs that "crash": their records are stored, and nothing else is."""
    settings = load(tmp_path, {}, {})
    app = create_app(settings)
    app.test_client().post("/api/watchlist", json={"plate": LISTED})
    step(app)
    close(app)
    for run in range(2):
        app = create_app(settings)
        hub_of(app).part(AlertService).step = lambda *_: None  # a crash comes before it looks
        hub_of(app).part(AlertService).close = lambda: None
        detection(app.test_client(), camera=f"gate-{run}", number=run)
        capture(app.test_client(), run, station=f"station-{run}")
        close(app)
    for _ in range(3):
        app = create_app(settings)
        step(app)
        found = sorted((row["kind"], row["subject"], row["count"]) for row in alerts(app.test_client()))
        close(app)
        assert found == [
            ("capture_failed", "station-0", 1),
            ("capture_failed", "station-1", 1),
            ("watchlist_hit", "AB 123 at gate-0", 1),
            ("watchlist_hit", "AB 123 at gate-1", 1),
        ]


def test_records_from_before_there_were_alerts_are_none(tmp_path: Path) -> None:
    settings = load(tmp_path, {}, {})
    app = create_app(settings)
    capture(app.test_client(), 1)
    close(app)
    connection = SqliteBackend(settings.database_path).connect()
    for table in ("feed_positions", "alerts", "alert_messages"):
        connection.execute(f"DELETE FROM {table}")
    connection.close()
    app = create_app(settings)
    step(app)
    assert alerts(app.test_client()) == []
    close(app)


def test_any_part_raises_and_clears_alerts(app, client) -> None:
    service = hub_of(app).alerts
    service.raise_alert(AlertKind.BACKUP_FAILED, "nightly", "The backup failed. Make room.", {"file": "/backups/1"})
    step(app)
    [row] = alerts(client, state="raised")
    assert (row["kind"], row["details"]) == ("backup_failed", {"file": "/backups/1"})
    service.clear_alert(AlertKind.BACKUP_FAILED, "nightly", "The backup of tonight is whole.")
    step(app)
    assert alerts(client, state="raised") == []
    [row] = alerts(client)
    assert row["state"] == "cleared" and row["cleared_at"] and row["sentence"] == "The backup of tonight is whole."


def test_alerts_come_in_pages(app, client) -> None:
    for number in range(7):
        hub_of(app).alerts.report(AlertKind.TEST, f"number {number}", "A test.")
    step(app)
    subjects, cursor = [], ""
    while cursor is not None:
        page = client.get("/api/alerts", query_string={"limit": 3, "cursor": cursor}).json
        subjects += [row["subject"] for row in page["alerts"]]
        cursor = page["next_cursor"]
    assert subjects == [f"number {number}" for number in reversed(range(7))]


@pytest.mark.parametrize("query", [{"kind": "nonsense"}, {"state": "open"}, {"from": "soon"}, {"cursor": "x"}])
def test_a_query_that_cannot_be_read_is_refused_with_what_is_expected(shared_client, query) -> None:
    answer = shared_client.get("/api/alerts", query_string=query)
    assert answer.status_code == 400 and answer.json["errors"]


def test_rows_that_cannot_be_read_stop_neither_the_start_nor_the_list(tmp_path: Path) -> None:
    settings = load(tmp_path, {}, {})
    app = create_app(settings)
    for number in range(3):
        hub_of(app).alerts.raise_alert(AlertKind.BACKUP_FAILED, f"{number}", "It failed.")
    step(app)
    close(app)
    connection = SqliteBackend(settings.database_path).connect()
    connection.execute("UPDATE alerts SET details = 'no json' WHERE subject = '0'")
    connection.execute("UPDATE alerts SET count = 'many' WHERE subject = '1'")
    connection.execute("UPDATE alert_messages SET body = '{' WHERE seq = 2")
    connection.execute("UPDATE feed_positions SET seq = 'far'")
    connection.close()
    app = create_app(settings)
    step(app)
    assert [row["subject"] for row in alerts(app.test_client())] == ["2"]
    assert [item.body["subject"] for item in hub_of(app).feeds["alerts"].after(0, 10).items] == ["0", "2"]
    close(app)


@pytest.mark.slow
def test_an_open_page_sees_an_alert(hub) -> None:
    page = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=10)
    assert requests.post(f"{hub.url}/api/alerts/test", timeout=10).status_code == 202
    message = json.loads(page.recv())
    page.close()
    assert message["event"] == "hub_alert"
    assert message["hub_alert"]["kind"] == "test" and message["hub_alert"]["state"] == "reported"
    wait_for(lambda: hub.get("/api/alerts")["alerts"], what="the alert's being listed")


def test_a_failed_backup_is_an_alert_until_one_is_whole(app, client) -> None:
    bus = hub_of(app).bus
    bus.publish(BACKUP_ENDED, BackupEnded(False, "The disk is full; make room.", "schedule", ""))
    step(app)
    (raised,) = alerts(client, kind="backup_failed")
    assert raised["state"] == "raised" and raised["sentence"] == "The disk is full; make room."
    bus.publish(BACKUP_ENDED, BackupEnded(True, "All is in it.", "schedule", "x.tar"))
    step(app)
    assert alerts(client, kind="backup_failed")[0]["state"] == "cleared"
