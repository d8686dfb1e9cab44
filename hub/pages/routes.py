"""Pages for browsers, and what the same addresses say to programs."""

from __future__ import annotations

import time
from typing import Any

import psutil
from flask import Blueprint, Response, render_template, request

from hub.contract.times import local_text
from hub.http.answers import answer, current_hub

pages = Blueprint("pages", __name__)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' http: https: data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def wants_page() -> bool:
    """HTML only where the client prefers it to JSON: `*/*` gets JSON (docs/wire/lpr.md 0.10)."""
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def page(template: str, **values: Any) -> Response:
    response = Response(render_template(template, **values), content_type="text/html; charset=utf-8")
    response.headers.update(SECURITY_HEADERS)
    response.headers["Vary"] = "Accept"
    return response


@pages.get("/")
def home() -> Response:
    """The newest captures for a browser; what this server is for a program (docs/wire/lpr.md 4.1)."""
    if wants_page():
        return page("home.html")
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


def _status() -> dict[str, Any]:
    hub = current_hub()
    return {
        "success": True,
        "status": "running",
        "server": "online",
        "protocol": "websockets_async",
        "timestamp": local_text(time.time(), hub.zone),
        "uptime_seconds": int(time.time() - hub.started),
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
        "listeners": {name: port for name, port in hub.addresses.items() if name != "udp"},
        "warnings": hub.warnings + [text for source in hub.warning_sources for text in source()],
        "writer": hub.writer.status(),
        "tasks": hub.supervisor.status(),
        "event_loop": hub.loop.status(),
        "pages": hub.pages.status(),
        "instance": str(hub.settings.instance.resolve()),
        **{key: value() for key, value in hub.status.items()},
    }
