"""Cameras over Socket.IO: events of each generation, rooms, duplicates over transports (docs/wire/lpr.md 1, 4.2)."""

from __future__ import annotations

import base64
import json
import socket as std_socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import PICTURE, Client, g4, g4_health, post, raw_socket, records

pytestmark = pytest.mark.stores


@pytest.fixture
def camera(hub: HubProcess) -> Iterator[Client]:
    client = Client(f"http://127.0.0.1:{hub.side['lpr']}")
    yield client
    client.disconnect()


@pytest.fixture
def dashboard(hub: HubProcess) -> Iterator[Client]:
    client = Client(hub.url)
    client.emit("join_dashboard")
    assert client.hear("status")["message"] == "Joined dashboard room"
    client.emit("join_health_room", {})
    assert client.hear("status")["message"] == "Joined health monitoring room"
    yield client
    client.disconnect()


def test_the_published_events(camera: Client, dashboard: Client) -> None:
    camera.emit("camera_register", {"camera_id": "sio-1", "checkpoint_id": "c", "timestamp": "2024-12-19T10:00:00Z"})
    told = camera.hear("camera_register")
    assert (told["success"], told["message"], told["camera_id"], told["checkpoint_id"]) == (
        True,
        "Camera registered successfully",
        "sio-1",
        "c",
    )
    assert dashboard.hear_of("sio-1")["status"] == "online"
    camera.emit("lpr_data", g4(camera_id="sio-1"))
    told = camera.hear("lpr_response")
    assert (
        told["success"] is True
        and told["status"] == "success"
        and told["message"] == "LPR data received successfully"
        and told["saved_path"] == ""
    )
    seen = dashboard.hear("new_detection")
    assert (
        seen["detection_id"] == told["detection_id"]
        and seen["plates"][0]["plate"] == "กข1234"
        and seen["vehicles_count"] == 1
    )
    camera.emit("health_status", g4_health(camera_id="sio-1", status="WARNING"))
    assert camera.hear("health_response")["health_id"] == dashboard.hear("health_update")["health_id"]
    camera.emit("ping", {"type": "test", "message": "Hello", "timestamp": "2024-12-19T10:00:00Z"})
    assert camera.hear("pong")["original_message"] == "Hello"
    camera.emit("ping")
    assert camera.hear("pong")["original_message"] == "Hello from AI Camera"


def test_an_acknowledgement_is_the_reply(camera: Client) -> None:
    told = camera.call("lpr_data", g4(), timeout=10)
    assert told == camera.hear("lpr_response")
    assert camera.call("join_dashboard", timeout=10)["message"] == "Joined dashboard room"
    assert camera.call("leave_dashboard", {"x": 1}, timeout=10)["success"] is True


def test_rest_and_raw_records_reach_the_rooms(hub: HubProcess, dashboard: Client) -> None:
    told = post(hub, "/api/statistics", g4()).json()
    assert dashboard.hear("new_detection")["detection_id"] == told["detection_id"]
    socket = raw_socket(hub)
    socket.send(json.dumps(g4_health()))
    assert dashboard.hear("health_update")["health_id"] == json.loads(socket.recv())["health_id"]
    socket.close()


def test_the_same_record_by_every_door_is_stored_once(hub: HubProcess, camera: Client) -> None:
    record = g4(annotated_image="placeholder")
    first = post(hub, "/api/statistics", record).json()
    again = camera.call("lpr_data", record, timeout=10)
    socket = raw_socket(hub)
    socket.send(json.dumps(record))
    raw = json.loads(socket.recv())
    socket.close()
    for told in (again, raw):
        assert (
            told["duplicate"] is True
            and told["detection_id"] == first["detection_id"]
            and told["warnings"] == first["warnings"]
        )


@pytest.mark.parametrize("bad", [None, {}, [], [1], {"foo": 1}, "text", 5])
def test_nobodys_record_is_an_error_event_and_the_connection_stays(camera: Client, bad: Any) -> None:
    camera.emit("lpr_data", bad)
    assert camera.hear("error")["success"] is False
    camera.emit("health_status")
    assert camera.hear("error")["message"]
    assert camera.call("lpr_data", g4(), timeout=10)["success"] is True


