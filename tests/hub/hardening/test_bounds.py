"""Records whose numbers, depth or size are odd: never a 500, never a list or a start that fails for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
import websocket

from tests.support.helpers import HubProcess, capture_result
from tests.support.lpr import PICTURE, g4, g4_health, raw_socket

BIG = 10**24
LISTS = ("/status", "/api/stations", "/api/cameras", "/api/records", "/api/health", "/api/captures", "/api/devices")


def lists_work(hub: HubProcess) -> None:
    for path in LISTS:
        answer = requests.get(hub.url + path, headers={"Accept": "application/json"}, timeout=10)
        assert answer.status_code == 200, (path, answer.text[:300])
        answer.json()


def post_text(hub: HubProcess, path: str, text: str) -> requests.Response:
    return requests.post(hub.url + path, data=text.encode(), headers={"Content-Type": "application/json"}, timeout=20)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "instance") as process:
        yield process


def deep(depth: int) -> str:
    return "[" * depth + "]" * depth


ODD_STATUSES: tuple[dict[str, Any], ...] = (
    {"captures": BIG},
    {"captures": 2**63},
    {"outbox": {"waiting": BIG}},
    {"reader": {"width": BIG}},
    {"threads": {"reader": {"restarts": BIG}}},
    {"threads": {"reader": {"restarts": -BIG}}},
    {"sent_at": 1e400},
)


def test_station_statuses_with_numbers_of_25_digits(own: HubProcess) -> None:
    for number, fields in enumerate(ODD_STATUSES):
        answer = post_text(own, "/api/stations/status", json.dumps({"station": f"scale {number}", **fields}))
        assert answer.status_code == 200, (fields, answer.text)
        lists_work(own)
    own.stop()
    own.start()
    lists_work(own)
    assert len(own.get("/api/stations")["stations"]) == len(ODD_STATUSES)


DEPTHS = (17, 100, 252, 260, 1000, 5000)
DECODABLE = 1000  # the parser takes 1,024 levels


@pytest.mark.parametrize("depth", DEPTHS)
def test_nested_values_of_cameras(hub: HubProcess, depth: int) -> None:
    plain = json.dumps(g4())
    bodies = {
        "/api/detection": [
            plain[:-1] + ', "vehicle_detections": ' + deep(depth) + "}",
            plain[:-1] + ', "ocr_results": ' + deep(depth) + "}",
            plain[:-1] + ', "strange": ' + deep(depth) + "}",
            json.dumps(g4(ocr_results=deep(depth))),
        ],
        "/api/health": [
            json.dumps(g4_health())[:-1] + ', "details": ' + deep(depth) + "}",
            json.dumps(g4_health(details=deep(depth))),
        ],
        "/api/captures": [json.dumps(capture_result())[:-1] + ', "extra": ' + deep(depth) + "}"],
        "/device-registration/register": [
            f'{{"serial_number": "s{depth}", "metadata": {deep(depth)}}}',
        ],
    }
    for path, texts in bodies.items():
        for text in texts:
            answer = post_text(hub, path, text)
            taken = depth <= DECODABLE or '"[[' in text
            assert answer.status_code in ((200, 201) if taken else (400, 413)), (path, answer.text[:300])
            if depth <= DECODABLE and path == "/api/detection":
                assert any("nested" in warning for warning in answer.json()["warnings"]), answer.text
    lists_work(hub)


def socket_io(hub: HubProcess) -> websocket.WebSocket:
    """A connected Socket.IO client that sends packets of its own making."""
    line = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/socket.io/?EIO=4&transport=websocket", timeout=10)
    line.recv()
    line.send("40")
    assert line.recv().startswith("40")
    return line


def acknowledged(line: websocket.WebSocket, number: int) -> str:
    """The value of `success` in the acknowledgement of the event with this number."""
    while not (text := line.recv()).startswith(f"43{number}["):
        if text == "2":
            line.send("3")
    return json.dumps(json.loads(text[3 + len(str(number)) - 1 :])[0]["success"])


@pytest.mark.parametrize("depth", DEPTHS)
def test_nested_values_over_sockets(hub: HubProcess, depth: int) -> None:
    text = json.dumps(g4())[:-1] + ', "vehicle_detections": ' + deep(depth) + "}"
    socket = raw_socket(hub)
    socket.send(text)
    assert json.loads(socket.recv())["status"] in ("success", "error")
    socket.close()
    line = socket_io(hub)
    line.send(f'421["lpr_data",{text}]')
    assert ("true" if depth <= DECODABLE else "false") in acknowledged(line, 1)
    with_picture = (
        json.dumps(g4())[:-1] + ', "image": {"_placeholder": true, "num": 0}, "strange": ' + deep(depth) + "}"
    )
    line.send(f'451-2["lpr_data",{with_picture}]')
    if depth <= DECODABLE:
        line.send_binary(PICTURE)
    assert ("true" if depth <= DECODABLE else "false") in acknowledged(line, 2)
    line.close()
    lists_work(hub)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_a_python_camera_writes_for_no_number(hub: HubProcess, number: str) -> None:
    text = json.dumps(g4())[:-1].replace("41.5", number) + f', "latitude": {number}' + "}"
    answer = post_text(hub, "/api/detection", text)
    assert answer.status_code == 200 and answer.json()["success"] is True
    assert any("NaN" in warning or "Infinity" in warning for warning in answer.json()["warnings"])
    shown = requests.get(f"{hub.url}/api/records/{answer.json()['detection_id']}", timeout=10).json()["record"]
    assert shown["processing_time_ms"] is None
    health = json.dumps(g4_health(details=None)).replace('"details": null', f'"details": {{"cpu_percent": {number}}}')
    assert post_text(hub, "/api/health", health).status_code == 200
    capture = json.dumps(capture_result(tag=f"NAN{number}")).replace("1769581721.123", number)
    assert post_text(hub, "/api/captures", capture).status_code == 201
    socket = raw_socket(hub)
    socket.send(json.dumps(g4())[:-1].replace("41.5", number) + "}")
    assert json.loads(socket.recv())["status"] == "success"
    socket.close()
    lists_work(hub)


def test_no_number_over_socketio(hub: HubProcess) -> None:
    client = socketio.SimpleClient()
    client.connect(hub.url, transports=["websocket"])
    assert client.call("lpr_data", g4(processing_time_ms=float("nan")), timeout=10)["success"] is True
    assert client.call("health_status", g4_health(details={"x": float("inf")}), timeout=10)["success"] is True
    client.disconnect()
    lists_work(hub)


def test_large_fields_are_cut_or_refused(own: HubProcess) -> None:
    own_bytes = 400 * 1024
    answer = requests.post(own.url + "/api/captures", json=capture_result(errors=["x" * 2000] * 200), timeout=20)
    assert answer.status_code in (201, 413)
    assert requests.post(
        own.url + "/api/detection", json=g4(ocr_results=[{"text": "A" * 50_000_000}]), timeout=60
    ).status_code in (200, 413)
    assert requests.post(
        own.url + "/api/detection", json=g4(vehicle_detections=["v" * 1000] * 1000), timeout=20
    ).status_code in (200, 413)
    assert requests.post(own.url + "/api/detection", json=g4(plate_number="P" * 1_000_000), timeout=20).status_code in (
        200,
        413,
    )
    for path in ("/api/captures", "/api/records"):
        body = requests.get(own.url + path, timeout=20)
        assert body.status_code == 200 and len(body.content) < own_bytes, (path, len(body.content))


@pytest.mark.parametrize(
    "body", [{"table": "detections"}, {"table": "detections", "data": None}, {"table": "lpr_detection", "data": []}]
)
def test_a_table_without_data_is_no_detection(hub: HubProcess, body: dict[str, Any]) -> None:
    before = requests.get(f"{hub.url}/api/records", timeout=10).json()["total_count"]
    socket = raw_socket(hub)
    socket.send(json.dumps(body))
    assert json.loads(socket.recv())["status"] == "error"
    socket.close()
    assert requests.get(f"{hub.url}/api/records", timeout=10).json()["total_count"] == before


def test_the_end_of_time_is_a_time(hub: HubProcess) -> None:
    for path in ("/api/captures", "/api/records", "/api/apriltags"):
        assert requests.get(hub.url + path, params={"to": "9999-12-31"}, timeout=10).status_code == 200, path
