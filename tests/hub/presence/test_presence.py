"""Vehicle presence of a real hub: from posted pictures to events, rooms, REST and the status page.

The vision process is tests/support/fake_vehicles.py, for which a red picture shows a car and a blue one none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
import socketio
import websocket

from tests.support.browser import browser, chromium
from tests.support.fake_vehicles import BLACK, BLUE, GREEN, RED
from tests.support.helpers import ROOT, HubProcess, jpeg, wait_for
from tests.support.trocr import gone

TOML = """
[presence]
per_second = 150

[[vehicles]]
camera = "gate-1"
per_second = 30
leave_seconds = 0.1
min_confidence = 0.5

[[vehicles]]
camera = "yard/2"
per_second = 30
unknown_seconds = 1
end_seconds = 2
arrive_pictures = 1

[[vehicles]]
camera = "corner"
per_second = 30
region = [0.0, 0.0, 0.4, 0.4]

[[vehicles]]
camera = "off"
enabled = false
"""


class PresenceHub(HubProcess):
    script = ROOT / "tests" / "support" / "presence_app.py"


def start(folder: Path, text: str) -> PresenceHub:
    hub = PresenceHub(folder / "instance")
    hub.instance.mkdir()
    (hub.instance / "hub.toml").write_text(text, "utf-8")
    return hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PresenceHub]:
    with start(tmp_path_factory.mktemp("presence"), TOML) as process:
        yield process


def camera(hub: HubProcess, name: str = "gate-1") -> dict:
    return hub.get(f"/api/presence/{name}")["presence"]


def post(hub: HubProcess, colour: tuple[int, int, int], name: str = "gate-1", count: int = 1) -> dict:
    """Post a picture `count` times, each when the one before was examined; the camera's row then."""
    row = camera(hub, name)
    for _ in range(count):
        before = row["examined"] + row["failed"]
        answer = requests.post(f"{hub.url}/api/cameras/{name}/frame", data=jpeg(colour=colour), timeout=10)
        assert answer.status_code == 200, answer.text
        row = wait_for(
            lambda before=before: (
                found if (found := camera(hub, name))["examined"] + found["failed"] > before else None
            ),
            what="the examination of the picture",
        )
    return row


def until_absent(hub: HubProcess, name: str = "gate-1") -> None:
    wait_for(lambda: post(hub, BLUE, name)["present"] is False, what="the departure")


def test_an_arrival_and_a_departure_reach_pages_rooms_and_programs(hub: PresenceHub) -> None:
    until_absent(hub)
    page = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=10)
    dashboard, heard = socketio.Client(reconnection=False), []
    dashboard.on("vehicle_presence", heard.append)
    dashboard.connect(hub.url, transports=["websocket"])
    try:
        dashboard.call("join_dashboard", timeout=10)
        assert post(hub, RED, count=2)["present"] is False
        row = post(hub, RED)
        arrived = json.loads(page.recv())
        until_absent(hub)
        left = json.loads(page.recv())
        wait_for(lambda: len(heard) == 2, what="both events in the room")
    finally:
        dashboard.disconnect()
        page.close()
    assert (row["present"], row["kind"], row["confidence"], row["box"]) == (True, "car", 0.6, [16, 12, 48, 36])
    assert (row["width"], row["height"], row["note"], row["error"]) == (64, 48, "", "")
    assert [arrived["event"], left["event"]] == ["presence", "presence"]
    assert arrived["presence"]["change"] == "arrived" and arrived["presence"]["arrival_seen"] is True
    assert arrived["presence"]["time"] == row["picture_at"] and arrived["presence"]["since"] == row["since"]
    assert left["presence"]["change"] == "left" and left["presence"]["reason"] == "not seen"
    assert left["presence"]["stay"] == arrived["presence"]["stay"] == row["stay"]
    assert heard == [arrived["presence"], left["presence"]]
    assert hub.get("/api/presence/gate-1", limit=2)["events"] == [left["presence"], arrived["presence"]]


def test_every_camera_and_the_newest_events_are_listed(hub: PresenceHub) -> None:
    wait_for(lambda: post(hub, RED)["present"], what="the arrival")
    body = hub.get("/api/presence")
    assert body["success"] is True and [row["camera"] for row in body["cameras"]] == ["gate-1", "yard/2", "corner"]
    times = [event["time"] for event in body["events"]]
    assert body["events"][0]["change"] == "arrived" and times == sorted(times, reverse=True)
    one = hub.get("/api/presence", camera="gate-1", limit=1)
    assert [row["camera"] for row in one["cameras"]] == ["gate-1"] and one["events"] == body["events"][:1]
    until_absent(hub)
    row = camera(hub)
    assert (row["stay"], row["since"], row["kind"], row["box"]) == (None, None, None, None)
    assert row["examined"] > 0 and row["milliseconds"] > 0 and row["per_second"] > 0


@pytest.mark.parametrize("path", ["/api/presence/nobody", "/api/presence/off", "/api/presence?camera=nobody"])
def test_a_camera_that_is_not_watched(hub: PresenceHub, path: str) -> None:
    answer = requests.get(hub.url + path, timeout=10)
    assert answer.status_code == 404 and "[[vehicles]] of hub.toml" in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api/presence?limit=many", "/api/presence?camera=%00", "/api/presence/%00"])
def test_what_cannot_be_asked(hub: PresenceHub, path: str) -> None:
    answer = requests.get(hub.url + path, timeout=10)
    assert answer.status_code == 400 and answer.json()["success"] is False


