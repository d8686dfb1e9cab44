"""Every contract file by the fast way and by the ordinary one: the same answers, events, rows and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.hub.fast_paths.ways import Http, Way, Ways, post
from tests.support.helpers import wait_for
from tests.support.tags import TOKEN

FOLDER = Path(__file__).resolve().parents[2] / "contract"
PATHS = {
    "lpr": (
        "/api/data",
        "/api/detection",
        "/api/health",
        "/api/statistics",
        "/api/cameras/register",
        "/api/v1/detection",
        "/api/v1/health",
        "/api/data/",
        "/api/statistics/?from=test",
    ),
    "apriltag": ("/apriltag", "/apriltag/", "/apriltag?from=test"),
    "station": ("/api/captures", "/api/data"),
}
FAST = {*PATHS["lpr"][:5], *PATHS["apriltag"][:2]}
STATUSES = {"lpr": {"200", "400"}, "apriltag": {"200", "400"}, "station": {"200", "201", "400"}}
EVENTS = ("lpr_data", "health_status", "camera_register", "lpr_detection", "detection", "health", "edge_status")


def contract_files(kind: str) -> list[Path]:
    files = [*(FOLDER / "valid").glob(f"{kind}_*.json"), *(FOLDER / "invalid").glob(f"{kind}_*.json")]
    return sorted(path for path in files if not path.name.endswith((".becomes.json", ".error.json")))


def decoded(path: Path) -> Any:
    """The JSON of a file; None where it holds none."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None


def numbered(path: Path, number: object) -> dict[str, Any] | None:
    """The record of a file as one that was not sent before; None where it is no object."""
    data = decoded(path)
    return {**data, "event_id": f"{path.stem} {number}"} if isinstance(data, dict) else None


@pytest.mark.slow
@pytest.mark.parametrize("kind", PATHS)
def test_contract_files_over_rest(ways: Ways, kind: str) -> None:
    """Each as it is, which is a duplicate from the second path on, and as a new record of each fast route."""

    def send(way: Way) -> list[str]:
        answers = []
        with Http(way.hub.side["lpr"]) as http:
            for path in PATHS[kind]:
                for file in contract_files(kind):
                    answers.append(http.request(post(path, file.read_bytes(), Authorization=TOKEN)))
                    if path in FAST and (new := numbered(file, path)):
                        answers.append(http.request(post(path, json.dumps(new).encode(), Authorization=TOKEN)))
        return answers

    assert {answer.split(" ", 2)[1] for answer in ways.same(send)} == STATUSES[kind]
    ways.same_store()


def test_games_are_sent_the_same_readings(ways: Ways) -> None:
    """Of every contract file of boards, and nothing of what was refused."""

    def send(way: Way) -> list[str]:
        last = json.dumps({"tag_id": 901}).encode()
        with Http(way.hub.port) as http:
            for body in (*(file.read_bytes() for file in contract_files("apriltag")), last):
                http.request(post("/apriltag", body, Authorization=TOKEN))
        messages = []
        while not messages or messages[-1].get("tag_id") != 901:
            messages.append(way.game.hear())
        return [json.dumps(message) for message in messages]

    ways.same(send)


class Sender(socketio.Client):
    """A camera that does not wait for its answers; `received` holds its events and acknowledgements."""

    def __init__(self, url: str, transport: str) -> None:
        super().__init__(reconnection=False)
        self.received: list[str] = []
        self.acknowledged = self.sent = 0
        self.on("*", lambda event, *bodies: self.received.append(json.dumps([event, *bodies], ensure_ascii=False)))
        self.connect(url, transports=[transport])
        assert self.transport() == transport

    def send_record(self, event: str, data: Any) -> None:
        number, self.sent = self.sent, self.sent + 1

        def acknowledge(*bodies: Any) -> None:
            self.received.append(json.dumps([number, *bodies], ensure_ascii=False))
            self.acknowledged += 1

        self.emit(event, data, callback=acknowledge)

    def wait(self) -> None:
        wait_for(lambda: self.acknowledged == self.sent, 20, "the acknowledgement of every event")


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_contract_files_over_socketio(ways: Ways, transport: str) -> None:
    """Each decoded; over the WebSocket as text and as new records as well. Captures too, which have no fast way."""

    def send(way: Way) -> list[str]:
        client = Sender(f"http://127.0.0.1:{way.hub.side['lpr']}", transport)
        for kind, events in (("lpr", EVENTS), ("station", ("capture_result",))):
            for event in events:
                for file in contract_files(kind):
                    text, data = file.read_bytes().decode("utf-8", "replace"), decoded(file)
                    forms = [text if data is None else data]
                    if transport == "websocket" and event in EVENTS[:2]:
                        forms += [text, numbered(file, event) or text]
                    for form in forms:
                        client.send_record(event, form)
                        if kind == "station" or "cropped_plates" in text:
                            client.wait()  # parsed on native threads, where one overtakes another with the same content
                client.wait()
        client.disconnect()
        return client.received

    received = [json.loads(text) for text in ways.same(send, ordered=False)]
    assert {row[0] for row in received if isinstance(row[0], str)} == {
        "error",
        "lpr_response",
        "health_response",
        "camera_register",
    }
    ways.same_store()
