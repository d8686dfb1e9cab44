"""Pictures of boards without a token, and the interval of boards' pictures (docs/wire/apriltag.md 1.5, 2.3)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.access.rate_limits import RateLimiter
from hub.apriltag.access import PICTURE_PATH
from hub.apriltag.boards import Boards
from hub.apriltag.commands import BoardCommands
from hub.contract.errors import ContractError, TooManyRequests
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, note_change, part
from hub.http.body import json_object
from hub.video.rest import put_frame, requested_camera

apriltag_video = Blueprint("apriltag_video", __name__)

MIN_INTERVAL_MS, MAX_INTERVAL_MS = 100, 10_000


class PictureLimit(RateLimiter):
    """Rate limiter of pictures without a token, by sender address."""


@apriltag_video.post(PICTURE_PATH)
@role(Role.DEVICE)
def legacy_post() -> Response:
    """Store the body, one JPEG of any content type without a token, as the newest frame of the sender's address.

    The address is of an allowed network (`hub.apriltag.access`).
    """
    address = request.environ.get("REMOTE_ADDR", "")
    if not part(PictureLimit).allow(address):
        raise TooManyRequests(
            f"At most {current_hub().settings.apriltag.source_rate} pictures a second of one address are taken "
            "(apriltag.source_rate).",
            retry_after=1,
        )
    frame = put_frame(address, "http")
    part(Boards).received(address, "http")
    return answer({"status": "success", "size": len(frame.data)})


@apriltag_video.post("/set_video_interval", strict_slashes=False)
@role(Role.OPERATOR)
def set_video_interval() -> Response:
    """Send `{"interval_ms": 100..10000}` to every board with a WebSocket, or to the one named by `?camera=`.

    503 where there is none.
    """
    interval = json_object(request).get("interval_ms")
    if isinstance(interval, float) and interval.is_integer():
        interval = int(interval)
    if (
        isinstance(interval, bool)
        or not isinstance(interval, int)
        or not MIN_INTERVAL_MS <= interval <= MAX_INTERVAL_MS
    ):
        raise ContractError(
            f"interval_ms is a whole number from {MIN_INTERVAL_MS} to {MAX_INTERVAL_MS} "
            "(milliseconds between two pictures).",
            [f"interval_ms: {str(interval)[:80]}"],
        )
    notified = part(BoardCommands).send({"event": "set_video_interval", "interval_ms": interval}, requested_camera())
    if not notified:
        return answer(
            {
                "status": "error",
                "success": False,
                "message": "ESP32 not connected",
                "errors": ["No board is connected by WebSocket, so nobody can be told."],
            },
            503,
        )
    note_change("video.interval", requested_camera() or "every board", {"interval_ms": interval})
    return answer(
        {
            "status": "success",
            "success": True,
            "interval_ms": interval,
            "fps": round(1000 / interval, 2),
            "told": notified,
        }
    )
