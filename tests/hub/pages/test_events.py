"""What an open page asks over `/events`: whether the hub is there, and what it missed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket

from hub.live.missed import OVERLAP, PAGE_ROWS
from tests.support.helpers import HubProcess, capture_result, jpeg
from tests.support.lpr import g4, post


def store(hub: HubProcess, event_id: str) -> str:
    answer = requests.post(f"{hub.url}/api/captures", json=capture_result(event_id=event_id), timeout=10)
    assert answer.status_code == 201
    return str(answer.json()["id"])


class OpenPage:
    """A page's connection that asks and waits for the reply; `pushed` is what came meanwhile."""

    def __init__(self, hub: HubProcess) -> None:
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=10)
        self.pushed: list[dict[str, Any]] = []

    def ask(self, **question: Any) -> dict[str, Any]:
        self.socket.send(json.dumps(question))
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv())
            if message["event"] in ("beat", "missed", "error"):
                return message
            self.pushed.append(message)

    def missed(self, kind: str, after: str) -> list[dict[str, Any]]:
        """Everything after a record, newest first."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            reply = self.ask(ask="missed", kind=kind, after=after, cursor=cursor)
            assert reply["known"] is True and len(reply["records"]) <= PAGE_ROWS
            found += reply["records"]
            cursor = reply["cursor"]
            if cursor is None:
                return found


@pytest.fixture
def page(hub: HubProcess) -> Iterator[OpenPage]:
    page = OpenPage(hub)
    yield page
    page.socket.close()


def test_pictures_have_the_address_by_which_the_page_knows_the_hub(hub: HubProcess) -> None:
    socket = websocket.create_connection(f"ws://localhost:{hub.port}/events", timeout=10)
    picture = base64.b64encode(jpeg()).decode()
    try:
        capture = capture_result(event_id="e-names", primary_image=picture)
        assert requests.post(f"{hub.url}/api/captures", json=capture, timeout=10).status_code == 201
        post(hub, "/api/detection", g4(event_id="d-names", original_image=picture))
        addresses = []
        while len(addresses) < 2:
            message = json.loads(socket.recv())
            if message["event"] == "capture":
                addresses.append(message["capture"]["primary_image_url"])
            elif message["event"] == "detection":
                addresses.append(message["detection"]["pictures"]["original_image"])
        assert all(address.startswith("http://localhost:") for address in addresses), addresses
    finally:
        socket.close()


def test_the_hub_says_that_it_is_there(page: OpenPage) -> None:
    reply = page.ask(ask="beat")
    assert reply["event"] == "beat" and reply["now"].endswith("Z")


def test_every_capture_since_the_last_one_is_there_page_by_page(hub: HubProcess, page: OpenPage) -> None:
    before = [store(hub, f"before {number}") for number in range(OVERLAP + 10)]
    missed = [store(hub, f"missed {number}") for number in range(2 * PAGE_ROWS + 3)]
    found = [row["id"] for row in page.missed("capture", before[-1])]
    assert found[: len(missed)] == missed[::-1]
    assert found[len(missed) :] == before[::-1][:OVERLAP]
    assert page.missed("capture", missed[-1])[0]["primary_image_url"] == ""


def test_every_detection_since_the_last_one_is_there_with_its_plates(hub: HubProcess, page: OpenPage) -> None:
    for number in range(PAGE_ROWS + 5):
        assert post(hub, "/api/detection", g4(ocr_results=[f"M {number}"], plate_detections=[])).status_code == 200
    found = page.missed("detection", "")
    assert [row["plates"][0]["text"] for row in found[: PAGE_ROWS + 5]] == [
        f"M {number}" for number in reversed(range(PAGE_ROWS + 5))
    ]
    newest = found[0]["detection_id"]
    assert page.missed("detection", newest)[0]["detection_id"] == newest


def test_a_record_that_is_not_stored_any_more_is_said_so(page: OpenPage) -> None:
    reply = page.ask(ask="missed", kind="capture", after="00000000-0000-0000-0000-000000000000")
    assert (reply["known"], reply["records"], reply["cursor"]) == (False, [], None)


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"ask": "everything"},
        {"ask": "missed", "kind": "secrets", "after": ""},
        {"ask": "missed", "kind": ["capture"], "after": ""},
        {"ask": "missed", "kind": "capture", "after": "x" * 1000},
        {"ask": "missed", "kind": "capture", "after": "", "cursor": -1},
        {"ask": "missed", "kind": "capture", "after": "", "cursor": 2**70},
        {"ask": "missed", "kind": "capture", "after": "", "cursor": True},
    ],
)
def test_other_questions_get_a_sentence(page: OpenPage, question: dict[str, Any]) -> None:
    reply = page.ask(**question)
    assert reply["event"] == "error" and reply["message"]
    assert page.ask(ask="beat")["event"] == "beat"


def test_what_is_no_json_gets_a_sentence(page: OpenPage) -> None:
    page.socket.send("hello")
    assert json.loads(page.socket.recv())["event"] == "error"
