"""REST: whether a vehicle is at each watched camera, and the newest arrivals and departures."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.roles import Role
from hub.http.answers import answer, part
from hub.http.query import page_limit
from hub.presence.service import VehiclePresence
from hub.video.frames import camera_name

presence_rest = Blueprint("presence_rest", __name__, url_prefix="/api/presence")

LISTED = 50


@presence_rest.get("", strict_slashes=False)
@role(Role.VIEWER)
def list_presence() -> Response:
    """Every watched camera and the newest events: limit (of events), camera (only this one)."""
    name = request.args.get("camera")
    if name is not None:
        name = camera_name(name)
    presence = part(VehiclePresence)
    rows = presence.rows() if name is None else [presence.row(name)]
    events = presence.changes(page_limit(request.args.get("limit"), LISTED), name)
    return answer({"success": True, "cameras": rows, "events": events})


@presence_rest.get("/<path:camera>")
@role(Role.VIEWER)
def get_presence(camera: str) -> Response:
    """One watched camera and its newest events: limit."""
    presence, name = part(VehiclePresence), camera_name(camera)
    row = presence.row(name)
    events = presence.changes(page_limit(request.args.get("limit"), LISTED), name)
    return answer({"success": True, "presence": row, "events": events})
