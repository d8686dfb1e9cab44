"""The replies to cameras: the published messages, and every key that any generation reads (docs/wire/lpr.md 4)."""

from __future__ import annotations

import time
from datetime import tzinfo
from typing import Any

from hub.contract.times import local_text
from hub.lpr.service import Accepted

REST = {
    "detection": "Detection data received",
    "health": "Health data received",
    "registration": "Camera registered successfully",
}
SOCKET = {
    "detection": "LPR data received successfully",
    "health": "Health status received successfully",
    "registration": "Camera registered successfully",
}
ID = {"detection": "detection_id", "health": "health_id"}


def rest_reply(accepted: Accepted, zone: tzinfo | None) -> dict[str, Any]:
    """The body of status 200 over REST."""
    body: dict[str, Any] = {"success": True, "message": REST[accepted.kind]}
    if accepted.kind in ID:
        body[ID[accepted.kind]] = accepted.id
    body.update(accepted.record.sender.echo)
    body["timestamp"] = local_text(time.time(), zone)
    body["warnings"] = accepted.warnings
    if accepted.duplicate:
        body["duplicate"] = True
    return body


def socket_reply(accepted: Accepted, zone: tzinfo | None) -> dict[str, Any]:
    """The reply event and the acknowledgement over Socket.IO, with the keys that five generations read."""
    body = rest_reply(accepted, zone) | {"status": "success", "message": SOCKET[accepted.kind]}
    if accepted.kind == "detection":
        body["saved_path"] = accepted.saved
    return body


def raw_reply(accepted: Accepted, zone: tzinfo | None) -> dict[str, Any]:
    """The reply as a text frame over raw WebSocket (docs/wire/lpr.md 1.3)."""
    body = rest_reply(accepted, zone)
    kind = {"detection": "detection_response", "health": "health_response"}.get(accepted.kind, "general_response")
    data = {key: body[key] for key in ("detection_id", "health_id", "camera_id", "checkpoint_id") if key in body}
    return {"status": "success", **body, "type": kind, "data": data}
