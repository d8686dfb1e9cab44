"""The steps that the transports of cameras share: parse an object with the contract, then store it."""

from __future__ import annotations

import time
from typing import Any

from hub.access.senders import check_sender
from hub.context import Hub
from hub.contract.errors import ContractError
from hub.contract.times import local_text
from hub.lpr.connections import Connections
from hub.lpr.contract.parser import Context, parse
from hub.lpr.contract.record import Test
from hub.lpr.replies import rest_reply
from hub.lpr.service import Accepted, Lpr
from hub.net.wsgi import Environ
from hub.runtime.offload import offload

LARGE = 256 * 1024
# Path of a POST -> the kind of record that it carries; None where the record itself decides.
HINTS = {
    "/api/detection": "detection",
    "/api/health": "health",
    "/api/cameras/register": "register",
    "/api/data": None,
    "/api/statistics": None,
}
CONTENT_TYPES = (
    "",
    "application/json",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
)


def ingest(
    hub: Hub,
    data: Any,
    hint: str | None,
    transport: str,
    peer: str,
    large: bool = False,
    serial: str = "",
    origin: object = None,
) -> Accepted | Test:
    """Parse and store an object, a `large` one parsed on a native thread. Raises RequestError (StoreBusy among them).

    `transport` is stored as the record's `door`; `origin` is the connection that now represents the camera.
    """
    settings = hub.settings
    max_bytes, max_megapixels = settings.limits.max_picture_mb * 1024 * 1024, settings.images.max_megapixels
    context = Context(peer, time.time(), hub.zone, max_bytes, serial, max_megapixels)
    record = offload(parse, data, context, hint) if large else parse(data, context, hint)
    return record if isinstance(record, Test) else hub.part(Lpr).accept(record, transport, peer, origin)


def ingest_post(hub: Hub, path: str, body: bytes, environ: Environ) -> dict[str, Any]:
    """Parse and store the body of a POST as one to `path` (one of HINTS); the reply. Raises RequestError."""
    content_type = environ.get("CONTENT_TYPE") or ""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES and not kind.endswith("+json"):
        raise ContractError(
            f"The content type {kind[:80]} is not taken here; send JSON as application/json.", status=415
        )
    data = hub.json.decode(body)
    check_sender(hub.gate, environ, data, "http")
    peer, serial = environ.get("REMOTE_ADDR") or "", environ.get("HTTP_X_DEVICE_SERIAL", "")[:200]
    accepted = ingest(hub, data, HINTS[path], "rest", peer, len(body) >= LARGE, serial)
    return test_reply(hub) if isinstance(accepted, Test) else rest_reply(accepted, hub.zone)


def test_reply(hub: Hub) -> dict[str, Any]:
    """The reply to `type: "test"`."""
    return {"success": True, "message": "Server is running", "timestamp": local_text(time.time(), hub.zone)}


def statistics_reply(hub: Hub) -> dict[str, Any]:
    """The reply to GET /api/statistics: bare counters, which strangers may see as well."""
    return hub.part(Lpr).statistics.body(hub.part(Connections).count())
