"""The routes of visits in the OpenAPI document."""

from __future__ import annotations

from hub.contract.vehicles import PERMISSIONS
from hub.contract.visits import CAPTURE, CAUSES, CORRECT, DECISIONS, DETECTION, EVIDENCE_KINDS, JUDGED, STATES
from hub.http.parameters import CURSOR, limit, text_filter
from hub.openapi.operation import (
    HTML,
    PAGE,
    Answer,
    Operation,
    Parameter,
    in_path,
    json_answer,
    json_body,
    success,
)
from hub.openapi.schema import Named, choice, fields, flag, instant, items, nullable, number, text, whole
from hub.visits.decisions import MAX_ID, MAX_INDEX, MAX_NOTE, MAX_VALUE, MAX_VALUES

TAG = "Visits"
VEHICLE = Named(
    "VisitVehicle",
    fields(
        {
            "id": text("Its id in the register."),
            "name": text(),
            "owner": text(),
            "permission": choice(PERMISSIONS),
            "reason": text("Why it is not to be let in."),
            "tags": items(text()),
            "numbers": items(text()),
            "plates": items(text()),
        }
    ),
)
DIFFERENCE = fields(
    {
        "position": whole("Of the character, from 0.", 0),
        "read": text("What was read there; empty: a character is missing."),
        "registered": text("What the register has there; empty: a character more was read."),
    }
)
EVIDENCE = fields(
    {
        "kind": choice(EVIDENCE_KINDS),
        "id": text("Of the capture or detection; of the stay or weight otherwise."),
        "device": text("Its station, camera or scale."),
        "at": instant("When it happened."),
        "late": flag("It came longer after it happened than evidence of a visit may be apart."),
        "tag": text(),
        "number": text("As read, or corrected."),
        "plate": text("As read, or corrected: that which the camera was most certain of."),
        "index": whole("Which plate of the detection that is.", 0),
        "kg": nullable(number("Of a weight.")),
        "confidence": nullable(number("Of the plate, 0 to 1.")),
        "agrees": nullable(flag("Whether it is of the vehicle; null: it says nothing.")),
        "differences": items(DIFFERENCE, "Of the plate, where it is only like that of the vehicle."),
        "pictures": items(text(), "Addresses, the closest first."),
    }
)
PAST = fields(
    {
        "at": instant(),
        "what": choice((JUDGED, *DECISIONS), f"A decision, or `{JUDGED}`: its state has changed without one."),
        "cause": choice(CAUSES, "Why it was judged: `register` is a change of the register of vehicles."),
        "by": text("Who has decided, corrected, or changed the register; empty: a device sent evidence."),
        "before": choice((*STATES, ""), "Its state before; empty: not known any more."),
        "after": choice(STATES),
        "note": text("Of the decision."),
    }
)
VISIT = Named(
    "Visit",
    fields(
        {
            "id": text("The visit's id."),
            "seq": whole("Grows with every visit.", 0),
            "change": whole("Grows with every change of any visit; `after` goes on from it.", 0),
            "checkpoint": text(),
            "direction": choice(("in", "out", "")),
            "state": choice(STATES),
            "reasons": items(text(), "Sentences for operators, the first says most."),
            "waits": flag("A person has to decide."),
            "decision": nullable(choice(DECISIONS)),
            "decided_by": nullable(text()),
            "decided_at": nullable(instant()),
            "note": text("Of the decision."),
            "vehicle": nullable(VEHICLE),
            "others": items(VEHICLE, "Other vehicles that evidence belongs to."),
            "tag": text("As read, or corrected; empty where none was read."),
            "number": text(),
            "plate": text(),
            "started_at": instant(),
            "last_at": instant("Of the last evidence."),
            "judged_at": instant(),
            "weight": nullable(fields({"kg": number(), "at": instant(), "kind": choice(("gross", "tare", ""))})),
            "net": nullable(fields({"kg": number(), "visit": text("The other visit.")})),
            "stay": nullable(fields({"visit": text("At the other end."), "seconds": number()})),
            "history": items(PAST, "Decisions and judgements that changed its state, the oldest first; 50 at most."),
            "evidence_count": whole("With repeated evidence that is counted only.", 0),
            "evidence": items(EVIDENCE, "By the time when it happened."),
        }
    ),
)
ONE = json_answer("The visit.", success({"visit": VISIT}))
PAGE_ANSWER = {200: Answer("The page.", {HTML: PAGE})}
VISIT_ID = in_path("visit_id", "The visit's id.")


