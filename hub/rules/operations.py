"""The routes of rules in the OpenAPI document."""

from __future__ import annotations

from hub.contract.vehicles import PERMISSIONS
from hub.contract.visits import STATES
from hub.http.parameters import CURSOR, limit
from hub.openapi.operation import Operation, in_path, json_answer, json_body, success
from hub.openapi.schema import Named, accepted, choice, fields, flag, instant, items, nullable, number, text, whole
from hub.rules.rule import MAX_ADDRESSES, Kind

TAG = "Rules"
KINDS = tuple(kind.value for kind in Kind)
TIMES = items(
    accepted(
        {
            "days": items(whole("0 is Monday.", 0, 6)),
            "begin": text("HH:MM in the site's zone."),
            "end": text("HH:MM; earlier than `begin`: on the next day; the same: the whole day."),
        }
    )
)
WHEN = accepted(
    {
        "kind": choice(KINDS, "What has to happen."),
        "states": items(choice(STATES), "Of visits; empty: any."),
        "checkpoint": text("Empty: any."),
        "device": text("Camera or station; empty: any."),
        "permission": choice(("", *PERMISSIONS), "Of the vehicle; empty: any."),
        "vehicle": text("The id of a vehicle of the register; empty: any."),
        "minutes": number("How long a camera or station has to be silent.", 1),
        "times": TIMES,
    },
    "What has to happen, and when in the week; no times: always.",
)
THEN = accepted(
    {
        "banner": flag("On every page, with a sound."),
        "webhook": flag("To the webhook of the settings."),
        "mqtt": flag("To the MQTT broker of the settings."),
        "mail": items(text(), "Addresses.", max=MAX_ADDRESSES),
    }
)
RULE = {
    "name": text("For people."),
    "enabled": flag("Whether it is in force."),
    "when": WHEN,
    "then": THEN,
    "quiet": TIMES,
    "quiet_mail": flag("Whether mail is sent during quiet times all the same."),
    "pause_minutes": number("Of the same subject, before somebody is told again.", 0),
}
SHOWN = Named(
    "Rule",
    fields(
        {
            "id": text("The rule's id."),
            "version": whole("Counts its changes.", 1),
            "fixed": flag("Whether it is there from the start and cannot be deleted."),
            **RULE,
        }
    ),
)
FIRING = Named(
    "RuleFiring",
    fields(
        {
            "id": text(),
            "seq": whole(),
            "rule_id": text("The rule's id."),
            "rule": text("Its name then."),
            "subject": text("What it was about."),
            "sentence": text("For people."),
            "at": instant(),
            "channels": items(text(), "Who was told: banner, webhook, mqtt, mail."),
            "quiet": flag("Whether nobody was told, for it was a quiet time."),
            "mail": fields(
                {
                    "to": items(text()),
                    "state": choice(("", "waiting", "delivered", "failed")),
                    "problem": text("Why it waits or has failed."),
                    "at": nullable(instant("When the server took it.")),
                }
            ),
        }
    ),
)
ID = in_path("rule_id", "The rule's id.")
ONE = success({"rule": SHOWN})
CHANGED = success({"message": text(), "rule": SHOWN})
OPTIONAL = list(RULE)
EXAMPLE = {"name": "Denied at night", "when": {"kind": "visit", "states": ["denied"]}, "then": {"banner": True}}

OPERATIONS = {
    "GET /api/rules": Operation(TAG, {200: json_answer("Every rule.", success({"rules": items(SHOWN)}))}),
    "POST /api/rules": Operation(
        TAG,
        {201: json_answer("The rule as it was added.", CHANGED)},
        errors=(400, 409, 413, 415, 503),
        body=json_body(
            fields(RULE, [name for name in OPTIONAL if name not in ("name", "when")], additionalProperties=True),
            EXAMPLE,
        ),
    ),
    "GET /api/rules/{rule_id}": Operation(TAG, {200: json_answer("The rule.", ONE)}, errors=(404,), parameters=[ID]),
    "PUT /api/rules/{rule_id}": Operation(
        TAG,
        {200: json_answer("The rule as it is now.", CHANGED)},
        errors=(400, 404, 409, 413, 415, 503),
        parameters=[ID],
        body=json_body(
            fields(
                {**RULE, "version": whole("As the rule was read; 409 where somebody has changed it since.", 1)},
                OPTIONAL,
                additionalProperties=True,
            ),
            {"version": 1, "enabled": False},
        ),
    ),
    "DELETE /api/rules/{rule_id}": Operation(
        TAG, {200: json_answer("It is deleted.", success({"message": text()}))}, errors=(404, 409, 503), parameters=[ID]
    ),
    "GET /api/rules/history": Operation(
        TAG,
        {
            200: json_answer(
                "What rules have fired for.",
                success({"history": items(FIRING), "next_cursor": nullable(text("The next page begins here."))}),
            )
        },
        errors=(400, 503),
        parameters=[limit(50), CURSOR],
    ),
    "POST /api/rules/mail-test": Operation(
        TAG,
        {200: json_answer("The server has taken it.", success({"message": text()}))},
        errors=(400, 413, 415, 503),
        body=json_body(fields({"to": text("The address.")}), {"to": "gate@example.com"}),
    ),
}
