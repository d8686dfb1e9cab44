"""REST of alerts."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.alerts.alert import STATES
from hub.alerts.repository import Query
from hub.alerts.service import AlertService
from hub.contract.alerts import AlertKind
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, note_change, part
from hub.http.query import bound, cursor, page_limit

alerts_rest = Blueprint("alerts_rest", __name__, url_prefix="/api/alerts")

KINDS = tuple(kind.value for kind in AlertKind)


@alerts_rest.get("")
@role(Role.VIEWER)
def list_alerts() -> Response:
    """Alerts, newest first: kind, state, from, to, limit, cursor."""
    args, zone = request.args, current_hub().zone
    query = Query(
        limit=page_limit(args.get("limit"), 50),
        before=cursor(args.get("cursor")),
        kind=_choice("kind", KINDS),
        state=_choice("state", STATES),
        since=bound("from", args.get("from"), False, zone),
        until=bound("to", args.get("to"), True, zone),
    )
    rows, following = part(AlertService).find(query)
    return answer({"success": True, "alerts": rows, "next_cursor": str(following) if following is not None else None})


@alerts_rest.post("/test")
@role(Role.ADMIN)
def test_alert() -> Response:
    """Report an alert of the kind `test`, which goes the way of all others: pages, webhook, MQTT."""
    part(AlertService).report(
        AlertKind.TEST, "test", "This is a test: alerts of the hub arrive here. Nothing needs to be done."
    )
    note_change("alert.test", "test")
    return answer({"success": True, "message": "A test alert is on its way"}, 202)


def _choice(name: str, choices: tuple[str, ...]) -> str | None:
    text = request.args.get(name, "").strip()
    if text and text not in choices:
        raise ContractError(f"{name} is one of {', '.join(choices)}.", [f"{name}: {text[:80]!r}"])
    return text or None
