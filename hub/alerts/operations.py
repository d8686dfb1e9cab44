"""The routes of alerts in the OpenAPI document."""

from __future__ import annotations

from hub.alerts.alert import STATES
from hub.contract.alerts import DESCRIPTIONS, AlertKind
from hub.http.parameters import CURSOR, FROM, TO, limit
from hub.openapi.operation import Operation, Parameter, json_answer, page_answer, success
from hub.openapi.schema import Named, anything, choice, fields, instant, nullable, text, whole

TAG = "Alerts"
KINDS = tuple(kind.value for kind in AlertKind)
KIND_SENTENCES = " ".join(f"`{kind.value}`: {sentence}" for kind, sentence in DESCRIPTIONS.items())
ALERT = Named(
    "Alert",
    fields(
        {
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
        }
    ),
)


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
            FROM,
            TO,
        ],
    ),
    "POST /api/alerts/test": Operation(
        TAG, {202: json_answer("The alert is on its way.", success({"message": text()}))}, errors=(503,)
    ),
}
