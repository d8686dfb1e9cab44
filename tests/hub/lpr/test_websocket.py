"""Cameras over raw WebSocket: order of replies, a connection for each record, no ids (docs/wire/lpr.md 1.3, 1.4)."""

from __future__ import annotations

import json

import pytest

from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import PICTURE_TEXT, g4, g4_health, raw_socket, records

pytestmark = pytest.mark.stores


def test_raw_frames_are_answered_in_order(hub: HubProcess) -> None:
    socket = raw_socket(hub)
    sent = [
        g4(camera_id="raw"),
        "ping",
        {"foo": 1},
        "not json",
        g4_health(camera_id="raw"),
        {"type": "test"},
        {
            "table": "lpr_detection",
            "data": {
                "license_plate": "AB 12",
                "checkpoint_id": None,
                "timestamp": "20260128_105000",
                "hostname": "edge-1",
                "vehicle_type": " ",
                "vehicle_color": " ",
                "latitude": "13.75",
                "longitude": " 100.50",
                "image": PICTURE_TEXT,
            },
        },
    ]
    for message in sent:
        socket.send(message if isinstance(message, str) else json.dumps(message))
    told = [json.loads(socket.recv()) for _ in sent]
    assert [row["status"] for row in told] == ["success", "success", "error", "error", "success", "success", "success"]
    assert [row.get("type") for row in told] == [
        "detection_response",
        "pong",
        None,
        None,
        "health_response",
        "pong",
        "detection_response",
    ]
    assert all(row["message"] for row in told)
    socket.close()
    stored = records(hub, camera="edge-1")["records"][0]
    assert (stored["longitude"], stored["plates"][0]["plate"], stored["warnings"]) == (100.5, "AB12", [])


def test_a_connection_for_each_record_leaves_the_camera_online(hub: HubProcess) -> None:
    before = hub.get("/api/statistics")["data"]["connected_clients"]
    for _ in range(2):
        socket = raw_socket(hub)
        socket.send(json.dumps(g4(aicamera_id="hasty")))
        assert json.loads(socket.recv())["status"] == "success"
        socket.close()
    wait_for(
        lambda: hub.get("/api/statistics")["data"]["connected_clients"] <= before, what="the end of the connections"
    )
    assert next(row for row in hub.get("/api/cameras")["cameras"] if row["camera_id"] == "hasty")["online"] is True


def test_a_frame_without_ids_is_known_by_its_address(hub: HubProcess) -> None:
    record = g4()
    del record["aicamera_id"], record["checkpoint_id"]
    socket = raw_socket(hub)
    for _ in range(3):
        socket.send(json.dumps(record))
    told = [json.loads(socket.recv()) for _ in range(3)]
    socket.close()
    assert (
        told[0]["camera_id"] == "127.0.0.1"
        and len({row["detection_id"] for row in told}) == 1
        and told[2]["duplicate"] is True
    )
