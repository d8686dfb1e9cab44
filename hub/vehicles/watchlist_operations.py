"""The watchlist's routes in the OpenAPI document."""

from __future__ import annotations

from hub.http.parameters import CURSOR
from hub.openapi.operation import Operation, in_path, json_answer, json_body, page_answer, success
from hub.openapi.schema import Named, choice, fields, flag, instant, nullable, scalar, text, whole
from hub.vehicles.watchlist import CHOICES, LIMITS

TAG = "Watchlist"
ENTRY_FIELDS = {
    "id": text("The entry's id."),
    "plate": text("The plate as it was entered."),
    "normalised": text("The plate as it is compared: capital letters and digits."),
    "action": choice(CHOICES["action"], "What is to happen at the gate."),
    "reason": text("Why, for operators."),
    "note": text("More about it."),
    "match": choice(CHOICES["match"], "`similar` also matches look-alikes, such as O and 0."),
    "expires_at": nullable(instant("From then on the entry matches nothing; null: never.")),
    "expired": flag("Whether that time has come."),
    "created_at": instant(),
}
ENTRY = Named("WatchlistEntry", fields(ENTRY_FIELDS))
CHANGE = {
    "plate": scalar("A number plate; required in a new entry.", LIMITS["plate"]),
    "action": {"enum": [*CHOICES["action"], None], "description": "What is to happen at the gate; `deny` if missing."},
    "type": {"enum": [*CHOICES["action"], None], "description": "Another name of `action`."},
    "reason": scalar("Why, for operators.", LIMITS["reason"]),
    "note": scalar("More about it.", LIMITS["note"]),
    "match": {"enum": [*CHOICES["match"], None], "description": "`similar` if missing."},
    "expires_at": scalar("A time, local unless it names a zone; null: never."),
    "expiry": scalar("Another name of `expires_at`."),
}
EXAMPLE = {"plate": "กข 1234", "action": "deny", "reason": "Unpaid", "expires_at": "2030-12-31T23:59:59"}
ID = in_path("entry_id", "The id of the entry.")


def _entry(**more: str) -> dict[str, object]:
    """The body of an answer with one entry: flat, and under `entry`."""
    return success({**{key: text(value) for key, value in more.items()}, **ENTRY_FIELDS, "entry": ENTRY})


OPERATIONS = {
    "GET /api/watchlist": Operation(
        TAG,
        {200: page_answer("A page of entries.", "watchlist", ENTRY, {"total_count": whole("Entries in all.", 0)})},
        errors=(400,),
        parameters=[CURSOR],
    ),
    "POST /api/watchlist": Operation(
        TAG,
        {201: json_answer("The entry is stored.", _entry(message="A sentence for people."))},
        errors=(400, 409, 413, 415, 503),
        body=json_body(fields(CHANGE, [key for key in CHANGE if key != "plate"], additionalProperties=True), EXAMPLE),
    ),
    "GET /api/watchlist/{entry_id}": Operation(
        TAG, {200: json_answer("The entry.", _entry())}, errors=(404,), parameters=[ID]
    ),
    "PUT /api/watchlist/{entry_id}": Operation(
        TAG,
        {200: json_answer("The entry as it is now.", _entry(message="A sentence for people."))},
        errors=(400, 404, 409, 413, 415, 503),
        parameters=[ID],
        body=json_body(fields(CHANGE, list(CHANGE), additionalProperties=True), {"reason": "Paid", "action": "allow"}),
    ),
    "DELETE /api/watchlist/{entry_id}": Operation(
        TAG,
        {200: json_answer("The entry is removed.", success({"message": text()}))},
        errors=(404, 503),
        parameters=[ID],
    ),
}
