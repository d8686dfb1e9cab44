"""Alerts stay alarms until somebody has seen them: who and when is kept, the first one counts."""

from __future__ import annotations

from pathlib import Path

from hub import close, create_app
from hub.alerts.alert import loaded
from hub.alerts.book import AlertBook
from hub.alerts.service import AlertService
from hub.alerts.unseen import SHOWN
from hub.contract.alerts import AlertKind
from hub.settings.file import load
from tests.hub.alerts.test_alerts import alerts, capture, detection, hub_of, step


def unseen(client) -> dict:
    answer = client.get("/api/alerts/unseen")
    assert answer.status_code == 200, answer.text
    return answer.json


def acknowledge(client, alert_id: str) -> dict:
    answer = client.post(f"/api/alerts/{alert_id}/acknowledge")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_alarm_stays_until_it_was_seen(tmp_path: Path) -> None:
    settings = load(tmp_path, {}, {})
    app = create_app(settings)
    client = app.test_client()
    client.post("/api/watchlist", json={"plate": "AB 123"})
    step(app)
    detection(client)
    step(app)
    close(app)
    app = create_app(settings)
    client = app.test_client()
    [hit] = unseen(client)["alarms"]
    assert (hit["kind"], hit["acknowledged_at"], hit["acknowledged_by"]) == ("watchlist_hit", None, None)
    answer = acknowledge(client, hit["id"])
    assert answer["acknowledged"] == 1 and answer["alert"]["acknowledged_by"] == "this machine"
    again = acknowledge(client, hit["id"])
    assert again["acknowledged"] == 0 and again["alert"] == answer["alert"]
    assert unseen(client)["count"] == 0
    assert [row["acknowledged_by"] for row in alerts(client, acknowledged="true")] == ["this machine"]
    assert alerts(client, acknowledged="false") == []
    assert [row["action"] for row in client.get("/api/audit?what=alert").json["audit"]] == ["alert.acknowledge"]
    close(app)


def test_an_alert_that_is_not_there(client) -> None:
    answer = client.post("/api/alerts/none/acknowledge")
    assert answer.status_code == 404 and "no alert" in answer.json["message"]
    assert client.post("/api/alerts/acknowledge", json={"until": "soon"}).status_code == 400


def test_failed_captures_of_a_station_are_one_alarm(app, client) -> None:
    step(app)
    for number in range(3):
        capture(client, number)
        step(app)
    [failed] = unseen(client)["alarms"]
    assert (failed["kind"], failed["count"]) == ("capture_failed", 3)
    acknowledge(client, failed["id"])
    assert unseen(client)["alarms"] == []
    capture(client, 9)  # another vehicle
    step(app)
    [other] = unseen(client)["alarms"]
    assert other["id"] != failed["id"] and other["count"] == 1


def test_a_vehicle_that_stands_there_is_no_new_alarm(app, client) -> None:
    client.post("/api/watchlist", json={"plate": "AB 123"})
    step(app)
    detection(client, number=1)
    step(app)
    acknowledge(client, unseen(client)["alarms"][0]["id"])
    detection(client, number=2)
    step(app)
    assert unseen(client)["count"] == 0
    assert alerts(client)[0]["count"] == 2 and alerts(client)[0]["acknowledged_by"] == "this machine"


def test_pages_get_a_few_and_are_told_how_many_there_are(app, client) -> None:
    service = hub_of(app).part(AlertService)
    for number in range(SHOWN + 4):
        service.raise_alert(AlertKind.CAMERA_OFFLINE, f"cam-{number}", f"The camera cam-{number} is offline.")
    step(app)
    service.clear_alert(AlertKind.CAMERA_OFFLINE, f"cam-{SHOWN + 3}", "It is online again.")
    step(app)
    found = unseen(client)
    assert (found["count"], len(found["alarms"]), found["is_exact"]) == (SHOWN + 4, SHOWN, True)
    assert {alarm["state"] for alarm in found["alarms"]} == {"raised"}, "what is over comes last"
    newest = max(alarm["last_at"] for alarm in alerts(client))
    answer = client.post("/api/alerts/acknowledge", json={"until": newest})
    assert answer.json["acknowledged"] == SHOWN + 4
    assert unseen(client)["count"] == 0
    service.clear_alert(AlertKind.CAMERA_OFFLINE, "cam-0", "The camera cam-0 is online again.")
    step(app)
    assert unseen(client)["count"] == 0, "its end is no news to those who have seen it"


def test_the_end_of_an_alert_keeps_who_has_seen_it() -> None:
    book = AlertBook(300.0)
    book.raise_(AlertKind.CAMERA_OFFLINE, "cam-1", "The camera cam-1 is offline.")
    [row] = book.unsaved()[0]
    book.saved([row], 1)
    book.acknowledged({row["id"]}, 5.0, "Ann")
    book.clear(AlertKind.CAMERA_OFFLINE, "cam-1")
    [cleared], [(message, shown)] = book.unsaved()
    assert (cleared["acknowledged_at"], cleared["acknowledged_by"]) == (5.0, "Ann")
    assert shown["acknowledged_by"] == "Ann" and "acknowledged_by" not in message["body"]
    assert loaded(cleared).acknowledged_by == "Ann"
