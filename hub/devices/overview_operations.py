"""The routes of the list of all devices in the OpenAPI document (docs/devices.md)."""

from __future__ import annotations

from hub.devices.device import MAX_NAME
from hub.devices.labels import FACINGS, KINDS, MAX_CHECKPOINT, MAX_ID
from hub.devices.listed import ORDER
from hub.http.parameters import CURSOR, limit
from hub.http.query import MAX_LIMIT
from hub.openapi.operation import HTML, PAGE, Answer, Operation, Parameter, json_answer, json_body, page_answer, success
from hub.openapi.schema import Named, choice, fields, instant, nullable, number, text, whole

TAG = "Devices"
FACING = choice(FACINGS, "Which way vehicles pass that it sees; empty where nobody has said so.")
LABEL = Named(
    "DeviceLabel",
    fields(
        {
            "kind": choice(KINDS),
            "id": text("The device's own id."),
            "name": text("Shown beside the id; empty for none."),
            "checkpoint": text("Groups devices; empty for the one that the device sends."),
            "facing": FACING,
        }
    ),
)
ROW = Named(
    "ListedDevice",
    fields(
        {
            "kind": choice(KINDS, "For one that waits: what it probably is, by what it has asked for."),
            "id": text("Unique within its kind."),
            "name": text("What people call it."),
            "label": text("The name of its label."),
            "state": choice(ORDER, "Pending: an operator decides about it."),
            "word": text("Its state, as its kind calls it."),
            "trouble": text("What is wrong with it although it is heard."),
            "last_seen": nullable(instant()),
            "parent": text("The station that a reader or camera belongs to."),
            "address": text(),
            "transport": text("How it sends."),
            "checkpoint": text("Of the label, else as the device sends it."),
            "own_checkpoint": text("As the device sends it."),
            "facing": FACING,
            "fps": nullable(number("Live pictures a second.")),
            "clock_offset_seconds": nullable(number("Seconds that its clock is ahead of the hub's.")),
            "queue": nullable(whole("Records that wait at the device.")),
            "version": text("Of its software."),
            "decision": choice(("", "access", "pairing", "registration"), "What an operator has to decide about it."),
            "decision_id": text("The id by which it is decided, or was."),
            "detail": text("What it has asked for, or its model."),
        },
        description="Empty or null is what is not known.",
    ),
)
SINCE = Parameter(
    "since",
    {"type": "string", "examples": ["2026-01-28T10:50:00Z"]},
    "Only devices that were heard at this time (local without a zone) or epoch second, or later.",
)
COUNTS = fields({state: whole(min=0) for state in ORDER}, description="Devices in each state, on all pages.")
OPERATIONS = {
    "GET /first-steps": Operation(TAG, {200: Answer("The page.", {HTML: PAGE})}),
    "GET /api/devices/overview": Operation(
        TAG,
        {200: page_answer("A page of devices.", "devices", ROW, {"counts": COUNTS, "now": instant("The hub's time.")})},
        errors=(400,),
        parameters=[limit(MAX_LIMIT), CURSOR, SINCE],
    ),
    "PUT /api/devices/labels": Operation(
        TAG,
        {200: json_answer("The label is stored.", success({"message": text(), "label": LABEL}))},
        errors=(400, 409, 413, 415, 503),
        body=json_body(
            fields(
                {
                    "kind": choice(KINDS),
                    "id": text("As /api/devices/overview shows it.", MAX_ID, 1),
                    "name": text("Empty for none.", MAX_NAME),
                    "checkpoint": text("Empty for the one that the device sends.", MAX_CHECKPOINT),
                    "facing": FACING,
                },
                ["name", "checkpoint", "facing"],
                additionalProperties=True,
            ),
            {"kind": "camera", "id": "gate-1", "name": "Entry, left lane", "checkpoint": "North gate", "facing": "in"},
            "What is not given stays as it is.",
        ),
    ),
}
