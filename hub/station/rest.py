"""REST transport of stations: capture results, and the status of each station."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.access.senders import check_sender
from hub.contract.errors import ContractError
from hub.contract.paging import page_of
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, note_change, part, reader_host
from hub.http.body import json_object, multipart
from hub.http.query import MAX_LIMIT, bound, by_time, cursor
from hub.station.contract.capture import KINDS, Incoming
from hub.station.contract.status import parse_status
from hub.station.ingest import SMALL, parse_incoming
from hub.station.repository import Query
from hub.station.service import Captures
from hub.station.stations import Stations

station_rest = Blueprint("station_rest", __name__, url_prefix="/api")


@station_rest.post("/captures")
@role(Role.DEVICE)
def post_capture() -> Response:
    """Store a capture result: multipart (`result` and the files primary, secondary, label) or JSON."""
    incoming = _incoming()
    check_sender(current_hub().gate, request.environ, incoming.result.station, "http")
    stored = part(Captures).accept(incoming)
    return answer(part(Captures).answer(stored, reader_host()), 200 if stored.duplicate else 201)


def _incoming() -> Incoming:
    """Parse the current request. Raises RequestError."""
    if request.mimetype != "multipart/form-data":
        data = json_object(request)
        return parse_incoming(current_hub(), data, small=(request.content_length or SMALL) < SMALL)
    fields, files = multipart(request)
    text: str | bytes | None = fields.pop("result", None)
    if text is None:
        text = files.pop("result", None)
    if text is None:
        raise ContractError(
            "The part `result` is missing: it holds the capture result as JSON text; the pictures are the files "
            "primary, secondary, label.",
            ["result is missing"],
        )
    pictures = {kind: files.get(kind, files.get(f"{kind}_image")) for kind in KINDS}
    sent = {kind: data for kind, data in pictures.items() if data is not None}
    incoming = parse_incoming(current_hub(), current_hub().json.decode_object(text), sent, small=True)
    known = {name for kind in KINDS for name in (kind, f"{kind}_image")}
    incoming.warnings.extend(
        f"The part {name[:80]} is not known and was left out" for name in (*fields, *files) if name not in known
    )
    return incoming


@station_rest.get("/captures")
@role(Role.VIEWER)
def list_captures() -> Response:
    """List captures, newest first: limit, cursor, tag, number, station, success, from, to, order."""
    args = request.args
    query = Query(
        limit=_limit(args.get("limit")),
        before=cursor(args.get("cursor")),
        tag=args.get("tag") or None,
        number=args.get("number"),
        station=args.get("station"),
        success=_flag("success", args.get("success")),
        since=bound("from", args.get("from"), False, current_hub().zone),
        until=bound("to", args.get("to"), True, current_hub().zone),
        order_by_time=by_time(args.get("order")),
    )
    return _page(*part(Captures).find(query))


@station_rest.get("/unread")
@role(Role.VIEWER)
def list_unread() -> Response:
    """List captures that failed or have no number and that nobody has corrected yet, newest first: limit, cursor."""
    return _page(*part(Captures).unread(_limit(request.args.get("limit")), cursor(request.args.get("cursor"))))


def _page(rows: list[dict[str, Any]], following: int | None) -> Response:
    host, captures = reader_host(), part(Captures)
    return answer(
        {
            "success": True,
            "captures": [captures.shown(row, host) for row in rows],
            "next_cursor": str(following) if following is not None else None,
        }
    )


@station_rest.get("/captures/<capture_id>")
@role(Role.VIEWER)
def get_capture(capture_id: str) -> Response:
    """One capture, under `capture` and flat."""
    row = part(Captures).get(capture_id)
    capture = part(Captures).shown(row, reader_host())
    return answer(
        {"success": True, "capture": capture} | {key: value for key, value in capture.items() if key != "success"}
    )


@station_rest.post("/captures/<capture_id>/protect")
@role(Role.OPERATOR)
def protect_capture(capture_id: str) -> Response:
    """Keep a capture and its pictures whatever the rules of retention say."""
    return _protect(capture_id, True)


@station_rest.delete("/captures/<capture_id>/protect")
@role(Role.OPERATOR)
def release_capture(capture_id: str) -> Response:
    """Let the rules of retention decide about a capture again."""
    return _protect(capture_id, False)


def _protect(capture_id: str, protected: bool) -> Response:
    part(Captures).protect(capture_id, protected)
    note_change("capture.protect" if protected else "capture.release", capture_id)
    message = "The capture is kept until it is released" if protected else "The capture expires like others"
    return answer({"success": True, "message": message, "id": capture_id, "protected": protected})


@station_rest.get("/stations")
@role(Role.VIEWER)
def list_stations() -> Response:
    """The last status of every station, the most recent first."""
    stations = part(Stations)
    start = cursor(request.args.get("cursor")) or 0
    rows, following = page_of(stations.newest_first(), start, _limit(request.args.get("limit")), stations.show)
    return answer({"success": True, "stations": rows, "next_cursor": str(following) if following is not None else None})


@station_rest.post("/stations/status")
@role(Role.DEVICE)
def post_status() -> Response:
    """Accept a station's status from an agent without Socket.IO."""
    sent = json_object(request)
    check_sender(current_hub().gate, request.environ, sent, "http")
    part(Stations).report(parse_status(sent), request.remote_addr or "unknown address")
    return answer({"success": True, "message": "Station status received"})


def _limit(text: str | None) -> int:
    """`limit`, from 1 to MAX_LIMIT. Raises ContractError."""
    if text is None:
        return 50
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= MAX_LIMIT:
        raise ContractError(f"limit is a whole number from 1 to {MAX_LIMIT}.", [f"limit: {text[:80]!r}"])
    return int(text)


def _flag(name: str, text: str | None) -> bool | None:
    """A boolean parameter; None where it is not given. Raises ContractError."""
    if text is None or text == "":
        return None
    if text.lower() not in ("true", "false", "1", "0"):
        raise ContractError(f"{name} is true or false.", [f"{name}: {text[:80]!r}"])
    return text.lower() in ("true", "1")
