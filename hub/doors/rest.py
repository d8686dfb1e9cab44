"""REST: capture results and stations."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, current_app, request

from ..context import Hub
from ..contract.errors import ContractError
from ..contract.json_text import decode_object, encode
from ..contract.station import KINDS, Incoming, parse_capture
from ..contract.station_status import parse_status
from ..contract.times import local_text
from ..links import host_name
from ..background import offload
from ..services.station import Query
from .body import SMALL, json_object, multipart
from .query import MAX_LIMIT, bound, cursor

rest = Blueprint("rest", __name__, url_prefix="/api")


def hub() -> Hub:
    return current_app.extensions["gatehouse"]


def answer(body: Any, status: int = 200) -> Response:
    """JSON as every door writes it."""
    return Response(encode(body), status=status, content_type="application/json")


def reader_host() -> str:
    """The name by which this client knows the hub, for links."""
    return host_name(request.headers.get("Host"))


@rest.get("/test")
def test() -> Response:
    """Whether the hub runs (wire/lpr.md 4.1)."""
    return answer({"success": True, "message": "Server is running", "timestamp": local_text(time.time(), hub().zone)})


@rest.post("/captures")
def post_capture() -> Response:
    """Take a capture result: multipart (`result` and the files primary, secondary, label) or JSON."""
    stored = hub().captures.accept(_incoming())
    return answer(hub().captures.answer(stored, reader_host()), 200 if stored.duplicate else 201)


def _incoming() -> Incoming:
    limit = hub().settings.limits.max_picture_mb * 1024 * 1024
    if request.mimetype != "multipart/form-data":
        data = json_object(request)
        small = (request.content_length or SMALL) < SMALL
        return parse_capture(data, None, limit) if small else offload(parse_capture, data, None, limit)
    fields, files = multipart(request)
    text = fields.pop("result", None)
    if text is None and "result" in files:
        text = files.pop("result")
    if text is None:
        raise ContractError("The part `result` is missing: it holds the capture result as JSON text; the pictures are the files primary, secondary, label.", ["result is missing"])
    pictures = {kind: files.get(kind, files.get(f"{kind}_image")) for kind in KINDS}
    incoming = parse_capture(decode_object(text), {kind: data for kind, data in pictures.items() if data is not None}, limit)
    known = {name for kind in KINDS for name in (kind, f"{kind}_image")}
    incoming.warnings.extend(f"The part {name[:80]} is not known and was left out" for name in (*fields, *files) if name not in known)
    return incoming


@rest.get("/captures")
def list_captures() -> Response:
    """Captures newest first: limit, cursor, tag, number, station, success, from, to."""
    args = request.args
    query = Query(
        limit=_limit(args.get("limit")), before=cursor(args.get("cursor")), tag=args.get("tag") or None,
        number=args.get("number"), station=args.get("station"), success=_flag("success", args.get("success")),
        since=bound("from", args.get("from"), False, hub().zone), until=bound("to", args.get("to"), True, hub().zone),
    )
    rows, following = hub().captures.find(query)
    host = reader_host()
    return answer({"success": True, "captures": [hub().captures.public(row, host) for row in rows],
                   "next_cursor": str(following) if following is not None else None})


@rest.get("/captures/<capture_id>")
def get_capture(capture_id: str) -> Response:
    row = hub().captures.get(capture_id)
    capture = hub().captures.public(row, reader_host())
    return answer({"success": True, "capture": capture} | {key: value for key, value in capture.items() if key != "success"})


@rest.get("/stations")
def list_stations() -> Response:
    """Every station's last status, the one heard last first."""
    return answer({"success": True, "stations": hub().stations.all()[:_limit(request.args.get("limit"))], "next_cursor": None})


@rest.post("/stations/status")
def post_status() -> Response:
    """An agent without Socket.IO tells a station's status here."""
    hub().stations.report(parse_status(json_object(request)))
    return answer({"success": True, "message": "Station status received"})


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= MAX_LIMIT:
        raise ContractError(f"limit is a whole number from 1 to {MAX_LIMIT}.", [f"limit: {text[:80]!r}"])
    return int(text)


def _flag(name: str, text: str | None) -> bool | None:
    if text is None or text == "":
        return None
    if text.lower() not in ("true", "false", "1", "0"):
        raise ContractError(f"{name} is true or false.", [f"{name}: {text[:80]!r}"])
    return text.lower() in ("true", "1")
