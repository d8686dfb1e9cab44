"""Metrics and health checks in the OpenAPI document."""

from __future__ import annotations

from hub.monitoring.history import CAPACITY as SAMPLES
from hub.monitoring.history import SERIES
from hub.openapi.operation import ERROR, JSON, Answer, Content, Operation, Parameter, json_answer, success
from hub.openapi.schema import Named, choice, constant, fields, instant, items, number, table, text, whole
from hub.runtime.recent_lines import CAPACITY, LEVELS

TAG = "Monitoring"
CHECKS = table(text(), "What each check found, `ok` or a sentence; for those who may see /status.")
LINE = Named(
    "LogLine",
    fields(
        {
            "time": instant(),
            "level": choice(list(LEVELS)),
            "number": whole("Grows by one a line since the start.", 1),
            "logger": text("The part that logged the line."),
            "message": text(),
            "exception": text("A traceback, or its end."),
        },
        optional=["exception"],
    ),
)
NOT_READY = Content(
    fields(
        {
            "success": constant(False),
            "message": text(),
            "errors": items(text(), min=1),
            "retry_after": whole(min=0),
            "status": constant("not ready"),
            "checks": CHECKS,
        },
        optional=["checks", "status", "retry_after"],
    )
)

OPERATIONS = {
    "GET /metrics": Operation(
        TAG,
        {
            200: Answer(
                "The metrics.",
                {"text/plain": Content(text()), "application/openmetrics-text": Content(text())},
            )
        },
    ),
    "GET /healthz": Operation(TAG, {200: json_answer("It is alive.", success({"status": constant("alive")}))}),
    "GET /readyz": Operation(
        TAG,
        {
            200: json_answer("It is ready.", success({"status": constant("ready"), "checks": CHECKS}, ["checks"])),
            503: Answer("It is not ready.", {JSON: NOT_READY}, {"Retry-After": "Seconds."}),
        },
        error=ERROR,
    ),
    "GET /api/log": Operation(
        TAG,
        {
            200: json_answer(
                "The lines, the newest first.",
                success({"lines": items(LINE, max=CAPACITY), "counts": table(whole(min=0), "Since the start.")}),
            )
        },
        errors=(400,),
        parameters=[
            Parameter("level", choice(list(LEVELS)), "The least level."),
            Parameter("limit", whole("", 1, CAPACITY), "How many at most."),
            Parameter("after", whole("", 0), "Only lines with a greater `number`."),
        ],
    ),
    "GET /api/status/history": Operation(
        TAG,
        {
            200: json_answer(
                "A sample every ten seconds, the oldest first; fewer after a start.",
                success(
                    {
                        "now": instant(),
                        "interval_seconds": number(min=0),
                        "times": items(instant(), "When each sample was taken.", max=SAMPLES),
                        "series": fields(
                            {name: items(number(min=0), max=SAMPLES) for name in SERIES},
                            description="A value for each of the times.",
                        ),
                    }
                ),
            )
        },
        summary="The last hour in numbers.",
    ),
}
