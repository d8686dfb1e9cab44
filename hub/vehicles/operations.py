"""The routes of the register of vehicles in the OpenAPI document."""

from __future__ import annotations

from hub.contract.vehicles import PERMISSIONS
from hub.http.parameters import CURSOR, limit
from hub.openapi.operation import (
    BYTES,
    HTML,
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
from hub.openapi.schema import Named, choice, fields, instant, items, nullable, scalar, table, text, whole
from hub.vehicles.contract import LIMITS, MAX_IDENTIFIER, MAX_OF_KIND
from hub.vehicles.csv_lines import COLUMNS
from hub.vehicles.csv_text import ENCODINGS
from hub.vehicles.listing import RETIRED, STATES
from hub.vehicles.vehicle import LISTS, MATCHES

TAG = "Vehicles"
CONTENT = {
    "name": text("What operators call it."),
    "owner": text("Its owner or carrier."),
    "permission": choice(PERMISSIONS, "`deny`: stop it. `watch`: let it in and tell the operators."),
    "reason": text("Why, for operators."),
    "note": text("More about it."),
    "match": choice(MATCHES, "`similar`: a plate that was read with look-alikes or one other character counts, too."),
    "tags": items(text(), "Its tags as typed."),
    "numbers": items(text(), "Its label numbers as typed."),
    "plates": items(text(), "Its plates as typed."),
    "valid_from": nullable(instant("From then on it may come; null: no limit.")),
    "valid_until": nullable(instant("Until then it may come; null: no limit.")),
}
VEHICLE = Named(
    "Vehicle",
    fields(
        {
            "id": text("The vehicle's id."),
            **CONTENT,
            "state": choice((*STATES, "retired"), "`early`: its time has not come yet."),
            "retired_at": nullable(instant("Since when it is out of use.")),
            "created_at": instant(),
            "changed_at": instant(),
            "version": whole("Grows with every change.", 0),
        }
    ),
)
CHANGE = Named(
    "VehicleChange",
    fields(
        {
            "id": text("The change's id."),
            "at": instant("When."),
            "who": text("Who made it."),
            "action": choice(("add", "change", "retire", "restore", "import"), "What was done."),
            "before": table({}, "What was changed, as it was."),
            "after": table({}, "The same as it became."),
        }
    ),
)
LIST = {
    "anyOf": [items(text(max=MAX_IDENTIFIER), max=MAX_OF_KIND), text(max=MAX_IDENTIFIER), {"type": "null"}],
    "description": "A list of texts, or one. It takes the place of the list before.",
}
SENT_FIELDS = {
    **{key: scalar("", maximum) for key, maximum in LIMITS.items()},
    "permission": {"enum": [*PERMISSIONS, "", None], "description": "`allow` if missing."},
    "match": {"enum": [*MATCHES, "", None], "description": "`similar` if missing."},
    **dict.fromkeys(LISTS.values(), LIST),
    "valid_from": scalar("A day or a time, local unless it names a zone; null: no limit."),
    "valid_until": scalar("The same; a day counts to its end."),
}
SENT = fields(SENT_FIELDS, list(SENT_FIELDS), additionalProperties=True)
CHANGED = fields(
    {
        **SENT_FIELDS,
        "version": nullable(
            whole("As you have read it; 409 with what is there now, where it has changed. Not checked if missing.")
        ),
    },
    [*SENT_FIELDS, "version"],
    additionalProperties=True,
)
EXAMPLE = {"name": "Truck 12", "owner": "North Haulage", "tags": ["E28011700000020A1B2C3D4E"], "plates": ["70-1234"]}
ID = in_path("vehicle_id", "The id of the vehicle.")
ONE = success({"vehicle": VEHICLE})
DONE = success({"message": text("A sentence for people."), "vehicle": VEHICLE})
CHANGING = (400, 404, 409, 413, 415, 503)
FILTERS = [
    Parameter("q", {"type": "string", "maxLength": 100}, "A part of a name, owner, tag, number or plate."),
    Parameter("permission", {"enum": [*PERMISSIONS, ""]}, "Vehicles with this permission."),
    Parameter("state", {"enum": [*STATES, ""]}, "Vehicles whose time has come, has not come yet, or is over."),
    Parameter("retired", {"enum": [*RETIRED, ""], "default": "false"}, "`true`: retired ones only; `all`: these, too."),
]
BAD = fields({"line": whole("The line of the file, from 1.", 1), "reason": text("Why it cannot be taken.")})
OPERATIONS = {
    "GET /vehicles": Operation(TAG, {200: Answer("The page.", {HTML: PAGE})}),
    "GET /api/vehicles": Operation(
        TAG,
        {200: page_answer("A page of vehicles.", "vehicles", VEHICLE)},
        errors=(400, 503),
        parameters=[*FILTERS, limit(50), CURSOR],
    ),
    "POST /api/vehicles": Operation(
        TAG,
        {201: json_answer("The vehicle is in the register.", DONE)},
        errors=(400, 409, 413, 415, 503),
        body=json_body(SENT, EXAMPLE),
    ),
    "GET /api/vehicles/{vehicle_id}": Operation(
        TAG, {200: json_answer("The vehicle.", ONE)}, errors=(404, 503), parameters=[ID]
    ),
    "PUT /api/vehicles/{vehicle_id}": Operation(
        TAG,
        {200: json_answer("The vehicle as it is now.", DONE)},
        errors=CHANGING,
        parameters=[ID],
        body=json_body(CHANGED, {"permission": "deny", "reason": "Unpaid"}),
    ),
    "DELETE /api/vehicles/{vehicle_id}": Operation(
        TAG, {200: json_answer("The vehicle is retired.", DONE)}, errors=(404, 409, 503), parameters=[ID]
    ),
    "POST /api/vehicles/{vehicle_id}/restore": Operation(
        TAG, {200: json_answer("The vehicle is in use again.", DONE)}, errors=(404, 409, 503), parameters=[ID]
    ),
    "GET /api/vehicles/{vehicle_id}/history": Operation(
        TAG,
        {200: page_answer("A page of changes.", "changes", CHANGE)},
        errors=(400, 404, 503),
        parameters=[ID, limit(50), CURSOR],
    ),
    "GET /api/vehicles/export.csv": Operation(
        TAG,
        {
            200: Answer(
                f"The file, its columns: {', '.join(COLUMNS)}. Cells that a spreadsheet could take for a formula begin "
                "with an apostrophe.",
                {"text/csv": Content(BYTES)},
                {"Content-Disposition": "The name of the file."},
            )
        },
        errors=(400, 503),
        parameters=FILTERS,
    ),
    "POST /api/vehicles/import": Operation(
        TAG,
        {
            200: json_answer(
                "With `preview=1`: what an import would do.",
                success(
                    {
                        "encoding": choice(ENCODINGS, "The encoding in which the file was read."),
                        "separator": text("Between the cells."),
                        "lines": whole("Lines below the first that are not empty.", 0),
                        "vehicles": whole("Lines that can be taken.", 0),
                        "bad_count": whole("Lines that cannot be taken.", 0),
                        "bad": items(BAD, "The first 1,000 of them."),
                        "first": items(table(text()), "The first vehicles, by the names of the columns."),
                    }
                ),
            ),
            201: json_answer("All vehicles are imported.", success({"message": text(), "vehicles": whole(min=1)})),
        },
        errors=(400, 409, 413, 415, 503),
        parameters=[
            Parameter("preview", {"enum": ["1", "0", ""], "default": "0"}, "1: look only, import nothing."),
            Parameter("encoding", {"enum": [*ENCODINGS, ""]}, "Of the file; guessed if missing."),
        ],
        body=Body(
            {"text/csv": Content(BYTES)},
            f"CSV with commas, semicolons or tabs. The first line names columns of {', '.join(COLUMNS)}; several tags, "
            "numbers or plates of a vehicle stand in one cell with | between them.",
        ),
    ),
}
