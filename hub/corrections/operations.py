"""The routes of corrections in the OpenAPI document."""

from __future__ import annotations

from hub.corrections.export import MAX_PICTURES
from hub.corrections.service import MAX_ID, MAX_NOTE, MAX_POSITION, MAX_VALUE
from hub.http.parameters import CURSOR, limit
from hub.openapi.operation import (
    BYTES,
    Answer,
    Content,
    Operation,
    Parameter,
    json_answer,
    json_body,
    page_answer,
    success,
)
from hub.openapi.schema import Named, choice, fields, flag, instant, nullable, text, whole

TAG = "Corrections"
KINDS = ("capture", "detection")
FIELDS = ("number", "plate")
CORRECTION = Named(
    "Correction",
    fields(
        {
            "correction_id": text("The correction's id."),
            "kind": choice(KINDS, "The kind of record."),
            "id": text("The hub's id of the record."),
            "field": choice(FIELDS, "`number` of a capture, `plate` of a detection."),
            "index": whole("Which plate of the detection, from 0; 0 for a number.", 0),
            "read": text("As the device read it; the record keeps it."),
            "before": text("What counted until then."),
            "value": text("What counts from then on; empty: somebody looked, and it cannot be read."),
            "note": text("Why, for operators."),
            "who": text("Who made it."),
            "at": instant("When."),
            "newest": flag("Whether no later correction of the same value replaced it."),
        }
    ),
)
KIND = Parameter("kind", {"enum": [*KINDS, ""]}, "Of this kind of record.")
SENT = fields(
    {
        "kind": choice(KINDS, "The kind of record."),
        "id": text("The hub's id of the record.", MAX_ID, 1),
        "field": choice(FIELDS, "`number` of a capture, `plate` of a detection; may be left out."),
        "index": whole("Which plate of the detection, from 0.", 0, MAX_POSITION),
        "value": text("What it says; empty: seen, and it cannot be read.", MAX_VALUE),
        "note": nullable(text("Why, for operators.", MAX_NOTE)),
    },
    optional=("field", "index", "note"),
    additionalProperties=True,
)
EXAMPLE = {
    "kind": "capture",
    "id": "3f0c9a52-7c1e-4c43-9e0e-1f1f6f4f5a10",
    "value": "12345",
    "note": "Mud on the label",
}
OPERATIONS = {
    "POST /api/corrections": Operation(
        TAG,
        {
            201: json_answer(
                "The correction is stored and counts.", success({"message": text(), "correction": CORRECTION})
            )
        },
        errors=(400, 404, 413, 415, 503),
        body=json_body(SENT, EXAMPLE),
    ),
    "GET /api/corrections": Operation(
        TAG,
        {200: page_answer("A page of corrections.", "corrections", CORRECTION)},
        errors=(400, 503),
        parameters=[KIND, Parameter("id", {"type": "string"}, "Of the record with this id."), limit(50), CURSOR],
    ),
    "GET /api/corrections/export": Operation(
        TAG,
        {200: Answer("The archive.", {"application/zip": Content(BYTES)}, {"Content-Disposition": "Its name."})},
        errors=(400, 503),
        parameters=[KIND, CURSOR],
        description=(
            "A ZIP, streamed: `pictures/`, and `labels.csv` (UTF-8 with BOM) with picture, text, read, who and when of "
            "each correction that counts now and of which a picture is stored. An empty text: nobody could read it. At "
            f"most {MAX_PICTURES:,} pictures; `more.txt` then says how to go on."
        ),
    ),
}
