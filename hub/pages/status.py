"""The state of the hub as JSON: the body of /status."""

from __future__ import annotations

import time
from typing import Any

import psutil

from hub.context import Hub
from hub.contract.times import local_text


def status_body(hub: Hub) -> dict[str, Any]:
    """The shared parts' state, and a key for each status provider of `hub.status`."""
    now = time.time()
    return {
        "success": True,
        "status": "running",
        "server": "online",
        "protocol": "websockets_async",
        "timestamp": local_text(now, hub.zone),
        "uptime_seconds": int(now - hub.started),
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
        "listeners": {name: port for name, port in hub.addresses.items() if name != "udp"},
        "warnings": hub.warnings + [text for source in hub.warning_sources for text in source()],
        "writer": hub.writer.status(),
        "tasks": hub.supervisor.status(),
        "event_loop": hub.loop.status(),
        "pages": hub.pages.status(),
        "memory": hub.memory.status(),
        "instance": str(hub.settings.instance.resolve()),
        **{key: value() for key, value in hub.status.items()},
    }
