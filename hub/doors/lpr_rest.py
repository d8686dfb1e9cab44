"""REST for licence-plate cameras: records in, records, cameras and counts out (wire/lpr.md 4.1)."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, request

from ..background import offload
from ..context import Hub
from ..contract.errors import ContractError
from ..contract.lpr_record import Test
from ..contract.times import local_text
from ..services.lpr_records import Query
from ..services.lpr_replies import rest_reply
from .body import read_body
from .lpr_take import LARGE, connected_clients, decode_body, take, test_reply
from .query import bound, cursor, page_limit
from .rest import answer, hub, reader_host

lpr_rest = Blueprint("lpr_rest", __name__)

HINTS = {"/api/detection": "detection", "/api/health": "health", "/api/cameras/register": "register", "/api/data": None, "/api/statistics": None}
EVENTS = ["camera_register", "lpr_data", "health_status", "ping", "join_dashboard", "join_health_room", "lpr_response", "health_response", "pong", "status"]
KINDS = ("", "application/json", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/octet-stream")
BYTES_LIMIT = 100


def receive(parts: Hub, path: str, content_type: str, body: bytes, peer: str, serial: str) -> dict[str, Any]:
    """The answer (200) to what was posted to `path`. Raises ContractError."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in KINDS and not kind.endswith("+json"):
        raise ContractError(f"The content type {kind[:80]} is not taken here; send JSON as application/json.", status=415)
    accepted = take(parts, decode_body(body), HINTS[path], "rest", peer, len(body) >= LARGE, serial[:200])
    return test_reply(parts) if isinstance(accepted, Test) else rest_reply(accepted, parts.zone)


def statistics_body(parts: Hub) -> dict[str, Any]:
    return parts.lpr.statistics.body(connected_clients(parts))


def posted(path: str) -> Response:
    """The present request's body as posted to `path`, one of HINTS."""
    return answer(receive(hub(), path, request.content_type or "", read_body(request), request.remote_addr or "", request.headers.get("X-Device-Serial", "")))


def _post() -> Response:
    return posted(request.path.rstrip("/"))


for _path in HINTS:
    lpr_rest.add_url_rule(_path, f"post{_path.replace('/', '_')}", _post, methods=["POST"], strict_slashes=False)


@lpr_rest.get("/api/statistics", strict_slashes=False)
def statistics() -> Response:
    """The probe that decides whether a camera ever speaks (wire/lpr.md 0.6)."""
    return answer(statistics_body(hub()))


@lpr_rest.get("/api/cameras", strict_slashes=False)
def cameras() -> Response:
    rows = hub().lpr.cameras.all()
    return answer({"success": True, "cameras": rows, "total_cameras": len(rows), "timestamp": local_text(time.time(), hub().zone)})


def _query(limit: int) -> Query:
    args = request.args
    return Query(
        limit=limit, before=cursor(args.get("cursor")), camera=args.get("camera_id") or args.get("camera") or None,
        checkpoint=args.get("checkpoint_id") or args.get("checkpoint") or None, plate=args.get("plate") or None,
        component=args.get("component") or None,
        since=bound("from", args.get("from"), False, hub().zone), until=bound("to", args.get("to"), True, hub().zone))


@lpr_rest.get("/api/records", strict_slashes=False)
def records() -> Response:
    """The newest records that match, oldest first, with links to their pictures; `images=base64` gives the bytes."""
    with_bytes = request.args.get("images") == "base64"
    limit = page_limit(request.args.get("limit"), 20)
    query = _query(min(limit, BYTES_LIMIT) if with_bytes else limit)
    rows, following, total = hub().lpr.records.find(query)
    host, found = reader_host(), hub().lpr.records

    def shown() -> list[dict[str, Any]]:
        return [found.public(row, host, with_bytes) for row in rows]

    listed = offload(shown) if with_bytes or len(rows) > 50 else shown()
    return answer({"success": True, "records": listed, "total_count": total, "returned_count": len(listed),
                   "next_cursor": str(following) if following is not None else None, "timestamp": local_text(time.time(), hub().zone)})


@lpr_rest.get("/api/records/<record_id>")
def record(record_id: str) -> Response:
    row = hub().lpr.records.get(record_id)
    shown = offload(hub().lpr.records.public, row, reader_host(), request.args.get("images") == "base64")
    return answer({"success": True, "record": shown})


@lpr_rest.get("/api/health", strict_slashes=False)
def health() -> Response:
    """Health reports, newest first."""
    rows, following = hub().lpr.records.health(_query(page_limit(request.args.get("limit"), 50)))
    return answer({"success": True, "health": rows, "next_cursor": str(following) if following is not None else None})


@lpr_rest.get("/websocket")
def websocket() -> Response:
    """How to connect by Socket.IO (wire/lpr.md 4.1)."""
    port = hub().addresses.get("lpr") or hub().settings.lpr.port
    return answer({"message": "Connect with Socket.IO, or send JSON over a raw WebSocket to the same address",
                   "connection_url": f"ws://{reader_host()}:{port}", "events": EVENTS})
