"""Pages for browsers, and the JSON of the same addresses for programs."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.access.declare import role
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub
from hub.http.page import page, wants_page
from hub.pages.status import status_body

pages = Blueprint("pages", __name__)


@pages.get("/")
@role(Role.DEVICE, readers=True)
def home() -> Response:
    """The page of the gate; for programs the description of the server (docs/wire/lpr.md 4.1)."""
    if wants_page():
        return page("gate.html")
    port = current_hub().addresses.get("lpr") or current_hub().addresses.get("main", current_hub().settings.port)
    return answer(
        {
            "message": "Gatehouse hub, compatible with LPR WebSocket Server v3",
            "status": "running",
            "port": port,
            "websocket_endpoint": "/websocket",
            "api_endpoints": {
                "test": "/api/test",
                "cameras_register": "/api/cameras/register",
                "detection": "/api/detection",
                "health": "/api/health",
                "statistics": "/api/statistics",
                "captures": "/api/captures",
                "stations": "/api/stations",
                "status": "/status",
            },
        }
    )


@pages.get("/plates")
@role(Role.VIEWER)
def plates() -> Response:
    """Live and stored plates, cameras, the watchlist; data from /api/records, /api/cameras and /api/watchlist."""
    return page("plates.html")


@pages.get("/watchlist")
@role(Role.VIEWER)
def watchlist() -> Response:
    """Plates to stop or to let in; data from /api/watchlist."""
    return page("watchlist.html")


@pages.get("/apriltags")
@role(Role.VIEWER)
def apriltags() -> Response:
    """Live tags, boards and stored readings; data from /api/apriltags and /api/apriltags/newest."""
    return page("apriltags.html")


@pages.get("/video")
@role(Role.VIEWER)
def video() -> Response:
    """Live pictures with their metrics; data from /ws/video, /api/frames and /video_stats."""
    return page("video.html")


@pages.get("/track")
@role(Role.VIEWER)
def track() -> Response:
    """Follow a person; data from /upload-embedding, /video-stream/ID, /ws/video and /api/tracking."""
    return page("track.html")


@pages.get("/devices")
@role(Role.VIEWER)
def devices() -> Response:
    """Devices that wait, that were let in, tokens and registrations; data from /api/access and /api/devices."""
    return page("devices.html")


@pages.get("/status")
@role(Role.VIEWER)
def status() -> Response:
    """The state of the hub: a page for browsers, JSON for programs."""
    if wants_page():
        return page("status.html")
    return answer(status_body(current_hub()))
