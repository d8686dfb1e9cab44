"""REST of rules."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import ContractError
from hub.contract.mail_address import ADDRESS
from hub.contract.roles import Role
from hub.http.answers import answer, note_change, part
from hub.http.body import json_object
from hub.http.query import cursor, page_limit
from hub.rules.mailer import Mailer
from hub.rules.service import Rules

rules_rest = Blueprint("rules_rest", __name__, url_prefix="/api/rules")


@rules_rest.get("")
@role(Role.VIEWER)
def list_rules() -> Response:
    """Every rule."""
    return answer({"success": True, "rules": part(Rules).all()})


@rules_rest.post("")
@role(Role.OPERATOR)
def add_rule() -> Response:
    """Add a rule: name, when, then, quiet, pause_minutes."""
    rule = part(Rules).add(json_object(request))
    note_change("rule.add", rule["name"], {"rule_id": rule["id"], "kind": rule["when"]["kind"]})
    return answer({"success": True, "message": "Rule added", "rule": rule}, 201)


@rules_rest.get("/history")
@role(Role.VIEWER)
def history() -> Response:
    """What rules have fired for and who was told, newest first: limit, cursor."""
    args = request.args
    rows, following = part(Rules).history(page_limit(args.get("limit"), 50), cursor(args.get("cursor")))
    return answer({"success": True, "history": rows, "next_cursor": str(following) if following is not None else None})


@rules_rest.post("/mail-test")
@role(Role.OPERATOR)
def mail_test() -> Response:
    """Send a mail to `to` now, to find out whether it works. 503 with the reason where it does not."""
    to = json_object(request).get("to")
    if not isinstance(to, str) or not ADDRESS.fullmatch(to):
        raise ContractError("to is an address such as gate@example.com.", ["to"])
    part(Mailer).test(to)
    note_change("rule.mail_test", to, {})
    return answer({"success": True, "message": "The mail server has taken the mail; look for it"})


@rules_rest.get("/<rule_id>")
@role(Role.VIEWER)
def get_rule(rule_id: str) -> Response:
    """One rule."""
    return answer({"success": True, "rule": part(Rules).get(rule_id)})


@rules_rest.put("/<rule_id>")
@role(Role.OPERATOR)
def change_rule(rule_id: str) -> Response:
    """Change the fields of a rule that are sent; `version` as it was read. 409 where somebody was faster."""
    rule = part(Rules).change(rule_id, json_object(request))
    note_change("rule.change", rule["name"], {"rule_id": rule_id, "enabled": rule["enabled"]})
    return answer({"success": True, "message": "Rule changed", "rule": rule})


@rules_rest.delete("/<rule_id>")
@role(Role.OPERATOR)
def delete_rule(rule_id: str) -> Response:
    """Delete a rule; those that are there from the start can be switched off only."""
    rule = part(Rules).remove(rule_id)
    note_change("rule.delete", rule["name"], {"rule_id": rule_id})
    return answer({"success": True, "message": "Rule deleted"})
