"""The routes of live pictures in the OpenAPI document (docs/wire/apriltag.md 2.3)."""

from __future__ import annotations

from hub.http.parameters import FPS
from hub.openapi.channels import Channel
from hub.openapi.operation import (
    BYTES,
    Answer,
    Body,
    Content,
    Operation,
    Parameter,
    header,
    in_path,
    json_answer,
    page_answer,
    success,
)
from hub.openapi.schema import Named, Schema, fields, instant, items, nullable, number, text, whole
from hub.video.frames import MAX_NAME

TAG = "Video"
CAMERA = Parameter(
    "camera",
    {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
    "The camera's id; without it the camera of the newest picture.",
)
SIZE: dict[str, Schema] = {"width": whole("Pixels.", 0), "height": whole("Pixels.", 0), "resolution": text()}
NAME: dict[str, Schema] = {"camera": text("The camera; empty before its first picture where none is named.")}
RATE = fields(
    {
        "fps": number("Pictures a second now.", 0),
        "target_fps": number("As it should be, set or estimated.", 0),
        "interval_ms": whole("The same as an interval; 0 while it is unknown.", 0),
        **SIZE,
        **NAME,
    }
)
STATS: dict[str, Schema] = {
    **{key: number("Seconds.", 0) for key in ("avg_interval", "min_interval", "max_interval", "jitter")},
    "avg_fps": number(min=0),
    "target_fps": number(min=0),
    **{key: whole("Bytes.", 0) for key in ("avg_size", "min_size", "max_size")},
    **{key: number("Milliseconds.", 0) for key in ("avg_processing", "max_processing")},
    "total_frames": whole(min=0),
    "dropped_frames": whole(min=0),
    "efficiency": number("Percent.", 0),
    "recommendation": text("A rating and a sentence."),
    "current_fps": number(min=0),
    **SIZE,
}
HISTORY = fields(
    {key: items(number(min=0)) for key in ("fps", "size", "processing_ms", "longest_gap_ms")},
    description="The last minute, a value a second, the oldest first; only with `camera`.",
)
ROW = Named(
    "VideoCamera",
    fields(
        {
            **NAME,
            "source": text("How its pictures come."),
            "received_at": nullable(instant("The newest picture.")),
            "age_seconds": nullable(number(min=0)),
            "size": whole("Bytes of the newest picture.", 0),
            "seq": whole("Its number, which grows over all cameras.", 0),
            **STATS,
            "interval_ms": whole(min=0),
            "words": fields({key: text() for key in ("jitter", "efficiency", "processing")}),
            "history": HISTORY,
        },
        optional=["history"],
    ),
)
OPERATIONS = {
    "POST /api/cameras/{camera}/frame": Operation(
        TAG,
        {
            200: json_answer(
                "The picture is shown.",
                success(
                    {"camera": text(), "size": whole("Bytes."), "width": whole(), "height": whole(), "seq": whole()}
                ),
            )
        },
        errors=(400, 413, 415, 429, 503),
        parameters=[
            in_path("camera", "The camera's id, which may have slashes."),
            header("X-Gatehouse-Source", "`agent`, from a station's agent."),
        ],
        body=Body({"image/jpeg": Content(BYTES)}, "One JPEG; the content type does not matter."),
    ),
    "GET /photo": Operation(
        TAG,
        {
            200: Answer(
                "The picture.",
                {"image/jpeg": Content(BYTES)},
                {"X-Frame-Age": "Its age in seconds.", "X-Frame-Seq": "Its number, which grows over all cameras."},
            ),
            404: Answer("There is no picture yet.", {"text/plain": Content(text())}),
        },
        errors=(400,),
        parameters=[CAMERA],
    ),
    "GET /video/stream": Operation(
        TAG,
        {200: Answer("Pictures, each as soon as it comes.", {"multipart/x-mixed-replace": Content(BYTES)})},
        errors=(400, 503),
        parameters=[CAMERA, FPS],
        endless=True,
    ),
    "GET /video_fps": Operation(
        TAG,
        {200: json_answer("The rate.", RATE)},
        errors=(400,),
        parameters=[CAMERA],
        summary="The rate of a camera's pictures.",
    ),
    "GET /video_stats": Operation(
        TAG,
        {200: json_answer("The metrics.", fields({**STATS, **NAME}))},
        errors=(400,),
        parameters=[CAMERA],
        summary="The metrics of a camera's pictures.",
    ),
    "GET /api/frames": Operation(
        TAG,
        {200: page_answer("The cameras.", "cameras", ROW)},
        errors=(400, 404),
        parameters=[Parameter(CAMERA.name, CAMERA.schema, "Only this camera, with its last minute.")],
    ),
}
CHANNELS = [
    Channel(
        "/ws/video",
        "websocket",
        "Live pictures of many cameras: `?camera=A&camera=B` (all without it), `&fps=` limits those of each, "
        "`&width=` scales them down.",
        sends={
            "binary": "a picture: 2 bytes with the length of the header, the header as JSON (camera, seq, timestamp, "
            "width, height), the JPEG"
        },
        document="docs/video.md",
    )
]
