"""The route of scales in the OpenAPI document."""

from __future__ import annotations

from hub.openapi.operation import Operation, json_answer, success
from hub.openapi.schema import Named, choice, fields, flag, instant, items, nullable, number, text, whole
from hub.scales.scale import CONNECTING, OFFLINE, UNREAD, WAITING
from hub.scales.settle import EMPTY, MOVING, OVERLOAD, STEADY

TAG = "Scales"
ROW = Named(
    "Scale",
    fields(
        {
            "name": text("Its name in the settings."),
            "checkpoint": text("The checkpoint it stands at; empty: none."),
            "state": choice((CONNECTING, OFFLINE, WAITING, UNREAD, EMPTY, MOVING, STEADY, OVERLOAD)),
            "online": nullable(flag("Whether its indicator sends; null until that is known.")),
            "since": instant("When this state began."),
            "kg": nullable(number("The weight now, in kg; null while it is unknown, and on overload.")),
            "stable": nullable(flag("Whether the indicator says that it is stable; null where it does not say.")),
            "net": flag("Whether the indicator shows a net weight."),
            "settled_kg": nullable(number("The last settled weight in kg, 0 once the scale was empty again.")),
            "settled_at": nullable(instant("When it was settled.")),
            "line": text("The last line of the indicator."),
            "line_at": nullable(instant("When it came.")),
            "error": text("What is wrong, as a sentence; empty: nothing."),
            "address": text("Where the indicator is."),
            "lines": whole("Lines since the start.", 0),
            "unread_lines": whole("Of these, lines that could not be understood.", 0),
            "left_out_lines": whole("Lines that were too long, or too many at once.", 0),
            "connections": whole("Connections since the start.", 0),
        },
        description="A scale, and what its indicator says now.",
    ),
)
OPERATIONS = {
    "GET /api/scales": Operation(TAG, {200: json_answer("Every enabled scale.", success({"scales": items(ROW)}))}),
}