def test_a_camera_is_offline_when_its_connection_is_really_gone(hub: HubProcess, dashboard: Client) -> None:
    camera = Client(hub.url)
    camera.call("camera_register", {"camera_id": "leaver", "checkpoint_id": "c"}, timeout=10)
    assert dashboard.hear_of("leaver")["status"] == "online"
    camera.emit("disconnect", {"reason": "a user's event of this name"})
    assert camera.call("ping", timeout=10)["message"] == "pong"
    assert next(row for row in hub.get("/api/cameras")["cameras"] if row["camera_id"] == "leaver")["online"] is True
    camera.disconnect()
    assert dashboard.hear_of("leaver")["status"] == "offline"


def test_older_events(camera: Client) -> None:
    camera.emit(
        "lpr_detection",
        {
            "license_plate": "กข 999",
            "image_name": "x.jpg",
            "image_binary": PICTURE,
            "location_lat": 13.7,
            "location_lon": 100.5,
            "info": "",
        },
    )
    told = camera.hear("lpr_response")
    assert told["status"] == "success" and told["message"] and told["saved_path"].endswith(".jpg")
    for event, body, reply in (
        ("detection", g4(), "lpr_response"),
        ("health", g4_health(), "health_response"),
        ("config", {"a": 1}, "status"),
        ("debug_event", {"x": 1}, "debug_response"),
        ("edge_status", {"hostname": "edge", "cpu_usage": 5, "timestamp": "2026-01-01 10:00:00"}, "health_response"),
    ):
        camera.emit(event, body)
        assert camera.hear(reply)["success"] is True, event


def test_polling_only_with_a_hundred_quick_events(hub: HubProcess) -> None:
    camera = Client(hub.url, transports=["polling"])
    for _ in range(100):
        camera.emit("lpr_data", g4(camera_id="burst"))
    wait_for(lambda: records(hub, camera="burst")["total_count"] == 100, what="all hundred")
    camera.disconnect()


def test_a_two_megabyte_picture_passes(camera: Client) -> None:
    big = base64.b64encode(PICTURE + b"\x00" * 2_000_000).decode()
    assert camera.call("lpr_data", g4(original_image=big), timeout=20)["saved_path"].endswith(".jpg")


@pytest.mark.parametrize(
    "request_text",
    [
        (
            "POST /socket.io/?EIO=4&transport=polling&sid=nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            "3\r\n\r\nabc"
        ),
        "GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /socket.io/?transport=nonsense HTTP/1.1\r\nHost: localhost\r\n\r\n",
        (
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: "
            "websocket\r\nConnection: Upgrade\r\n\r\n"
        ),
    ],
)
def test_a_bad_handshake_costs_its_own_connection_only(hub: HubProcess, camera: Client, request_text: str) -> None:
    with std_socket.create_connection(("127.0.0.1", hub.side["lpr"]), timeout=10) as sock:
        sock.sendall(request_text.encode())
        assert sock.recv(4096).startswith(b"HTTP/1.1 4")
    assert camera.call("lpr_data", g4(), timeout=10)["success"] is True


@pytest.mark.parametrize(
    "packet",
    [
        "42",
        "42[",
        '42{"a":1}',
        "42[]",
        "42[1]",
        '451-["lpr_data"]',
        "49",
        "x",
        "",
        "4" * 100,
        '42["lpr_data",' + "[" * 50_000,
    ],
)
def test_a_malformed_packet_is_never_a_500(hub: HubProcess, camera: Client, packet: str) -> None:
    opened = requests.get(f"{hub.url}/socket.io/?EIO=4&transport=polling", timeout=10).text
    sid = json.loads(opened[1:])["sid"]
    url = f"{hub.url}/socket.io/?EIO=4&transport=polling&sid={sid}"
    assert requests.post(url, data="40", timeout=10).status_code == 200
    assert requests.post(url, data=packet.encode(), timeout=10).status_code in (200, 400)
    assert camera.call("lpr_data", g4(), timeout=10)["success"] is True