def _one_of(name: str, choices: tuple[str, ...], description: str) -> Parameter:
    return Parameter(name, {"enum": [*choices, ""]}, description)


OPERATIONS = {
    "GET /api/visits": Operation(
        TAG,
        {
            200: json_answer(
                "A page of visits.",
                success(
                    {
                        "visits": items(VISIT),
                        "next_cursor": nullable(text("`cursor` of the next page; null at the end.")),
                        "next_after": text("With `after`: `after` of the next page."),
                    },
                    optional=("next_cursor", "next_after"),
                ),
            )
        },
        errors=(400, 503),
        parameters=[
            limit(50),
            CURSOR,
            Parameter(
                "after",
                CURSOR.schema,
                "The greatest `change` that is known: those that have changed since, the earliest change first; "
                "filters do not count then.",
            ),
            _one_of("state", STATES, "In this state."),
            _one_of("waits", ("true", "false"), "Those that a person has to decide, or not."),
            *text_filter("checkpoint", "At this checkpoint."),
            *text_filter("vehicle", "Of the vehicle with this id."),
            *text_filter("tag", "With this tag."),
            *text_filter("number", "With this label number."),
            *text_filter("plate", "With this plate."),
            _one_of("direction", ("in", "out"), "In this direction."),
            *text_filter("since", "With evidence not earlier than this day, time or epoch second.", "from"),
            *text_filter("until", "With evidence not later than this day (to its end), time or epoch second.", "to"),
        ],
    ),
    "GET /api/visits/of": Operation(
        TAG,
        {200: json_answer("The visit.", success({"visit": nullable(VISIT)}))},
        errors=(400, 503),
        parameters=[
            _one_of("kind", (CAPTURE, DETECTION), "The kind of record."),
            Parameter("id", {"type": "string"}, "The hub's id of the record."),
        ],
    ),
    "GET /api/visits/{visit_id}": Operation(TAG, {200: ONE}, errors=(404, 503), parameters=[VISIT_ID]),
    "POST /api/visits/{visit_id}/decision": Operation(
        TAG,
        {200: json_answer("It is decided.", success({"message": text(), "visit": VISIT}))},
        errors=(400, 404, 409, 413, 415, 503),
        parameters=[VISIT_ID],
        body=json_body(
            fields(
                {
                    "decision": choice(DECISIONS, f"`{CORRECT}` needs `values` or `vehicle`."),
                    "note": nullable(text("Why, for others.", MAX_NOTE)),
                    "seen_state": nullable(choice((*STATES, ""), "As the operator saw it; 409 where it has changed.")),
                    "vehicle": nullable(text("Which of the visit's vehicles it is, by its id.", MAX_ID)),
                    "values": nullable(
                        items(
                            fields(
                                {
                                    "kind": choice((CAPTURE, DETECTION)),
                                    "id": text("Of the record.", MAX_ID, 1),
                                    "index": whole("Which plate of a detection, from 0.", 0, MAX_INDEX),
                                    "value": text("What it says; empty: it cannot be read.", MAX_VALUE),
                                },
                                optional=("index",),
                                additionalProperties=True,
                            ),
                            max=MAX_VALUES,
                        )
                    ),
                },
                optional=("note", "seen_state", "vehicle", "values"),
                additionalProperties=True,
            ),
            {"decision": "confirm", "note": "The plate is new; papers seen."},
        ),
    ),
    "GET /visits": Operation(TAG, PAGE_ANSWER),
    "GET /visits/{visit_id}": Operation(TAG, PAGE_ANSWER, parameters=[VISIT_ID]),
    "GET /visits/{visit_id}/ticket": Operation(TAG, PAGE_ANSWER, errors=(404, 503), parameters=[VISIT_ID]),
}
