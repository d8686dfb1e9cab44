"""Cameras of an older generation, which connect by Socket.IO under /ws/ (docs/wire/lpr.md 1.6)."""

from __future__ import annotations

import json

from tests.support.helpers import HubProcess
from tests.support.lpr import PICTURE_TEXT, Client, g4, g4_health


def test_the_path_ws_speaks_engine_io_too(hub: HubProcess) -> None:
    for transports in (["websocket"], ["polling"], ["polling", "websocket"]):
        camera = Client(hub.url, "ws", transports=transports)
        camera.emit("camera_register", {"camera_id": "g5", "checkpoint_id": "c"})
        assert camera.hear("camera_registered")["camera_id"] == "g5"
        flat = g4(camera_id="g5")
        camera.emit("message", {"content": json.dumps(flat), "camera_id": "g5"})
        saved = camera.hear("message_saved")
        assert saved["success"] is True and saved["duplicate"] is False
        camera.emit("message", flat)
        assert camera.hear("message_saved")["record_id"] == saved["record_id"]
        camera.emit("image", {"data": PICTURE_TEXT, "filename": "detection_20260128_105000_123.jpg", "camera_id": "g5"})
        assert camera.hear("image_saved")["path"].endswith(".jpg")
        camera.emit("message", "only words")
        assert camera.hear("message_error")["success"] is False
        camera.emit("image", {"camera_id": "g5"})
        assert camera.hear("image_error")["error"]
        camera.emit("health_status", g4_health(camera_id="g5"))
        assert camera.hear("health_saved")["success"] is True
        camera.disconnect()
