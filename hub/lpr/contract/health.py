"""Health reports: the status words of five camera generations mapped to three (docs/wire/lpr.md 2 "health status")."""

from __future__ import annotations

from typing import Any

from hub.lpr.contract.fields import Fields

STATUSES = {
    "pass": "ok",
    "healthy": "ok",
    "online": "ok",
    "ok": "ok",
    "good": "ok",
    "active": "ok",
    "warning": "warning",
    "warn": "warning",
    "degraded": "warning",
    "fail": "error",
    "failed": "error",
    "error": "error",
    "critical": "error",
    "unhealthy": "error",
    "offline": "error",
}
EDGE_STATUS = ("cpu_usage", "memory_usage", "disk_usage", "camera_status", "hailo_status", "system_info")
DEFAULT_COMPONENT = "System"


def read_health(fields: Fields) -> dict[str, Any]:
    """Read component, status, raw_status, message and details of a health report."""
    raw = fields.text("status", 200) or fields.text("health_status", 200)
    details = fields.decoded("details")
    own = {key: fields.data.pop(key) for key in EDGE_STATUS if key in fields.data}
    if own:
        details = {**own, **details} if isinstance(details, dict) else own
    status = STATUSES.get(raw.lower())
    if status is None:
        status = raw[:80]
        if raw:
            fields.warnings.append(f"status {raw[:80]!r} is not a known health status; it was kept as it is")
        elif isinstance(own.get("camera_status"), str):
            status = STATUSES.get(own["camera_status"].strip().lower(), "ok")
        else:
            status = "ok" if own else ""
    return {
        "component": fields.text("component", 200) or DEFAULT_COMPONENT,
        "status": status,
        "raw_status": raw,
        "message": fields.text("message"),
        "details": details,
    }
