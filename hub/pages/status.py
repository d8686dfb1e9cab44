"""The state of the hub as JSON: the body of /status."""

from __future__ import annotations

import logging
import platform
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import gevent
import psutil

from hub.access.rate_limits import LogThrottle
from hub.context import Hub
from hub.contract.paging import json_size
from hub.contract.times import local_text
from hub.runtime.version import project_version
from hub.store.migrations.revisions import REVISIONS

log = logging.getLogger(__name__)

MAX_SECTION_BYTES = 150_000  # of one part's state
MAX_WARNINGS = 100
problems = LogThrottle(60.0)


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
        "closed_listeners": [name for name in hub.settings.wanted_listeners if name not in hub.addresses],
        "versions": versions(hub.backend.version),
        "warnings": (hub.warnings + [text for source in hub.warning_sources for text in source()])[:MAX_WARNINGS],
        "writer": hub.writer.status(),
        "tasks": hub.supervisor.status(),
        "event_loop": hub.loop.status(),
        "pages": hub.pages.status(),
        "memory": hub.memory.status(),
        "instance": str(hub.settings.instance.resolve()),
        **{key: _section(key, value) for key, value in hub.status.items()},
    }


@cache
def versions(database: str) -> dict[str, str]:
    """The versions of the hub and of what it stands on, by name. `database`: its name and version."""
    name, _, number = database.partition(" ")
    return {
        "Gatehouse": project_version(),
        "Tables": str(REVISIONS[-1].number),
        "Python": platform.python_version(),
        "gevent": gevent.__version__,
        name: number,
        "TLS": ssl.OPENSSL_VERSION,
        "System": platform.platform(),
    }


def _section(key: str, value: Callable[[], Any]) -> Any:
    """A part's state, cut to MAX_SECTION_BYTES; None where it cannot be shown, so that the others are."""
    try:
        shown = value()
        if json_size(shown) > MAX_SECTION_BYTES:
            return _cut(shown, MAX_SECTION_BYTES)
    except Exception:  # whatever a part holds, the operator sees the rest
        if problems.due():
            log.exception("The state of %s cannot be shown.", key)
        return None
    return shown


def _cut(value: Any, most: int) -> Any:
    """The first items of a list, or of the lists of an object, that have at most so many bytes together."""
    if isinstance(value, list):
        kept: list[Any] = []
        for item in value:
            most -= json_size(item)
            if most < 0:
                break
            kept.append(item)
        return kept
    if isinstance(value, dict):
        share = most // max(1, len(value))
        return {key: one if json_size(one) <= share else _cut(one, share) for key, one in value.items()}
    return value[:most] if isinstance(value, str) else None
