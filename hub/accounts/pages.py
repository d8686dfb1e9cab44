"""Pages of people: log in and out, one's own account, and for administrators accounts and the audit log."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from hub.access.declare import role
from hub.access.origins import OriginCheck
from hub.accounts.contract import MAX_PASSWORD, MIN_PASSWORD
from hub.accounts.failed_logins import FailedLogins
from hub.accounts.login import Login
from hub.accounts.service import Accounts
from hub.contract.errors import ContractError, RequestError, Unauthorized
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, part
from hub.http.body import json_object
from hub.http.local_path import local_path
from hub.http.page import page, wants_page

accounts_pages = Blueprint("accounts_pages", __name__)

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 16 * 1024


@accounts_pages.get("/login")
@role(Role.OPEN)
def login_page() -> Response:
    """The form to log in; `next` is where it leads."""
    return page("login.html", next=local_path(request.args.get("next", "")), message="", name="")


@accounts_pages.post("/login")
@role(Role.OPEN)
def log_in() -> BaseResponse:
    """Log in with name and password, from the form or as JSON; the session is in a cookie."""
    sent = _fields()
    name, address = sent.get("name"), request.remote_addr or ""
    try:
        refusal = part(OriginCheck).login_refusal(request.environ)
        if refusal is not None:
            raise RequestError(refusal, status=403)
        account = part(Accounts).log_in(name, sent.get("password"), address)
    except RequestError as error:
        if isinstance(error, Unauthorized):
            part(FailedLogins).add(part(Accounts).knows(name) if isinstance(name, str) else "", address)
        if request.mimetype == FORM:
            return _login_failed(error, sent)
        raise
    part(Login).start(account)
    current_hub().audit.record(account.principal, "login", account.name, address=address)
    if request.mimetype == FORM:
        return redirect(local_path(sent.get("next", "")), 303)
    return answer({"success": True, "message": "Logged in", "name": account.name, "role": account.role.value})


def _login_failed(error: RequestError, sent: dict[str, Any]) -> Response:
    response = page(
        "login.html",
        error.status,
        next=local_path(sent.get("next", "")),
        message=error.message,
        name=str(sent.get("name", ""))[:MAX_PASSWORD],
    )
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@accounts_pages.post("/logout")
@role(Role.OPEN)
def log_out() -> BaseResponse:
    """End the session."""
    account = Login.account()
    part(Login).end()
    if account is not None:
        current_hub().audit.record(account.principal, "logout", account.name, address=request.remote_addr or "")
    if wants_page():
        return redirect("/login", 303)
    return answer({"success": True, "message": "Logged out"})


@accounts_pages.get("/account")
@role(Role.VIEWER)
def account_page() -> Response:
    """One's own account, and the form to change its password."""
    return _account_page()


@accounts_pages.post("/account")
@role(Role.VIEWER)
def change_password() -> Response:
    """Change one's own password: `old`, `new` and, from the form, `again`; every other session of it ends."""
    sent, form = _fields(), request.mimetype == FORM
    try:
        account = Login.account()
        if account is None:
            raise ContractError("You use the hub without an account; log in to change your password.")
        if form and sent.get("new") != sent.get("again"):
            raise ContractError("The two new passwords differ; type the same one twice.", ["again"])
        account = part(Accounts).change_password(account, sent.get("old"), sent.get("new"), request.remote_addr or "")
    except RequestError as error:
        if form:
            return _account_page(error.message, False, error.status)
        raise
    part(Login).start(account)
    current_hub().audit.record(account.principal, "account.password", account.name, address=request.remote_addr or "")
    message = "Your password is changed. Other browsers that used the old one are logged out."
    return _account_page(message, True) if form else answer({"success": True, "message": message})


def _account_page(message: str = "", good: bool = True, status: int = 200) -> Response:
    return page("account.html", status, message=message, good=good, shortest=MIN_PASSWORD, longest=MAX_PASSWORD)


@accounts_pages.get("/accounts")
@role(Role.ADMIN)
def accounts_page() -> Response:
    """Every account; data from /api/accounts."""
    return page("accounts.html", shortest=MIN_PASSWORD, longest=MAX_PASSWORD)


@accounts_pages.get("/audit")
@role(Role.ADMIN)
def audit_page() -> Response:
    """Who changed what; data from /api/audit."""
    return page("audit.html")


def _fields() -> dict[str, Any]:
    """The fields of a small form or JSON object. Raises RequestError."""
    length = request.content_length
    if length is None:
        raise RequestError("The request names no length of its body (Content-Length).", status=411)
    if length > MAX_BODY:
        raise ContractError(f"The body is larger than the {MAX_BODY // 1024} KB that are taken here.", status=413)
    if request.mimetype == FORM:
        return request.form.to_dict()
    return json_object(request)
