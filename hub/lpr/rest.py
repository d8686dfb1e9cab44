"""REST transport of licence-plate cameras: records in; records, cameras and statistics out (docs/wire/lpr.md 4.1)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, after_this_request, request

from hub.access.declare import role
from hub.contract.paging import page_of
from hub.contract.roles import Role
from hub.contract.times import local_text
from hub.http.answers import answer, current_hub, note_change, part, reader_host, with_reason_phrase
from hub.http.body import read_body
from hub.http.query import bound, by_time, cursor, page_limit
from hub.lpr.camera import Camera
from hub.lpr.ingest import HINTS, ingest_post, statistics_reply, test_reply
from hub.lpr.picture_texts import list_pieces, object_pieces
from hub.lpr.repository.query import Query
from hub.lpr.service import Lpr
from hub.runtime.offload import offload

lpr_rest = Blueprint("lpr_rest", __name__)

EVENTS = [
    "camera_register",
    "lpr_data",
    "health_status",
    "ping",
    "join_dashboard",
    "join_health_room",
    "lpr_response",
    "health_response",
    "pong",
    "status",
]
BYTES_LIMIT = 100


def ingest_request(path: str) -> Response:
    """Ingest the current request's body as a POST to `path`, one of HINTS."""
    after_this_request(with_reason_phrase)
    return answer(ingest_post(current_hub(), path, read_body(request), request.environ))


@role(Role.DEVICE)
def _post() -> Response:
    return ingest_request(request.path.rstrip("/"))


for _path in HINTS:
    lpr_rest.add_url_rule(_path, f"post{_path.replace('/', '_')}", _post, methods=["POST"], strict_slashes=False)


@lpr_rest.get("/api/test")
@role(Role.OPEN, any_origin=True)
def test() -> Response:
    """Confirm that the hub runs (docs/wire/lpr.md 4.1)."""
    return answer(test_reply(current_hub()))


@lpr_rest.get("/api/statistics", strict_slashes=False)
@role(Role.OPEN, any_origin=True)
def statistics() -> Response:
    """The counters; cameras probe this address before they send anything (docs/wire/lpr.md 0.6)."""
    return answer(statistics_reply(current_hub()))


@lpr_rest.get("/api/cameras", strict_slashes=False)
@role(Role.VIEWER)
def cameras() -> Response:
    """Every known camera with its state, the one seen last first; `cursor` goes on where a page ended."""
    cameras = part(Lpr).cameras
    found, start = cameras.newest_first(), cursor(request.args.get("cursor")) or 0
    rows, following = offload(page_of, found, start, len(found), Camera.shown)
    return answer(
        {
            "success": True,
            "cameras": rows,
            "total_cameras": len(found),
            "next_cursor": str(following) if following is not None else None,
            "timestamp": local_text(time.time(), current_hub().zone),
        }
    )


def _query(limit: int) -> Query:
    """The filters of the current request. Raises ContractError."""
    args = request.args
    return Query(
        limit=limit,
        before=cursor(args.get("cursor")),
        camera=args.get("camera_id") or args.get("camera") or None,
        checkpoint=args.get("checkpoint_id") or args.get("checkpoint") or None,
        plate=args.get("plate") or None,
        component=args.get("component") or None,
        since=bound("from", args.get("from"), False, current_hub().zone),
        until=bound("to", args.get("to"), True, current_hub().zone),
        order_by_time=by_time(args.get("order")),
    )


