"""The routes of accounts, logins and the audit log in the OpenAPI document."""

from __future__ import annotations

from hub.accounts.contract import MAX_NAME, MAX_PASSWORD, MIN_PASSWORD
from hub.accounts.pages import FORM
from hub.accounts.rest import MAX_FILTER
from hub.contract.roles import ACCOUNT_ROLES
from hub.http.parameters import CURSOR, FROM, TO, limit
from hub.openapi.operation import (
    HTML,
    JSON,
    PAGE,
    Answer,
    Body,
    Content,
    Operation,
    Parameter,
    in_path,
    json_answer,
    json_body,
    page_answer,
    success,
)
from hub.openapi.schema import Named, Schema, choice, fields, flag, instant, items, nullable, text, whole

TAG = "Accounts"
ROLES = choice([role.value for role in ACCOUNT_ROLES], "What the account may do.")
NAME = text(f"Of the account; 1 to {MAX_NAME} characters.", MAX_NAME, 1)
ACCOUNT = Named(
    "Account",
    fields({"id": text(), "name": text(), "role": ROLES, "disabled": flag(), "created_at": nullable(instant())}),
)
NEW_PASSWORD = text("A new password.", MAX_PASSWORD, MIN_PASSWORD)
MAY_BE_MADE = {
    "type": ["string", "null"],
    "maxLength": MAX_PASSWORD,
    "description": f"{MIN_PASSWORD} to {MAX_PASSWORD} characters; the hub makes one where it is empty or missing.",
}
CHANGED: dict[str, Schema | Named] = {"message": text(), "account": ACCOUNT}
MADE = {**CHANGED, "password": text("Only where the hub has made it; it is shown this once.")}
ENTRY = Named(
    "AuditEntry",
    fields(
        {
            "id": whole(),
            "received_at": instant(),
            "who": text("The name of who changed it."),
            "kind": text("What that is: local, network, device, account or stranger."),
            "address": text("Of the sender."),
            "action": text("Such as account.add."),
            "target": text("What was changed."),
            "detail": {"type": "object", "description": "What is different now."},
        }
    ),
)
ID = in_path("account_id", "The id of the account.")
LOGIN = fields({"name": text("Of the account."), "password": text("Of the account.")}, additionalProperties=True)
LOGIN_FORM = fields(
    {"name": text(), "password": text(), "next": text("The path where the login leads.")},
    ["next"],
    additionalProperties=True,
)
OWN_PASSWORD = {"old": text("The present password."), "new": NEW_PASSWORD}


def _part_filter(name: str, description: str) -> Parameter:
    return Parameter(name, {"type": "string", "maxLength": MAX_FILTER}, description)


OPERATIONS = {
    "GET /api/accounts": Operation(
        TAG,
        {200: json_answer("The accounts.", success({"accounts": items(ACCOUNT), "total_count": whole(min=0)}))},
    ),
    "POST /api/accounts": Operation(
        TAG,
        {201: json_answer("The account is added.", success(MADE, ["password"]))},
        errors=(400, 409, 413, 415, 503),
        body=json_body(
            fields(
                {"name": NAME, "role": ROLES, "password": MAY_BE_MADE},
                ["password"],
                additionalProperties=True,
            ),
            {"name": "Mali", "role": "operator"},
        ),
    ),
    "PUT /api/accounts/{account_id}": Operation(
        TAG,
        {200: json_answer("The account is changed.", success(CHANGED))},
        errors=(400, 404, 409, 413, 415, 503),
        parameters=[ID],
        body=json_body(
            fields(
                {"role": ROLES, "disabled": flag("Whether it may no longer log in.")},
                ["role", "disabled"],
                additionalProperties=False,
                minProperties=1,
            ),
            {"role": "viewer"},
        ),
    ),
    "POST /api/accounts/{account_id}/password": Operation(
        TAG,
        {200: json_answer("The password is changed.", success(MADE, ["password"]))},
        errors=(400, 404, 413, 415, 503),
        parameters=[ID],
        body=json_body(fields({"password": MAY_BE_MADE}, ["password"], additionalProperties=True), required=False),
    ),
    "GET /api/audit": Operation(
        TAG,
        {200: page_answer("A page of entries.", "audit", ENTRY)},
        errors=(400, 503),
        parameters=[
            limit(50),
            CURSOR,
            _part_filter("who", "Whose name has this in it."),
            _part_filter("what", "Whose action, target or detail has this in it."),
            FROM,
            TO,
        ],
    ),
    "GET /login": Operation(
        TAG,
        {200: Answer("The page.", {HTML: PAGE})},
        parameters=[Parameter("next", {"type": "string"}, "The path where the login leads.")],
    ),
    "POST /login": Operation(
        TAG,
        {
            200: json_answer(
                "Logged in; the session is in the cookie.",
                success({"message": text(), "name": text(), "role": ROLES}),
                Set_Cookie="The session.",
            ),
            303: Answer("Logged in with the form; the session is in the cookie."),
        },
        errors=(400, 401, 403, 411, 413, 415, 429, 503),
        body=Body(
            {JSON: Content(LOGIN, {"name": "admin", "password": "PASSWORD"}), FORM: Content(LOGIN_FORM)},
            "From a form every refusal is the page again, with the sentence in it.",
        ),
        refused_as=(HTML,),
    ),
    "POST /logout": Operation(
        TAG,
        {
            200: json_answer("Logged out.", success({"message": text()})),
            303: Answer("Logged out; for browsers."),
        },
    ),
    "GET /account": Operation(TAG, {200: Answer("The page.", {HTML: PAGE})}),
    "POST /account": Operation(
        TAG,
        {
            200: Answer(
                "The password is changed; from a form the page says so.",
                {JSON: Content(success({"message": text()})), HTML: PAGE},
            )
        },
        errors=(400, 411, 413, 415, 429, 503),
        body=Body(
            {
                JSON: Content(fields(OWN_PASSWORD, additionalProperties=True)),
                FORM: Content(fields({**OWN_PASSWORD, "again": text("The new password again.")})),
            },
            "From a form every refusal is the page again, with the sentence in it.",
        ),
        refused_as=(HTML,),
    ),
    "GET /accounts": Operation(TAG, {200: Answer("The page.", {HTML: PAGE})}),
    "GET /audit": Operation(TAG, {200: Answer("The page.", {HTML: PAGE})}),
}
