"""Pages for browsers, and what the same addresses say to programs."""

from __future__ import annotations

import time
from typing import Any

import psutil
from flask import Blueprint, Response, render_template, request
from sqlalchemy import func, select

from ..context import Hub
from ..contract.times import local_text, utc_text
from ..models import Capture
from .lpr_take import connected_clients
from .rest import answer, hub

pages = Blueprint("pages", __name__)

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' http: https: data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def wants_page() -> bool:
    """HTML only where the client prefers it to JSON: `*/*` gets JSON (wire/lpr.md 0.10)."""
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def page(template: str, **values: Any) -> Response:
    response = Response(render_template(template, **values), content_type="text/html; charset=utf-8")
    response.headers.update(SECURITY_HEADERS)
    response.headers["Vary"] = "Accept"
    return response


@pages.get("/")
def home() -> Response:
    """The newest captures for a browser; what this server is for a program (wire/lpr.md 4.1)."""
    if wants_page():
        return page("home.html")
    port = hub().addresses.get("lpr") or hub().addresses.get("main", hub().settings.port)
    return answer({
        "message": "Gatehouse hub, compatible with LPR WebSocket Server v3", "status": "running", "port": port,
        "websocket_endpoint": "/websocket",
        "api_endpoints": {
            "test": "/api/test", "cameras_register": "/api/cameras/register", "detection": "/api/detection", "health": "/api/health",
            "statistics": "/api/statistics", "captures": "/api/captures", "stations": "/api/stations", "status": "/status",
        },
    })


@pages.get("/plates")
def plates() -> Response:
    """Plates live and found again, cameras, the watchlist. Its data is at /api/records, /api/cameras and /api/watchlist."""
    return page("plates.html")


@pages.get("/apriltags")
def apriltags() -> Response:
    """Tags as boards see them, the boards, and readings found again. Its data is at /api/apriltags and /api/apriltags/newest."""
    return page("apriltags.html")


@pages.get("/video")
def video() -> Response:
    """Live pictures with their figures. Its data is at /ws/video, /api/frames and /video_stats."""
    return page("video.html")


@pages.get("/status")
def status() -> Response:
    """The state of the hub: JSON for programs, a page for browsers."""
    if wants_page():
        return page("status.html")
    return answer(_status())


def apriltag_counts(parts: Hub) -> dict[str, Any]:
    """`websocket` of the older servers' status (wire/apriltag.md 2.3), from what is there now."""
    return {"active_connections": parts.tag_sockets, "esp32_connected": parts.boards.esp32_connected, "gdevelop_clients": len(parts.games)}


def _status() -> dict[str, Any]:
    parts = hub()
    newest = parts.reader.all(select(func.count(), func.max(Capture.received_at)).select_from(Capture.__table__))[0]
    return {
        "success": True, "status": "running", "server": "online", "protocol": "websockets_async", "timestamp": local_text(time.time(), parts.zone),
        "uptime_seconds": int(time.time() - parts.started),
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
        "websocket": apriltag_counts(parts), "boards": parts.boards.status()[:100], "apriltag": parts.apriltag.status(),
        "udp": parts.udp.status() if parts.udp is not None else None,
        "listeners": {name: port for name, port in parts.addresses.items() if name != "udp"}, "warnings": parts.warnings + parts.tag_detection.warnings(),
        "captures": {"stored": newest[0], "newest_received_at": utc_text(newest[1])},
        "lpr": {**parts.lpr.statistics.body(connected_clients(parts))["data"], "cameras": parts.lpr.cameras.all()[:100], "rooms": parts.rooms.status()},
        "video": {**parts.frames.status(), "watched_by": parts.viewers.status()},
        "tag_detection": parts.tag_detection.status(),
        "stations": parts.stations.all(), "writer": parts.writer.status(), "tasks": parts.supervisor.status(), "event_loop": parts.loop.status(),
        "games": parts.games.status(),
        "result_listeners": parts.result_listeners.status(), "pages": parts.pages.status(),
        "instance": str(parts.settings.instance.resolve()),
    }