@lpr_rest.get("/api/records", strict_slashes=False)
@role(Role.VIEWER)
def records() -> Response:
    """List the newest matching records, oldest first, with picture links; `images=base64` gives the pictures' bytes."""
    with_bytes = request.args.get("images") == "base64"
    limit = page_limit(request.args.get("limit"), 20)
    query = _query(min(limit, BYTES_LIMIT) if with_bytes else limit)
    rows, following, (total, exact) = part(Lpr).records.find(query)
    host, found = reader_host(), part(Lpr).records
    rest = {
        "total_count": total,
        "total_is_exact": exact,
        "returned_count": len(rows),
        "next_cursor": str(following) if following is not None else None,
        "timestamp": local_text(time.time(), current_hub().zone),
    }
    if with_bytes:
        shown = (found.public(row, host, True) for row in rows)
        return _streamed(list_pieces({"success": True}, "records", shown, rest, current_hub().picture_files))

    def public() -> list[dict[str, Any]]:
        return [found.public(row, host) for row in rows]

    listed = current_hub().lanes.reads.run(public) if len(rows) > 50 else public()
    return answer({"success": True, "records": listed, **rest})


def _streamed(pieces: Iterator[bytes]) -> Response:
    """A JSON response that is read from the disk while it is sent."""
    return Response(pieces, content_type="application/json")


@lpr_rest.get("/api/records/<record_id>")
@role(Role.VIEWER)
def record(record_id: str) -> Response:
    """One record, with picture links or with bytes."""
    row = part(Lpr).records.get(record_id)
    with_bytes = request.args.get("images") == "base64"
    body = {"success": True, "record": part(Lpr).records.public(row, reader_host(), with_bytes)}
    return _streamed(object_pieces(body, current_hub().picture_files)) if with_bytes else answer(body)


@lpr_rest.post("/api/records/<record_id>/protect")
@role(Role.OPERATOR)
def protect_record(record_id: str) -> Response:
    """Keep a record and its pictures whatever the rules of retention say."""
    return _protect(record_id, True)


@lpr_rest.delete("/api/records/<record_id>/protect")
@role(Role.OPERATOR)
def release_record(record_id: str) -> Response:
    """Let the rules of retention decide about a record again."""
    return _protect(record_id, False)


def _protect(record_id: str, protected: bool) -> Response:
    part(Lpr).protect(record_id, protected)
    note_change("detection.protect" if protected else "detection.release", record_id)
    message = "The record is kept until it is released" if protected else "The record expires like others"
    return answer({"success": True, "message": message, "detection_id": record_id, "protected": protected})


@lpr_rest.get("/api/health", strict_slashes=False)
@role(Role.VIEWER)
def health() -> Response:
    """List health reports, newest first."""
    rows, following = part(Lpr).records.health(_query(page_limit(request.args.get("limit"), 50)))
    return answer({"success": True, "health": rows, "next_cursor": str(following) if following is not None else None})


@lpr_rest.get("/websocket")
@role(Role.DEVICE, readers=True)
def websocket() -> Response:
    """How to connect by Socket.IO (docs/wire/lpr.md 4.1)."""
    settings = current_hub().settings
    port = current_hub().addresses.get("lpr") or settings.lpr.port
    return answer(
        {
            "message": "Connect with Socket.IO, or send JSON over a raw WebSocket to the same address",
            "connection_url": f"{'wss' if settings.uses_tls else 'ws'}://{reader_host()}:{port}",
            "events": EVENTS,
        }
    )


@lpr_rest.post("/api/v1/detection")
@role(Role.DEVICE)
def v1_detection() -> Response:
    """Ingest a detection; the same as /api/detection."""
    return ingest_request("/api/detection")


@lpr_rest.post("/api/v1/health")
@role(Role.DEVICE)
def v1_health() -> Response:
    """Ingest a health report; the same as /api/health."""
    return ingest_request("/api/health")


@lpr_rest.route("/api/v1/config", methods=["GET", "POST"])
@role(Role.DEVICE, readers=True)
def v1_config() -> Response:
    """Acknowledge a configuration; the hub has no settings for cameras but the time until they count as offline."""
    return answer(
        {
            "success": True,
            "message": "Configuration received; this hub sets nothing on cameras",
            "config": {"offline_seconds": current_hub().settings.lpr.offline_seconds},
        }
    )
