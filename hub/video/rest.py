"""REST of live pictures: upload, the newest picture, and metrics (docs/wire/apriltag.md 1.5, 2.3)."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.access.senders import check_sender
from hub.contract.errors import NotFound
from hub.contract.roles import Role
from hub.contract.times import utc_text
from hub.http.answers import answer, current_hub, part
from hub.http.body import read_body
from hub.video.frames import Camera, Frame, camera_name
from hub.video.metrics import Metrics
from hub.video.store import FrameStore
from hub.video.stream import NO_STORE

video = Blueprint("video", __name__)

ELSEWHERE_SECONDS = 0.5  # for the newest picture of a camera that sends to another hub
NO_PICTURE = "No picture has come yet; this shows one as soon as a camera sends it.\n"


@video.post("/api/cameras/<path:camera>/frame")
@role(Role.DEVICE)
def post_frame(camera: str) -> Response:
    """Store the body, one JPEG, as the newest frame of this camera."""
    check_sender(current_hub().gate, request.environ, camera, "http")
    source = "agent" if request.headers.get("X-Gatehouse-Source") == "agent" else "rest"
    frame = put_frame(camera, source)
    return answer(
        {
            "success": True,
            "camera": frame.camera,
            "size": len(frame.data),
            "width": frame.width,
            "height": frame.height,
            "seq": frame.seq,
        }
    )


def put_frame(camera: str, source: str) -> Frame:
    """Store the body of this request as the newest frame of a camera. Raises RequestError."""
    part(FrameStore).check_size(camera, request.content_length or 0)
    data = read_body(request)
    return part(FrameStore).put(camera, data, source, time.monotonic())


def requested_camera() -> str | None:
    """Return `?camera=ID`; None stands for the camera of the newest frame."""
    name = request.args.get("camera")
    return None if name is None else camera_name(name)


@video.get("/photo")
@role(Role.VIEWER)
def photo() -> Response:
    """The newest frame, unchanged, however old it is. Before the first one a 404 in plain text."""
    camera, store = requested_camera(), part(FrameStore)
    frame = store.newest(camera)
    if current_hub().relay.active and camera is not None and (frame is None or not frame.here):
        frame = store.wait(camera, 0 if frame is None else frame.seq, ELSEWHERE_SECONDS, here=False) or frame
    if frame is None:
        return Response(NO_PICTURE, status=404, content_type="text/plain; charset=utf-8")
    response = Response(frame.data, content_type="image/jpeg")
    response.headers.update(
        {
            "Cache-Control": NO_STORE,
            "Pragma": "no-cache",
            "Expires": "0",
            "X-Frame-Age": f"{frame.age:.1f}s",
            "X-Frame-Seq": str(frame.seq),
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response


def _requested_metrics() -> tuple[Metrics, dict[str, str]]:
    """Return the requested camera's metrics and name; empty metrics before its first frame."""
    name = requested_camera()
    entry = part(FrameStore).camera(name)
    if entry is None:
        return Metrics(current_hub().settings.video.target_interval_ms), {"camera": name or ""}
    return entry.metrics, {"camera": entry.name}


@video.get("/video_fps")
@role(Role.VIEWER)
def video_fps() -> Response:
    metrics, camera = _requested_metrics()
    return answer({**metrics.rate_body(), **camera})


@video.get("/video_stats")
@role(Role.VIEWER)
def video_stats() -> Response:
    metrics, camera = _requested_metrics()
    return answer({**metrics.body(), **camera})


@video.get("/api/frames", strict_slashes=False)
@role(Role.VIEWER)
def list_frames() -> Response:
    """Every camera that has a frame, with its metrics; `?camera=ID` only this one, with its last minute."""
    name = requested_camera()
    if name is None:
        return answer(
            {"success": True, "cameras": [_row(entry) for entry in part(FrameStore).cameras()], "next_cursor": None}
        )
    entry = part(FrameStore).camera(name)
    if entry is None:
        raise NotFound("No picture of a camera with this id has come yet.")
    return answer(
        {"success": True, "cameras": [{**_row(entry), "history": entry.metrics.history()}], "next_cursor": None}
    )


def _row(entry: Camera) -> dict[str, Any]:
    row = entry.status()
    return {
        **row,
        "received_at": utc_text(row["received_at"]),
        **entry.metrics.body(),
        "interval_ms": entry.metrics.rate_body()["interval_ms"],
        "words": entry.metrics.words(),
    }
