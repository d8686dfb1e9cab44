"""REST of the page of the gate: the counts of today, and the states of devices."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.roles import Role
from hub.http.answers import answer, part
from hub.pages.device_states import DeviceStates
from hub.pages.today import Today

gate_rest = Blueprint("gate_rest", __name__, url_prefix="/api")

PLACES = {"station": "captures", "checkpoint": "detections"}  # parameter -> the kind of record that it is about


@gate_rest.get("/today")
@role(Role.VIEWER)
def today() -> Response:
    """Captures and detections of the site's day by hour: station or checkpoint (only those of this one)."""
    wanted = {kind: request.args[name] for name, kind in PLACES.items() if request.args.get(name)}
    places: dict[str, str | None] = {**wanted} or dict.fromkeys(PLACES.values())
    return answer({"success": True, **part(Today).counts(places)})


@gate_rest.get("/states")
@role(Role.VIEWER)
def states() -> Response:
    """How many stations, cameras and boards are well, and which are not."""
    return answer({"success": True, **part(DeviceStates).summary()})
