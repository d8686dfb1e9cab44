"""REST: rings in, rings found again."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.roles import Role
from hub.doorbell.contract import parse_ring
from hub.doorbell.service import Doorbells
from hub.http.answers import answer, current_hub, part
from hub.http.body import json_object
from hub.http.query import page_limit

doorbell_rest = Blueprint("doorbell_rest", __name__, url_prefix="/api/doorbells")


@doorbell_rest.post("/rings")
@role(Role.DEVICE)
def post_ring() -> Response:
    """Accept a ring: bell; timestamp and event_id are optional."""
    reply = part(Doorbells).accept(parse_ring(json_object(request), current_hub().zone))
    return answer(reply, 200 if "duplicate" in reply else 201)


@doorbell_rest.get("/rings")
@role(Role.VIEWER)
def list_rings() -> Response:
    """The newest rings: limit."""
    listed = 50
    rings = part(Doorbells).newest(page_limit(request.args.get("limit"), listed))
    return answer({"success": True, "rings": rings})
