"""REST of visits."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import ContractError, NotFound
from hub.contract.plates import normalise_plate
from hub.contract.roles import Role
from hub.contract.text import place_key
from hub.contract.visits import CAPTURE, DETECTION, STATES
from hub.http.answers import answer, current_hub, note_change, part, reader_host
from hub.http.body import json_object
from hub.http.query import bound, cursor, page_limit
from hub.visits.decisions import MAX_ID, Decisions
from hub.visits.evidence import MAX_TEXT, number_key, tag_key
from hub.visits.reading import StoredVisits
from hub.visits.repository import Query

visits_rest = Blueprint("visits_rest", __name__, url_prefix="/api/visits")


@visits_rest.get("")
@role(Role.VIEWER)
def list_visits() -> Response:
    """Visits, newest first; with `after`, those that have changed since, the earliest change first."""
    args, zone, visits = request.args, current_hub().zone, part(StoredVisits)
    limit = page_limit(args.get("limit"), 50)
    if args.get("after"):
        after = cursor(args.get("after"), "after") or 0
        rows, end = visits.changed(after, limit, reader_host())
        return answer({"success": True, "visits": rows, "next_after": str(end)})
    query = Query(
        limit=limit,
        before=cursor(args.get("cursor")),
        state=_choice("state", STATES),
        waits={"": None, "true": True, "false": False}[_choice("waits", ("true", "false")) or ""],
        place=place_key(_text("checkpoint")) or None,
        vehicle=_text("vehicle") or None,
        tag=tag_key(_text("tag")) or None,
        number=number_key(_text("number")) or None,
        plate=normalise_plate(_text("plate")) or None,
        direction=_choice("direction", ("in", "out")),
        since=bound("since", args.get("since") or args.get("from"), False, zone),
        until=bound("until", args.get("until") or args.get("to"), True, zone),
    )
    rows, following = visits.page(query, reader_host())
    return answer({"success": True, "visits": rows, "next_cursor": str(following) if following is not None else None})


@visits_rest.get("/of")
@role(Role.VIEWER)
def visit_of_record() -> Response:
    """The visit that a capture or a detection belongs to: kind, id. `visit` is null where it belongs to none."""
    kind, record_id = _choice("kind", (CAPTURE, DETECTION)), request.args.get("id", "")
    if kind is None or not 0 < len(record_id) <= MAX_ID:
        raise ContractError("Give kind (capture or detection) and the id of the record.", ["kind", "id"])
    return answer({"success": True, "visit": part(StoredVisits).of_record(kind, record_id, reader_host())})


@visits_rest.get("/<visit_id>")
@role(Role.VIEWER)
def get_visit(visit_id: str) -> Response:
    """One visit with all its evidence."""
    if len(visit_id) > MAX_ID:
        raise NotFound("There is no such visit.")
    return answer({"success": True, "visit": part(StoredVisits).visit(visit_id, reader_host())})


@visits_rest.post("/<visit_id>/decision")
@role(Role.OPERATOR)
def decide_visit(visit_id: str) -> Response:
    """Confirm, correct or reject a visit that waits; the second of two who decide is told of the first."""
    hub = current_hub()
    visit = part(Decisions).decide(visit_id[:MAX_ID], json_object(request), hub.gate.author(request.environ))
    shown = part(StoredVisits).visit(visit.id, reader_host())
    noted = {key: shown[key] for key in ("decision", "checkpoint", "state", "note") if shown[key]}
    note_change(f"visit.{shown['decision']}", visit.id, noted)
    return answer({"success": True, "message": "Decided", "visit": shown})


def _text(name: str) -> str:
    text = request.args.get(name, "").strip()
    if len(text) > MAX_TEXT:
        raise ContractError(f"{name} is a text of at most {MAX_TEXT} characters.", [name])
    return text


def _choice(name: str, choices: tuple[str, ...]) -> str | None:
    text = request.args.get(name, "").strip()
    if text and text not in choices:
        raise ContractError(f"{name} is one of {', '.join(choices)}.", [f"{name}: {text[:80]!r}"])
    return text or None
