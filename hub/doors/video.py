"""Live pictures in, and the newest of them and its figures out (wire/apriltag.md 1.5, 2.3)."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, request

from ..contract.errors import ContractError
from ..contract.times import utc_text
from ..frames import Camera, Frame, camera_name
from ..security import PICTURE_PATH
from ..video_metrics import Metrics
from .body import json_object, read_body
from .rest import answer, hub
from .video_stream import NO_STORE

video = Blueprint("video", __name__)

MIN_INTERVAL_MS, MAX_INTERVAL_MS = 100, 10_000
NO_PICTURE = "No picture has come yet; this shows one as soon as a camera sends it.\n"


@video.post(PICTURE_PATH)
def legacy_post() -> Response:
    """One JPEG as the body, of any content type and without a token; the camera is the sender's address, of an allowed network (hub.security)."""
    address = request.environ.get("REMOTE_ADDR", "")
    if not hub().picture_rates.allow(address):
        raise ContractError(f"At most {hub().settings.apriltag.source_rate} pictures a second of one address are taken (apriltag.source_rate).", status=429, retry_after=1)
    frame = _take(address, "http")
    hub().boards.heard(address, "http")
    return answer({"status": "success", "size": len(frame.data)})


@video.post("/api/cameras/<path:camera>/frame")
def post_frame(camera: str) -> Response:
    """One JPEG as the body: the newest frame of this camera."""
    source = "agent" if request.headers.get("X-Gatehouse-Source") == "agent" else "rest"
    frame = _take(camera, source)
    return answer({"success": True, "camera": frame.camera, "size": len(frame.data), "width": frame.width, "height": frame.height, "seq": frame.seq})


def _take(camera: str, source: str) -> Frame:
    hub().frames.check_size(camera, request.content_length or 0)
    data = read_body(request)
    return hub().frames.put(camera, data, source, time.monotonic())


def _camera() -> str | None:
    """`?camera=ID`; None is the one whose frame is the newest."""
    name = request.args.get("camera")
    return None if name is None else camera_name(name)


@video.get("/photo")
def photo() -> Response:
    """The newest frame, its bytes as they came; however old it is. Before the first one a 404 in plain text."""
    frame = hub().frames.newest(_camera())
    if frame is None:
        return Response(NO_PICTURE, status=404, content_type="text/plain; charset=utf-8")
    response = Response(frame.data, content_type="image/jpeg")
    response.headers.update({"Cache-Control": NO_STORE, "Pragma": "no-cache", "Expires": "0", "X-Frame-Age": f"{frame.age:.1f}s", "X-Frame-Seq": str(frame.seq),
                             "X-Content-Type-Options": "nosniff"})
    return response


def _metrics() -> tuple[Metrics, dict[str, str]]:
    """The figures asked for, and whose they are; those of nothing where no frame came yet."""
    name = _camera()
    entry = hub().frames.camera(name)
    if entry is None:
        return Metrics(hub().settings.video.target_interval_ms), {"camera": name or ""}
    return entry.metrics, {"camera": entry.name}


@video.get("/video_fps")
def video_fps() -> Response:
    metrics, whose = _metrics()
    return answer({**metrics.rate_body(), **whose})


@video.get("/video_stats")
def video_stats() -> Response:
    metrics, whose = _metrics()
    return answer({**metrics.body(), **whose})


@video.get("/api/frames", strict_slashes=False)
def list_frames() -> Response:
    """Every camera that has a frame, with its figures; `?camera=ID` only this one, with its last minute."""
    name = _camera()
    if name is None:
        return answer({"success": True, "cameras": [_row(entry) for entry in hub().frames.cameras()], "next_cursor": None})
    entry = hub().frames.camera(name)
    if entry is None:
        raise ContractError("No picture of a camera with this id has come yet.", status=404)
    return answer({"success": True, "cameras": [{**_row(entry), "history": entry.metrics.history()}], "next_cursor": None})


def _row(entry: Camera) -> dict[str, Any]:
    row = entry.status()
    return {**row, "received_at": utc_text(row["received_at"]), **entry.metrics.body(), "interval_ms": entry.metrics.rate_body()["interval_ms"], "words": entry.metrics.words()}


@video.post("/set_video_interval", strict_slashes=False)
def set_video_interval() -> Response:
    """`{"interval_ms": 100..10000}` is told to every board with a WebSocket, or to the one named by `?camera=`; 503 where there is none."""
    interval = json_object(request).get("interval_ms")
    if isinstance(interval, float) and interval.is_integer():
        interval = int(interval)
    if isinstance(interval, bool) or not isinstance(interval, int) or not MIN_INTERVAL_MS <= interval <= MAX_INTERVAL_MS:
        raise ContractError(f"interval_ms is a whole number from {MIN_INTERVAL_MS} to {MAX_INTERVAL_MS} (milliseconds between two pictures).", [f"interval_ms: {str(interval)[:80]}"])
    told = hub().boards.tell({"event": "set_video_interval", "interval_ms": interval}, _camera())
    if not told:
        return answer({"status": "error", "success": False, "message": "ESP32 not connected", "errors": ["No board is connected by WebSocket, so nobody can be told."]}, 503)
    return answer({"status": "success", "success": True, "interval_ms": interval, "fps": round(1000 / interval, 2), "told": told})
