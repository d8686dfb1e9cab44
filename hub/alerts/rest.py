"""REST of alerts."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.alerts.alert import STATES
from hub.alerts.repository import Query
from hub.alerts.service import AlertService
from hub.alerts.unseen import Unseen
from hub.contract.alerts import AlertKind
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.contract.times import parse_time, utc_text
from hub.http.answers import answer, current_hub, note_change, part
from hub.http.body import json_object
from hub.http.query import bound, cursor, page_limit

alerts_rest = Blueprint("alerts_rest", __name__, url_prefix="/api/alerts")

KINDS = tuple(kind.value for kind in AlertKind)


@alerts_rest.get("")
@role(Role.VIEWER)
def list_alerts() -> Response:
    """Alerts, newest first: kind, state, acknowledged, from, to, limit, cursor."""
    args, zone = request.args, current_hub().zone
    query = Query(
        limit=page_limit(args.get("limit"), 50),
        before=cursor(args.get("cursor")),
        kind=_choice("kind", KINDS),
        state=_choice("state", STATES),
        acknowledged=_flag("acknowledged"),
        since=bound("from", args.get("from"), False, zone),
        until=bound("to", args.get("to"), True, zone),
    )
    rows, following = part(AlertService).find(query)
    return answer({"success": True, "alerts": rows, "next_cursor": str(following) if following is not None else None})


@alerts_rest.get("/unseen")
@role(Role.VIEWER)
def unseen_alerts() -> Response:
    """The alerts that nobody has seen yet, as pages show them: one of each kind and subject, and how many there are."""
    return answer({"success": True, **part(Unseen).summary()})


@alerts_rest.post("/<alert_id>/acknowledge")
@role(Role.OPERATOR)
def acknowledge_alert(alert_id: str) -> Response:
    """Note that somebody has seen an alert and the older ones of its kind and subject; the first one is kept."""
    alert, count = part(AlertService).acknowledge(alert_id, _who())
    if count:
        note_change("alert.acknowledge", alert["subject"], {"kind": alert["kind"], "alert_id": alert_id})
    message = "Seen" if count else f"{alert['acknowledged_by'] or 'Somebody'} has seen it before you"
    return answer({"success": True, "message": message, "acknowledged": count, "alert": alert})


@alerts_rest.post("/acknowledge")
@role(Role.OPERATOR)
def acknowledge_alerts() -> Response:
    """Note that somebody has seen every alert up to the time `until`, which is that of the newest one they saw."""
    sent = json_object(request)
    until = parse_time(sent.get("until"), current_hub().zone)
    if until is None:
        raise ContractError("until is the last_at of the newest alert that you have seen.", ["until"])
    count = part(AlertService).acknowledge_until(until, _who())
    if count:
        note_change("alert.acknowledge", f"{count} alerts", {"until": utc_text(until)})
    return answer({"success": True, "message": f"{count} alerts are seen", "acknowledged": count})


def _who() -> str:
    return current_hub().gate.author(request.environ).name


@alerts_rest.post("/test")
@role(Role.ADMIN)
def test_alert() -> Response:
    """Report an alert of the kind `test`, which goes the way of all others: pages, webhook, MQTT."""
    part(AlertService).report(
        AlertKind.TEST, "test", "This is a test: alerts of the hub arrive here. Nothing needs to be done."
    )
    note_change("alert.test", "test")
    return answer({"success": True, "message": "A test alert is on its way"}, 202)


def _flag(name: str) -> bool | None:
    return {"": None, "true": True, "false": False}[_choice(name, ("true", "false")) or ""]


def _choice(name: str, choices: tuple[str, ...]) -> str | None:
    text = request.args.get(name, "").strip()
    if text and text not in choices:
        raise ContractError(f"{name} is one of {', '.join(choices)}.", [f"{name}: {text[:80]!r}"])
    return text or None