def test_vehicles_elsewhere_in_the_picture_do_not_count(hub: PresenceHub) -> None:
    row = post(hub, RED, "corner", count=4)
    assert (row["present"], row["examined"], row["stay"]) == (False, 4, None)


def test_a_picture_that_cannot_be_examined_changes_nothing(hub: PresenceHub) -> None:
    wait_for(lambda: post(hub, RED)["present"], what="the arrival")
    before = camera(hub)
    row = post(hub, GREEN)
    assert (row["present"], row["stay"]) == (True, before["stay"])
    assert (row["failed"], row["error"]) == (before["failed"] + 1, "This picture cannot be used.")
    assert "No vehicle was looked for in a picture of the camera gate-1: This picture cannot be used." in hub.text()
    assert post(hub, RED)["error"] == ""


def test_pictures_that_stop_make_it_unknown_and_end_the_stay(hub: PresenceHub) -> None:
    assert camera(hub, "yard/2")["note"] == "no picture of it has come yet; compare its id with /api/frames."
    post(hub, BLUE, "yard/2")
    stay = post(hub, RED, "yard/2")["stay"]
    row = wait_for(lambda: found if (found := camera(hub, "yard/2"))["present"] is None else None, what="unknown")
    assert row["stay"] == stay and row["kind"] == "car" and row["note"].startswith("its last picture came ")
    warning = "It is unknown whether a vehicle is at the camera yard/2: its last picture came "
    assert any(text.startswith(warning) for text in hub.get("/status")["warnings"])
    event = wait_for(
        lambda: found[0] if (found := hub.get("/api/presence/yard/2")["events"])[0]["change"] == "left" else None,
        what="the end of the stay",
    )
    assert (event["stay"], event["reason"]) == (stay, "not watched")
    row = post(hub, RED, "yard/2")
    assert row["present"] is True and hub.get("/api/presence/yard/2")["events"][0]["arrival_seen"] is False


def test_a_process_that_dies_changes_nothing_and_comes_back(hub: PresenceHub) -> None:
    wait_for(lambda: post(hub, RED)["present"], what="the arrival")
    before, events = camera(hub), hub.get("/api/presence/gate-1")["events"]
    row = post(hub, BLACK)
    assert (row["present"], row["stay"]) == (True, before["stay"])
    assert row["failed"] == before["failed"] + 1 and "ended while it looked" in row["error"]
    row = post(hub, RED)
    assert row["error"] == "" and row["stay"] == before["stay"]
    assert hub.get("/api/presence/gate-1")["events"] == events
    assert hub.get("/status")["presence"]["vision"]["restarts"] >= 1
    assert "until then no vehicles are looked for" in hub.text()


@pytest.mark.slow
@pytest.mark.skipif(
    chromium() is None, reason="The page is tried in Chromium, which is not installed (apt-get install chromium)."
)
def test_the_status_page_lists_cameras(hub: PresenceHub, tmp_path: Path) -> None:
    wait_for(lambda: post(hub, RED)["present"], what="the arrival")
    with browser(tmp_path) as page:
        page.open(f"{hub.url}/status")
        wait_for(lambda: page.value("document.querySelectorAll('#presence tr').length") == 4, what="the table")
        rows = page.value("[...document.querySelectorAll('#presence tr')].map((row) => row.textContent)")
        assert rows[1].startswith("gate-1car since ")
        assert page.value("document.getElementById('presence-part').hidden") is False
        assert "Vision process: ready" in page.value("document.getElementById('presence-vision').textContent")
        assert page.complaints == []


def test_nothing_runs_where_no_camera_is_named(app: object, client: object) -> None:
    assert client.get("/api/presence").json == {"success": True, "cameras": [], "events": []}
    assert client.get("/api/presence/gate-1").status_code == 404
    status = client.get("/status").json
    assert status["presence"]["cameras"] == [] and status["presence"]["vision"]["state"] == "off"
    watching = ("vehicle presence", "vehicles of camera")
    assert not any(task["name"].startswith(watching) for task in status["tasks"])


@pytest.mark.slow
def test_the_process_starts_with_the_first_picture_and_ends_when_unused_and_with_the_hub(tmp_path: Path) -> None:
    text = '[tracking]\nidle_seconds = 1\n[[vehicles]]\ncamera = "gate-1"\n'
    hub = start(tmp_path, text).start()
    assert psutil.Process(hub.process.pid).children() == []
    post(hub, RED)
    first = hub.get("/status")["presence"]["vision"]
    assert first["state"] == "ready"
    wait_for(lambda: hub.get("/status")["presence"]["vision"]["state"] == "off", what="the end of the process")
    assert gone(first["pid"])
    post(hub, RED)
    second = hub.get("/status")["presence"]["vision"]["pid"]
    assert hub.stop() == 0 and gone(second)
    assert "Traceback" not in hub.text() and "ended (" not in hub.text()


@pytest.mark.slow
def test_all_cameras_together_keep_to_their_limit(tmp_path: Path) -> None:
    text = "[presence]\nper_second = 4\n" + "".join(
        f'[[vehicles]]\ncamera = "gate-{number}"\nper_second = 30\n' for number in range(4)
    )
    with start(tmp_path, text) as hub:
        row = post(hub, BLUE, "gate-0")
        assert row["examined"] == 1
        before = time.monotonic()
        for number in (1, 2, 3, 0, 1):
            post(hub, BLUE, f"gate-{number}")
        assert time.monotonic() - before > 1.0  # five pictures take five turns of 0.25 s
