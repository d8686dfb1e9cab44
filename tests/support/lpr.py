"""Records as licence-plate cameras of each generation send them (docs/wire/lpr.md 1), and clients that send them."""

from __future__ import annotations

import base64
import itertools
import json
import queue
from typing import Any

import requests
import socketio
import websocket

from tests.support.helpers import HubProcess, jpeg

_numbers = itertools.count(1)
PICTURE = jpeg()
PICTURE_TEXT = base64.b64encode(PICTURE).decode()


def g4(**changes: Any) -> dict[str, Any]:
    """A detection of the current camera generation; each call has another timestamp."""
    number = next(_numbers)
    return {
        "type": "detection_result",
        "aicamera_id": "7",
        "checkpoint_id": "3",
        "timestamp": f"2026-01-28T10:50:00.{number:06d}",
        "created_at": "2026-01-28 03:50:00",
        "vehicles_count": 1,
        "plates_count": 1,
        "ocr_results": json.dumps(
            [
                {
                    "plate_idx": 0,
                    "bbox": [10.0, 20.0, 110.0, 60.0],
                    "text": "กข 1234",
                    "confidence": 0.91,
                    "vehicle_idx": 0,
                }
            ]
        ),
        "vehicle_detections": json.dumps([{"bbox": [0, 0, 300, 200], "score": 0.88, "label": "car"}]),
        "plate_detections": json.dumps([{"bbox": [10, 20, 110, 60], "score": 0.8, "vehicle_idx": 0}]),
        "processing_time_ms": 41.5,
        **changes,
    }


def g4_health(**changes: Any) -> dict[str, Any]:
    """A health report of the current camera generation; each call has another timestamp."""
    number = next(_numbers)
    return {
        "type": "health_check",
        "aicamera_id": "7",
        "checkpoint_id": "3",
        "timestamp": f"2026-01-28T10:50:01.{number:06d}",
        "component": "CPU & RAM",
        "status": "PASS",
        "message": "fine",
        "details": json.dumps({"cpu_percent": 12.5, "ram_percent": 40}),
        "created_at": "2026-01-28 03:50:01",
        **changes,
    }


def post(hub: HubProcess, path: str, body: Any) -> requests.Response:
    return requests.post(f"http://127.0.0.1:{hub.side['lpr']}{path}", json=body, timeout=10)


def records(hub: HubProcess, **query: Any) -> dict[str, Any]:
    answer = requests.get(f"{hub.url}/api/records", params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def raw_socket(hub: HubProcess) -> websocket.WebSocket:
    return websocket.create_connection(f"ws://127.0.0.1:{hub.side['lpr']}/", timeout=10)


class Client(socketio.Client):
    """A Socket.IO client that keeps every event it receives."""

    def __init__(self, url: str, path: str = "socket.io", session: requests.Session | None = None, **how: Any) -> None:
        """`session`: what polls, where it is not a new one."""
        super().__init__(reconnection=False, http_session=session)
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.on("*", lambda event, *args: self.heard.put((event, args[0] if args else None)))
        self.connect(url, socketio_path=path, **how)

    def hear(self, event: str) -> Any:
        while True:
            name, data = self.heard.get(timeout=10)
            if name == event:
                return data

    def hear_of(self, camera: str) -> Any:
        """The next camera_status of this camera."""
        while (status := self.hear("camera_status"))["camera_id"] != camera:
            pass
        return status
