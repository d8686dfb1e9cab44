"""Live pictures in, and the newest of them and its figures out (docs/wire/apriltag.md 1.5, 2.3)."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, request

from hub.contract.errors import NotFound
from hub.contract.times import utc_text
from hub.http.answers import answer, current_hub, part
from hub.http.body import read_body
from hub.video.frames import Camera, Frame, FrameStore, camera_name
from hub.video.metrics import Metrics
from hub.video.stream import NO_STORE

video = Blueprint("video", __name__)

NO_PICTURE = "No picture has come yet; this shows one as soon as a camera sends it.\n"


@video.post("/api/cameras/<path:camera>/frame")
def post_frame(camera: str) -> Response:
    """One JPEG as the body: the newest frame of this camera."""
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
    """Keep the body of this request as the newest frame of a camera. Raises ContractError."""
    part(FrameStore).check_size(camera, request.content_length or 0)
    data = read_body(request)
    return part(FrameStore).put(camera, data, source, time.monotonic())


def asked_camera() -> str | None:
    """`?camera=ID`; None is the one whose frame is the newest."""
    name = request.args.get("camera")
    return None if name is None else camera_name(name)


@video.get("/photo")
def photo() -> Response:
    """The newest frame, its bytes as they came; however old it is. Before the first one a 404 in plain text."""
    frame = part(FrameStore).newest(asked_camera())
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


def _metrics() -> tuple[Metrics, dict[str, str]]:
    """The figures asked for, and whose they are; those of nothing where no frame came yet."""
    name = asked_camera()
    entry = part(FrameStore).camera(name)
    if entry is None:
        return Metrics(current_hub().settings.video.target_interval_ms), {"camera": name or ""}
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
    name = asked_camera()
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
