"""REST of the register of vehicles, and its page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.contract.vehicles import PERMISSIONS
from hub.http.answers import answer, author, note_change, part
from hub.http.body import json_object, read_body
from hub.http.page import page
from hub.http.query import cursor, page_limit
from hub.vehicles.export import VehicleExports
from hub.vehicles.imports import Imports
from hub.vehicles.listing import RETIRED, STATES, VehicleLists, Wanted
from hub.vehicles.service import Vehicles
from hub.vehicles.vehicle import Vehicle

vehicles_rest = Blueprint("vehicles_rest", __name__)

MAX_TEXT = 100
ADDRESS = "/api/vehicles"


@vehicles_rest.get("/vehicles")
@role(Role.VIEWER)
def vehicles_page() -> Response:
    """The register: list, form, history, import and export; data from /api/vehicles."""
    return page("vehicles.html")


@vehicles_rest.get(ADDRESS)
@role(Role.VIEWER)
def list_vehicles() -> Response:
    """Vehicles, the newest first: q, permission, state, retired, limit, cursor."""
    args = request.args
    rows, following = part(VehicleLists).page(_wanted(), page_limit(args.get("limit"), 50), cursor(args.get("cursor")))
    return answer({"success": True, "vehicles": rows, "next_cursor": _text(following)})


@vehicles_rest.post(ADDRESS)
@role(Role.OPERATOR)
def add_vehicle() -> Response:
    """Add a vehicle: tags, numbers, plates (one of them at least), name, owner, permission, reason, note and more."""
    made = part(Vehicles).add(json_object(request), author())
    note_change("vehicle.add", made.title, _noted(made))
    return answer({"success": True, "message": "Vehicle registered", "vehicle": _shown(made)}, 201)


@vehicles_rest.get(f"{ADDRESS}/<vehicle_id>")
@role(Role.VIEWER)
def get_vehicle(vehicle_id: str) -> Response:
    """One vehicle, retired or not."""
    return answer({"success": True, "vehicle": _shown(part(VehicleLists).get(vehicle_id))})


@vehicles_rest.put(f"{ADDRESS}/<vehicle_id>")
@role(Role.OPERATOR)
def change_vehicle(vehicle_id: str) -> Response:
    """Change the fields of a vehicle that are sent; a list of tags, numbers or plates replaces the one before."""
    made = part(Vehicles).change(vehicle_id, json_object(request), author())
    note_change("vehicle.change", made.title, _noted(made))
    return answer({"success": True, "message": "Vehicle changed", "vehicle": _shown(made)})


@vehicles_rest.delete(f"{ADDRESS}/<vehicle_id>")
@role(Role.OPERATOR)
def retire_vehicle(vehicle_id: str) -> Response:
    """Retire a vehicle: it is found no longer, and keeps its history."""
    made = part(Vehicles).retire(vehicle_id, author())
    note_change("vehicle.retire", made.title, {"id": made.id})
    return answer({"success": True, "message": "Vehicle retired", "vehicle": _shown(made)})


@vehicles_rest.post(f"{ADDRESS}/<vehicle_id>/restore")
@role(Role.OPERATOR)
def restore_vehicle(vehicle_id: str) -> Response:
    """Take a retired vehicle back into use."""
    made = part(Vehicles).restore(vehicle_id, author())
    note_change("vehicle.restore", made.title, {"id": made.id})
    return answer({"success": True, "message": "Vehicle restored", "vehicle": _shown(made)})


@vehicles_rest.get(f"{ADDRESS}/<vehicle_id>/history")
@role(Role.VIEWER)
def vehicle_history(vehicle_id: str) -> Response:
    """The changes of a vehicle, the newest first: who, when, what was before and after. limit, cursor."""
    lists, args = part(VehicleLists), request.args
    limit, before = page_limit(args.get("limit"), 50), cursor(args.get("cursor"))
    rows, following = lists.history(lists.get(vehicle_id), limit, before)
    return answer({"success": True, "changes": rows, "next_cursor": _text(following)})


@vehicles_rest.get(f"{ADDRESS}/export.csv")
@role(Role.VIEWER)
def export_vehicles() -> Response:
    """The vehicles that the filters leave as CSV, in the columns that an import reads."""
    made = part(VehicleExports).csv(_wanted())
    response = Response(iter(made), content_type="text/csv; charset=utf-8")
    response.call_on_close(made.close)
    response.headers["Content-Disposition"] = 'attachment; filename="vehicles.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@vehicles_rest.post(f"{ADDRESS}/import")
@role(Role.OPERATOR)
def import_vehicles() -> Response:
    """Add the vehicles of a CSV file, all or none; with `preview=1` say what would be added and which lines cannot."""
    preview = request.args.get("preview", "")
    if preview not in ("", "0", "1"):
        raise ContractError("preview is 1 (only look) or 0 (import).", [f"preview: {preview[:80]!r}"])
    data, encoding = read_body(request), request.args.get("encoding", "")
    if not data:
        raise ContractError("There is no file: the body is the CSV file itself.")
    if preview == "1":
        return answer({"success": True, **part(Imports).preview(data, encoding)})
    count = part(Imports).run(data, encoding, author())
    note_change("vehicle.import", "", {"vehicles": count})
    what = "vehicle was" if count == 1 else "vehicles were"
    return answer({"success": True, "message": f"{count} {what} imported", "vehicles": count}, 201)


def _wanted() -> Wanted:
    """The filters of the current request. Raises ContractError."""
    args = request.args
    text = args.get("q", "").strip()
    if len(text) > MAX_TEXT:
        raise ContractError(f"q has at most {MAX_TEXT} characters.", [f"q: {len(text)} characters"])
    permission = _choice("permission", PERMISSIONS)
    return Wanted(text, permission, _choice("state", STATES), _choice("retired", RETIRED) or "false")


def _choice(name: str, choices: tuple[str, ...]) -> str:
    value = request.args.get(name, "").strip().lower()
    if value and value not in choices:
        raise ContractError(f"{name} is {', '.join(choices[:-1])} or {choices[-1]}.", [f"{name}: {value[:80]!r}"])
    return value


def _text(following: int | None) -> str | None:
    return str(following) if following is not None else None


def _shown(vehicle: Vehicle) -> dict[str, Any]:
    return vehicle.shown(part(Vehicles).now())


def _noted(vehicle: Vehicle) -> dict[str, Any]:
    """What the audit log keeps of a vehicle."""
    return {"id": vehicle.id, **{key: value for key, value in vehicle.content().items() if value}}
