"""REST of accounts and of the audit log, for administrators."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.accounts.account import Account
from hub.accounts.audit import AuditLog
from hub.accounts.audit_repository import Query
from hub.accounts.service import Accounts
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, note_change, part
from hub.http.body import json_object
from hub.http.query import bound, cursor, page_limit

accounts_rest = Blueprint("accounts_rest", __name__)

MAX_FILTER = 200  # characters


@accounts_rest.get("/api/accounts")
@role(Role.ADMIN)
def list_accounts() -> Response:
    """Every account, by name."""
    rows = [account.shown() for account in part(Accounts).all()]
    return answer({"success": True, "accounts": rows, "total_count": len(rows)})


@accounts_rest.post("/api/accounts")
@role(Role.ADMIN)
def add_account() -> Response:
    """Add an account: name, role, password; without a password one is made and answered once."""
    account, made = part(Accounts).add(json_object(request))
    note_change("account.add", account.name, {"role": account.role.value})
    return _answer("Account added", account, made, 201)


@accounts_rest.put("/api/accounts/<account_id>")
@role(Role.ADMIN)
def change_account(account_id: str) -> Response:
    """Change role or disabled. The last administrator stays one."""
    account, changes = part(Accounts).change(account_id, json_object(request))
    if changes:
        note_change("account.change", account.name, changes)
    return _answer("Account changed", account)


@accounts_rest.post("/api/accounts/<account_id>/password")
@role(Role.ADMIN)
def new_password(account_id: str) -> Response:
    """Give an account another password, which ends its sessions; without one it is made and answered once."""
    sent = json_object(request) if request.content_length else {}
    account, made = part(Accounts).set_password(account_id, sent.get("password"))
    note_change("account.password", account.name)
    return _answer("Password changed", account, made)


@accounts_rest.get("/api/audit")
@role(Role.ADMIN)
def audit() -> Response:
    """Who changed what, newest first: who, what, from, to, limit, cursor."""
    args, zone = request.args, current_hub().zone
    query = Query(
        limit=page_limit(args.get("limit"), 50),
        cursor=cursor(args.get("cursor")),
        who=_filter("who"),
        what=_filter("what"),
        start=bound("from", args.get("from"), False, zone),
        end=bound("to", args.get("to"), True, zone),
    )
    rows, following = part(AuditLog).newest(query)
    return answer({"success": True, "audit": rows, "next_cursor": str(following) if following is not None else None})


def _filter(name: str) -> str | None:
    text = request.args.get(name, "").strip()
    if len(text) > MAX_FILTER:
        raise ContractError(f"{name} is a text of at most {MAX_FILTER} characters.", [name])
    return text or None


def _answer(message: str, account: Account, password: str = "", status: int = 200) -> Response:
    body = {"success": True, "message": message, "account": account.shown()}
    response = answer({**body, "password": password} if password else body, status)
    response.headers["Cache-Control"] = "no-store"
    return response
