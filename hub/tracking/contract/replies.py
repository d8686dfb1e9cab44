"""Messages to tracking clients (docs/wire/tracking.md 1.5): each status has a message, each `matches` a frame_info."""

from __future__ import annotations

import time
from typing import Any

CONNECTED, PONG, ERROR, WARNING = "connected", "pong", "error", "warning"
TRACKING_STARTED, TRACKING_STOPPED = "tracking_started", "tracking_stopped"
VIDEO_OPENED, VIDEO_CLOSED = "video_opened", "video_closed"


def status(session_id: str, name: str, message: str = "") -> dict[str, Any]:
    """A status message."""
    return {"type": "status", "session_id": session_id, "status": name, "message": message, "timestamp": time.time()}


def matches(session_id: str, found: list[dict[str, Any]], frame_info: dict[str, Any]) -> dict[str, Any]:
    """The persons of one picture that match."""
    return {
        "type": "matches",
        "session_id": session_id,
        "matches": found,
        "timestamp": time.time(),
        "frame_info": frame_info,
    }


def match_object(
    person: dict[str, Any], width: int, height: int, frame_number: int = 0, timestamp: float = 0.0
) -> dict[str, Any]:
    """One person of a look (`box`, `confidence`, `distance`) as clients read it.

    `width` and `height` are those of the picture, in pixels; `timestamp` is the position in a video, in seconds.
    """
    x1, y1, x2, y2 = (float(value) for value in person["box"])
    crop_width, crop_height = x2 - x1, y2 - y1
    shown = {
        "bbox": [x1, y1, x2, y2],
        "bbox_format": "xyxy",
        "coordinate_info": {
            "format": "xyxy",
            "origin": "top_left",
            "image_width": width,
            "image_height": height,
            "yolo_processed_size": f"{width}x{height}",
        },
        "crop_info": {
            "crop_width": crop_width,
            "crop_height": crop_height,
            "crop_area": crop_width * crop_height,
            "aspect_ratio": round(crop_width / crop_height, 4) if crop_height else 0.0,
        },
        "confidence": person["confidence"],
        "distance": person["distance"],
        "frame_number": frame_number,
        "timestamp": timestamp,
        "time_formatted": time_text(timestamp),
    }
    for key in ("track", "crop"):
        if person.get(key) is not None:
            shown[key] = person[key]
    return shown


def time_text(seconds: float) -> str:
    """`MM:SS` of a position in a video."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02d}:{rest:02d}"
