"""File pairs of tests/contract/: what stations send and its parsed form, over every transport."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
import socketio
import websocket

from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object
from hub.station.contract.capture import CaptureResult, parse_capture
from tests.support.helpers import HubProcess

FOLDER = Path(__file__).resolve().parents[2] / "contract"
VALID = sorted(path for path in (FOLDER / "valid").glob("station_*.json") if ".becomes" not in path.name)
INVALID = sorted(path for path in (FOLDER / "invalid").glob("station_*.json") if ".error" not in path.name)
LINKS = ("primary_image_url", "secondary_image_url", "label_image_url")


def becomes(path: Path) -> dict:
    return json.loads(path.with_suffix(".becomes.json").read_text("utf-8"))


def error(path: Path) -> dict:
    return json.loads(path.with_suffix(".error.json").read_text("utf-8"))


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", VALID, ids=name)
def test_valid_becomes(path: Path) -> None:
    incoming = parse_capture(decode_object(path.read_bytes()))
    expected = becomes(path)
    assert incoming.result.model_dump() == CaptureResult(**expected["result"]).model_dump()
    assert incoming.warnings == expected["warnings"]


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_invalid_is_refused(path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        parse_capture(decode_object(path.read_bytes()))
    assert caught.value.status == error(path)["status"]
    assert caught.value.message.startswith(error(path)["message"])


def same_by(answer: dict, hub: HubProcess, path: Path) -> None:
    assert answer["success"] is True
    capture = hub.get(f"/api/captures/{answer['id']}")["capture"]
    for key, value in becomes(path)["result"].items():
        if key != "event_id":
            assert capture[key] == value, key
    assert set(becomes(path)["warnings"]) <= set(answer["warnings"])


def with_event_id(path: Path, transport: str) -> dict:
    return {**json.loads(path.read_text("utf-8")), "event_id": f"{transport}-{path.stem}"}


@pytest.mark.parametrize("path", VALID, ids=name)
def test_valid_over_rest(hub: HubProcess, path: Path) -> None:
    answer = requests.post(f"{hub.url}/api/captures", json=with_event_id(path, "rest"), timeout=10)
    assert answer.status_code == 201
    same_by(answer.json(), hub, path)
    again = requests.post(f"{hub.url}/api/captures", json=with_event_id(path, "rest"), timeout=10)
    assert again.status_code == 200
    assert again.json() == {**answer.json(), "duplicate": True}


@pytest.mark.parametrize("path", VALID, ids=name)
def test_valid_over_multipart(hub: HubProcess, path: Path) -> None:
    answer = requests.post(
        f"{hub.url}/api/captures", files={"result": (None, json.dumps(with_event_id(path, "multipart")))}, timeout=10
    )
    assert answer.status_code == 201
    same_by(answer.json(), hub, path)


@pytest.mark.parametrize("path", VALID, ids=name)
def test_valid_over_raw_websocket(hub: HubProcess, path: Path) -> None:
    socket = websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}", timeout=10)
    socket.send(json.dumps(with_event_id(path, "ws")))
    same_by(json.loads(socket.recv()), hub, path)
    socket.close()


@pytest.fixture(scope="module")
def sio(hub: HubProcess):
    client = socketio.Client()
    client.connect(hub.url)
    yield client
    client.disconnect()


@pytest.mark.parametrize("path", VALID, ids=name)
def test_valid_over_socketio(hub: HubProcess, sio: socketio.Client, path: Path) -> None:
    same_by(sio.call("capture_result", with_event_id(path, "sio"), timeout=10), hub, path)


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_invalid_at_every_door(hub: HubProcess, sio: socketio.Client, path: Path) -> None:
    text, expected = path.read_text("utf-8"), error(path)
    answer = requests.post(
        f"{hub.url}/api/captures", data=text.encode(), headers={"Content-Type": "application/json"}, timeout=10
    )
    assert answer.status_code == expected["status"]
    socket = websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}", timeout=10)
    socket.send(text)
    for body in (answer.json(), json.loads(socket.recv()), sio.call("capture_result", text, timeout=10)):
        assert body["success"] is False
        assert body["message"].startswith(expected["message"])
        assert body["errors"] and all(isinstance(row, str) for row in body["errors"])
    socket.close()
