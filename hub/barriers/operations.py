"""The routes of barriers in the OpenAPI document."""

from __future__ import annotations

from hub.barriers.contract import MAX_NOTE, MAX_VISIT
from hub.openapi.operation import Operation, in_path, json_answer, json_body, success
from hub.openapi.schema import Named, choice, fields, flag, instant, items, nullable, text, whole

TAG = "Barriers"
PULSE = Named(
    "BarrierPulse",
    fields(
        {
            "id": text("The pulse's id."),
            "at": instant("When it was sent."),
            "who": text("Who opened it; `hub` where it opened by itself."),
            "automatic": flag("Whether it opened by itself."),
            "visit": text("The visit that it opened for, empty without one."),
            "problem": text("A sentence where the relay has failed, else empty."),
        }
    ),
)
BARRIER = Named(
    "Barrier",
    fields(
        {
            "name": text("The barrier's name."),
            "checkpoint": text("The checkpoint that it belongs to."),
            "direction": choice(("", "in", "out"), "Opens by itself only for visits of this direction; empty: both."),
            "enabled": flag("Whether the hub may open it."),
            "automatic": flag("Whether it opens by itself for visits that are in order."),
            "kind": choice(("http", "mqtt", "modbus"), "How its relay is asked."),
            "target": text("Where its relay is, without secrets."),
            "busy": flag("Whether it is being opened just now."),
            "last": nullable(PULSE),
            "error": text("What is wrong, for operators; empty where nothing is."),
            "refusal": text("Why the hub did not open it by itself the last time that it wanted to; may be empty."),
            "pulses_last_minute": whole("Pulses of the last minute.", 0),
            "per_minute": whole("Pulses of a minute, at most.", 1),
            "checked_at": instant("The hub's time of this answer."),
        }
    ),
)
STATE = {
    "stopped": flag("Whether all barriers are stopped."),
    "since": nullable(instant("Since when; null where nobody knows or it never was.")),
    "by": text("Who stopped or released them."),
    "problem": text("Why the stop may not hold over a restart, for operators; else empty."),
    "enabled": flag("Whether the hub may open any barrier at all."),
    "barriers": items(BARRIER, "Every barrier of the settings."),
}
NAME = in_path("name", "The barrier's name.")

OPERATIONS = {
    "GET /api/barriers": Operation(TAG, {200: json_answer("Barriers and their stop.", success(STATE))}),
    "POST /api/barriers/{name}/open": Operation(
        TAG,
        {
            200: json_answer("The relay has acknowledged it.", success({"message": text(), "pulse": PULSE})),
            502: json_answer(
                "The relay has failed; it is not asked again.",
                fields(
                    {
                        "success": flag("False."),
                        "message": text("A sentence for people."),
                        "errors": items(text(), "The same."),
                        "pulse": PULSE,
                    }
                ),
            ),
        },
        errors=(400, 404, 409, 413, 415, 429, 503),
        parameters=[NAME],
        body=json_body(
            fields(
                {
                    "visit": nullable(text("The visit that it is opened for.", maxLength=MAX_VISIT)),
                    "note": nullable(text("Why.", maxLength=MAX_NOTE)),
                },
                ["visit", "note"],
                additionalProperties=True,
            ),
            {"note": "Delivery for the workshop"},
        ),
    ),
    "POST /api/barriers/stop": Operation(
        TAG,
        {
            200: json_answer(
                "It counts from now on.",
                success({"message": text(), "changed": flag("False where it was so before."), **STATE}),
            )
        },
        errors=(400, 413, 415),
        body=json_body(
            fields({"stopped": flag("True to stop all barriers, false to release them.")}), {"stopped": True}
        ),
    ),
}
