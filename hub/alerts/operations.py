"""The routes of alerts in the OpenAPI document."""

from __future__ import annotations

from hub.alerts.alert import STATES
from hub.contract.alerts import DESCRIPTIONS, AlertKind
from hub.http.parameters import CURSOR, FROM, TO, limit
from hub.openapi.operation import (
    HTML,
    PAGE,
    Answer,
    Operation,
    Parameter,
    in_path,
    json_answer,
    json_body,
    page_answer,
    success,
)
from hub.openapi.schema import Named, Schema, anything, choice, fields, flag, instant, items, nullable, text, whole

TAG = "Alerts"
KINDS = tuple(kind.value for kind in AlertKind)
KIND_SENTENCES = " ".join(f"`{kind.value}`: {sentence}" for kind, sentence in DESCRIPTIONS.items())
SHOWN: dict[str, Schema | Named] = {
    "id": text("The alert's id."),
    "kind": choice(KINDS, KIND_SENTENCES),
    "subject": text("What it is about, such as the id of a camera."),
    "sentence": text("For operators, with the next step."),
    "details": anything("An object; its keys depend on the kind."),
    "state": choice(STATES, "`raised` until it is `cleared`; `reported`: an event, which has no end."),
    "raised_at": instant(),
    "last_at": instant("When it was seen last."),
    "count": whole("How often it was seen.", 1),
    "cleared_at": nullable(instant("When it ended.")),
    "acknowledged_at": nullable(instant("When somebody said that they have seen it.")),
    "acknowledged_by": nullable(text("Who; null as well for alerts of versions that did not ask.")),
}
ALERT = Named("Alert", fields(SHOWN))
ALARM: dict[str, Schema | Named] = {
    **SHOWN,
    "raised_at": instant("When the first of them came."),
    "count": whole("How often all of them were seen.", 1),
    "seq": whole("Grows with every alert.", 1),
}


def _one_of(name: str, choices: tuple[str, ...], description: str) -> Parameter:
    return Parameter(name, {"enum": [*choices, ""]}, description)


OPERATIONS = {
    "GET /api/alerts": Operation(
        TAG,
        {200: page_answer("A page of alerts.", "alerts", ALERT)},
        errors=(400, 503),
        parameters=[
            limit(50),
            CURSOR,
            _one_of("kind", KINDS, "Of this kind."),
            _one_of("state", STATES, "In this state."),
            _one_of("acknowledged", ("true", "false"), "Those that somebody has seen, or nobody."),
            FROM,
            TO,
        ],
    ),
    "GET /api/alerts/unseen": Operation(
        TAG,
        {
            200: json_answer(
                "What nobody has seen yet.",
                success(
                    {
                        "count": whole("Kinds and subjects with such alerts; 500 at most.", 0),
                        "is_exact": flag("False where there are more than `count`."),
                        "newest": whole("The `seq` of the newest.", 0),
                        "alarms": items(fields(ALARM), "The first few; those that have ended come last."),
                    }
                ),
            )
        },
        errors=(503,),
    ),
    "POST /api/alerts/{alert_id}/acknowledge": Operation(
        TAG,
        {
            200: json_answer(
                "Somebody has seen it, now or before.",
                success({"message": text(), "acknowledged": whole("Alerts that nobody had seen.", 0), "alert": ALERT}),
            )
        },
        errors=(404, 503),
        parameters=[in_path("alert_id", "The alert's id.")],
    ),
    "POST /api/alerts/acknowledge": Operation(
        TAG,
        {
            200: json_answer(
                "They are seen.",
                success({"message": text(), "acknowledged": whole("Alerts that nobody had seen.", 0)}),
            )
        },
        errors=(400, 413, 415, 503),
        body=json_body(
            fields({"until": instant("The `last_at` of the newest alert that was seen.")}),
            {"until": "2026-01-28T03:50:00.123456Z"},
        ),
    ),
    "GET /alarms": Operation(TAG, {200: Answer("The page.", {HTML: PAGE})}),
    "POST /api/alerts/test": Operation(
        TAG, {202: json_answer("The alert is on its way.", success({"message": text()}))}, errors=(503,)
    ),
}
