"""Two real hubs on one PostgreSQL database and one Redis: what is live at one is live at the other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import requests
import socketio
import websocket

from tests.support import stores
from tests.support.helpers import HubProcess, capture_result, jpeg, wait_for
from tests.support.hubs import NO_REDIS, REDIS, has_redis, hubs, know_each_other, live
from tests.support.lpr import PICTURE, PICTURE_TEXT, Client, g4, g4_health, post
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
    with Page(other) as page, Page(one) as own:
        wait_for(lambda: wants(one, other, "pages"), what="the interest in pages")
        post(one, "/api/detection", g4(aicamera_id="crossing", annotated_image=PICTURE_TEXT))
        shown, at_home = page.next("detection")["detection"], own.next("detection")["detection"]
        assert shown["detection_id"] == at_home["detection_id"]
        assert shown["pictures"]["annotated_image"].startswith(f"http://127.0.0.1:{other.side['images']}/images/")
        assert at_home["pictures"]["annotated_image"].startswith(f"http://127.0.0.1:{one.side['images']}/images/")
        assert requests.get(shown["pictures"]["annotated_image"], timeout=SECONDS).content == PICTURE
        assert not [message for message in messages(page) + messages(own) if message["event"] == "detection"]


def test_a_result_reaches_listeners_of_the_other_hub_on_port_2020_and_not_its_sender(pair: Any) -> None:
    one, other = pair
    with Page(one, "/", one.side["results"]) as sender, Page(other, "/", other.side["results"]) as listener:
        wait_for(lambda: wants(one, other, "results"), what="the interest in results")
        sender.socket.send(json.dumps(capture_result("RESULT")))
        assert json.loads(listener.socket.recv())["tag"] == "RESULT"
        assert json.loads(sender.socket.recv())["status"] == "received"
        assert not messages(sender) and not messages(listener)


def wants(one: HubProcess, other: HubProcess, topic: str) -> bool:
    """Whether the first hub knows that the other one wants a topic."""
    return any(topic in hub["topics"] for hub in live(one)["hubs"])


def test_an_event_reaches_a_room_at_the_other_hub_once(pair: Any) -> None:
    one, other = pair
    with dashboard(one) as own, dashboard(other) as viewer:
        wait_for(lambda: wants(one, other, "room/dashboard"), what="the interest in the room")
        post(one, "/api/detection", g4(aicamera_id="room"))
        post(one, "/api/detection", g4(aicamera_id="room", vehicles_count=2))
        for client in (own, viewer):
            assert [client.hear("new_detection")["vehicles_count"] for _ in range(2)] == [1, 2]


def test_a_program_with_the_librarys_own_manager_emits_to_a_room_of_every_hub(pair: Any) -> None:
    one, other = pair
    with dashboard(one) as own, dashboard(other) as viewer:
        prefix = one.environ["HUB_LIVE_PREFIX"]
        program = socketio.RedisManager(REDIS, channel=f"{prefix}:socketio", write_only=True)
        program.emit("lights", {"on": True}, room="dashboard")
        assert own.hear("lights") == viewer.hear("lights") == {"on": True}
        program.redis.close()


@contextmanager
def dashboard(hub: HubProcess) -> Iterator[Client]:
    """A dashboard that is in its room."""
    client = Client(hub.url)
    try:
        client.emit("join_dashboard", {})
        client.hear("status")
        yield client
    finally:
        client.disconnect()


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
    with Page(other) as page, dashboard(other) as viewer:
        camera = Client(one.url)
        camera.emit("lpr_data", g4(aicamera_id="moving"))
        assert online(page, "moving") == "online"
        assert viewer.hear_of("moving")["status"] == "online"
        rows = {row["camera_id"]: row for row in other.get("/api/cameras")["cameras"]}
        assert rows["moving"]["online"] is True
        camera.disconnect()
        assert online(page, "moving") == "offline"
        assert viewer.hear_of("moving")["status"] == "offline"


def test_what_a_camera_reports_to_one_hub_is_known_at_the_other(pair: Any) -> None:
    one, other = pair

    def seen(hub: HubProcess) -> dict[str, Any]:
        return next((row for row in hub.get("/api/cameras")["cameras"] if row["camera_id"] == "reporting"), {})

    for number in range(3):
        assert post(one, "/api/detection", g4(aicamera_id="reporting")).status_code == 200
        report = g4_health(aicamera_id="reporting", component="Lens", status="FAIL", message=f"dirty {number}")
        assert post(one, "/api/health", report).status_code == 200
    wait_for(lambda: seen(other).get("health_count") == 3, SECONDS, "the reports at the other hub")
    keys = ("detection_count", "health_count", "health_status", "components")
    assert {key: seen(other)[key] for key in keys} == {key: seen(one)[key] for key in keys}
    assert seen(other)["health_status"] == "error" and seen(other)["components"][0]["message"] == "dirty 2"
    assert post(other, "/api/detection", g4(aicamera_id="reporting")).status_code == 200
    wait_for(lambda: seen(one)["detection_count"] == seen(other)["detection_count"] == 4, SECONDS, "the count at both")

    def listed(hub: HubProcess) -> dict[str, Any]:
        return next(row for row in hub.get("/api/devices/overview")["devices"] if row["id"] == "reporting")

    assert "Lens: dirty 2" in listed(other)["trouble"]


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


def test_an_agent_is_paired_by_an_operator_at_another_hub(pair: Any) -> None:
    one, other = pair
    asked = requests.post(f"{one.url}/api/pair", json={"name": "North", "kind": "station agent"}, timeout=SECONDS)
    request = asked.json()

    def listed(hub: HubProcess) -> list[dict[str, Any]]:
        waiting = requests.get(f"{hub.url}/api/access/devices", timeout=SECONDS).json()["pairings"]
        return [row for row in waiting if row["id"] == request["id"]]

    def state(hub: HubProcess) -> dict[str, Any]:
        secret = {"X-Pair-Secret": request["secret"]}
        return requests.get(f"{hub.url}/api/pair/{request['id']}", headers=secret, timeout=SECONDS).json()

    [row] = wait_for(lambda: listed(other), what="the request at the other hub")
    assert row["code"] == request["code"] and row["name"] == "North"
    assert state(other)["state"] == state(one)["state"] == "waiting"
    admitted = requests.post(f"{other.url}/api/access/pairings/{row['id']}/admit", timeout=SECONDS)
    assert admitted.status_code == 200, admitted.text
    token = wait_for(lambda: state(one).get("token"), what="the token")
    wait_for(lambda: listed(one) == listed(other) == [], what="its end at both hubs")
    assert state(other) == {"success": True, "state": "delivered"}
    assert token

    def named(hub: HubProcess) -> list[str]:
        return [row["name"] for row in requests.get(f"{hub.url}/api/access/tokens", timeout=SECONDS).json()["tokens"]]

    wait_for(lambda: named(one) == named(other) == ["North"], what="one token, known at both hubs")


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
