"""Two real hubs on one PostgreSQL database and one Redis: what is live at one is live at the other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
import websocket

from tests.support import stores
from tests.support.helpers import HubProcess, capture_result, jpeg, wait_for
from tests.support.hubs import NO_REDIS, REDIS, has_redis, hubs, know_each_other, live
from tests.support.lpr import Client, g4, post
from tests.support.tags import TOKEN, Board, GameClient

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER),
    pytest.mark.skipif(not has_redis(), reason=NO_REDIS),
]
SECONDS = 10.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HubProcess, HubProcess]]:
    with hubs(tmp_path_factory.mktemp("pair"), REDIS, HUB_APRILTAG_TOKEN=TOKEN) as (one, other):
        know_each_other(one, other)
        yield one, other


class Page:
    """An open page of a hub: its `/events`."""

    def __init__(self, hub: HubProcess, path: str = "/events", port: int = 0) -> None:
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{port or hub.port}{path}", timeout=SECONDS)

    def next(self, event: str) -> dict[str, Any]:
        """The next message of this name; others are skipped."""
        while True:
            message = json.loads(self.socket.recv())
            if message.get("event") == event:
                return message

    def wanted(self) -> Page:
        """Wait until the other hubs know that somebody listens here."""
        self.next("catch_up")
        return self

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def messages(page: Page, seconds: float = 0.5) -> list[dict[str, Any]]:
    """Everything that comes within a moment."""
    found: list[dict[str, Any]] = []
    page.socket.settimeout(seconds)
    with suppress(websocket.WebSocketTimeoutException):
        while True:
            found.append(json.loads(page.socket.recv()))
    page.socket.settimeout(SECONDS)
    return found


def test_a_detection_is_on_a_page_of_the_other_hub_once_with_links_to_that_hub(pair: Any) -> None:
    one, other = pair
    with Page(other).wanted() as page, Page(one).wanted() as own:
        sent = g4(aicamera_id="crossing", full_image="data:image/jpeg;base64,/9j/")
        sent.pop("full_image")
        stored = post(one, "/api/detection", sent).json()
        shown = page.next("detection")["detection"]
        assert shown["id"] == own.next("detection")["detection"]["id"]
        assert shown["aicamera_id"] if "aicamera_id" in shown else shown["camera_id"] == "crossing"
        assert stored["success"]
        assert not [message for message in messages(page) + messages(own) if message["event"] == "detection"]


def test_links_of_a_page_lead_to_its_own_hub(pair: Any) -> None:
    one, other = pair
    with Page(other) as page:
        answer = requests.post(
            one.url + "/api/captures",
            data={"json": json.dumps(capture_result("LINKS"))} if False else None,
            json=None if False else {**capture_result("LINKS"), "number_image_b64": None},
            timeout=SECONDS,
        )
        assert answer.status_code == 200, answer.text
        shown = page.next("capture")["capture"]
        assert "hub.invalid" not in json.dumps(shown)


def test_a_result_reaches_listeners_of_the_other_hub_on_port_2020_and_not_its_sender(pair: Any) -> None:
    one, other = pair
    with Page(one, "/", one.side["results"]) as sender, Page(other, "/", other.side["results"]) as listener:
        wait_for(lambda: live(one)["hubs"] and wants(one, other, "results"), what="the interest in results")
        sender.socket.send(json.dumps(capture_result("RESULT")))
        assert json.loads(listener.socket.recv())["tag"] == "RESULT"
        assert json.loads(sender.socket.recv())["status"] == "received"
        assert not messages(sender) and not messages(listener)


def wants(one: HubProcess, other: HubProcess, topic: str) -> bool:
    """Whether the first hub knows that the other one wants a topic."""
    return any(topic in hub["topics"] for hub in live(one)["hubs"])


def test_an_event_reaches_a_room_at_the_other_hub(pair: Any) -> None:
    one, other = pair
    dashboard = Client(other) if False else socketio.Client()
    heard: list[Any] = []
    dashboard.on("new_detection", heard.append)
    dashboard.connect(other.url)
    try:
        dashboard.call("join_dashboard", {}) if False else dashboard.emit("join_dashboard", {})
        wait_for(lambda: wants(one, other, "room/dashboard"), what="the interest in the room")
        post(one, "/api/detection", g4(aicamera_id="room"))
        wait_for(lambda: heard, what="the event")
        time.sleep(0.3)
        assert len(heard) == 1
    finally:
        dashboard.disconnect()


def test_a_program_with_the_librarys_manager_emits_to_a_room(pair: Any) -> None:
    one, other = pair
    heard: list[Any] = []
    dashboards = [socketio.Client(), socketio.Client()]
    try:
        for dashboard, hub in zip(dashboards, pair, strict=True):
            dashboard.on("lights", heard.append)
            dashboard.connect(hub.url)
            dashboard.emit("join_dashboard", {})
        wait_for(lambda: wants(one, other, "room/dashboard") and wants(other, one, "room/dashboard"))
        prefix = one.environ["HUB_LIVE_PREFIX"]
        program = socketio.RedisManager(REDIS, channel=f"{prefix}:socketio", write_only=True)
        program.emit("lights", {"on": True}, room="dashboard")
        wait_for(lambda: len(heard) == 2, what="the event at both hubs")
        assert heard == [{"on": True}] * 2
        program.redis.close()
    finally:
        for dashboard in dashboards:
            dashboard.disconnect()


def test_a_reading_reaches_games_of_the_other_hub(pair: Any) -> None:
    one, other = pair
    with GameClient(other) as game, Board(one, source="127.0.0.9") as board:
        sent = board.reading(tag_id=77)
        assert game.reading(77)["timestamp"] == sent["timestamp"]
        with GameClient(other, name="later") as later:
            assert later.reading(77)["timestamp"] == sent["timestamp"]  # the newest reading, whoever received it

        def board_there() -> bool:
            return any(
                row["address"] == "127.0.0.9" and row["state"] == "connected" for row in other.get("/status")["boards"]
            )

        wait_for(board_there, what="the board's being connected at the other hub")


def test_a_cameras_state_is_known_at_the_other_hub(pair: Any) -> None:
    one, other = pair
    with Page(other) as page:
        camera = socketio.Client()
        camera.connect(one.url)
        camera.call("lpr_data", g4(aicamera_id="moving")) if False else camera.emit(
            "lpr_data", g4(aicamera_id="moving")
        )
        assert online(page, "moving") == "online"
        rows = {row["camera_id"]: row for row in other.get("/api/cameras")["cameras"]}
        assert rows["moving"]["online"] is True
        camera.disconnect()
        assert online(page, "moving") == "offline"


def online(page: Page, camera: str) -> str:
    """The next state of a camera on a page."""
    while True:
        status = page.next("camera")["camera"]
        if status["camera_id"] == camera:
            return status["status"]


def test_a_stations_status_is_known_at_the_other_hub(pair: Any) -> None:
    one, other = pair
    with Page(other) as page:
        status = {"station": "North", "state": "running", "message": "in order"}
        assert requests.post(one.url + "/api/stations/status", json=status, timeout=SECONDS).status_code == 200
        assert page.next("station")["station"]["station"] == "North"
        assert not [message for message in messages(page) if message["event"] == "station"]
    rows = {row["station"]: row for row in other.get("/api/stations")["stations"]}
    assert rows["North"]["online"] is True


def test_a_picture_passes_only_while_somebody_watches_it(pair: Any) -> None:
    one, other = pair
    picture = jpeg(80, 60)

    def send() -> None:
        answer = requests.post(
            one.url + "/api/cameras/yard/frame", data=picture, headers={"Content-Type": "image/jpeg"}, timeout=SECONDS
        )
        assert answer.status_code == 200, answer.text

    send()
    wait_for(lambda: any(row["camera"] == "yard" for row in other.get("/api/frames")["cameras"]))
    before = live(other)["received"].get("frame", 0)
    send()
    time.sleep(0.3)
    assert live(other)["received"].get("frame", 0) == before  # nobody watches
    with Page(other, "/ws/video?camera=yard") as viewer:
        assert viewer.socket.recv().endswith(picture)  # the newest one, at once
        send()
        assert viewer.socket.recv().endswith(picture)
    wait_for(lambda: not wants(one, other, "frame/yard"), what="the end of the interest")
    answer = requests.get(other.url + "/photo", params={"camera": "yard"}, timeout=SECONDS)
    assert answer.status_code == 200 and answer.content == picture
