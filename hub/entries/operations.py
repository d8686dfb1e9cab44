"""The routes of the list of captures and detections in the OpenAPI document."""

from __future__ import annotations

from hub.contract.entries import COLUMNS
from hub.contract.plates import UNSURE_BELOW
from hub.http.parameters import FROM, TO, limit, text_filter
from hub.openapi.operation import (
    BYTES,
    HTML,
    PAGE,
    Answer,
    Content,
    Operation,
    Parameter,
    in_path,
    page_answer,
)
from hub.openapi.schema import Named, choice, fields, instant, text

TAG = "Records"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FLAGS = ["true", "false", "1", "0", ""]
ENTRY = Named(
    "Entry",
    fields(
        {
            "kind": choice(("capture", "detection"), "What it is."),
            "id": text("The hub's id of the record."),
            "happened_at": instant("When it happened; the list is sorted by this."),
            "received_at": instant("When the hub received it."),
            "capture": {"type": "object", "description": "The capture as /api/captures shows it."},
            "detection": {"type": "object", "description": "The detection as /api/records shows it."},
        },
        optional=("capture", "detection"),
        description="A stored record under the name of its kind.",
    ),
)
FILTERS = [
    *text_filter("text", "A number, tag or plate; `12*`: one that begins so, `*12*`: one with this part."),
    *text_filter("number", "Captures with this number, or a part of it."),
    *text_filter("tag", "Captures with this tag, or a part of it."),
    *text_filter("plate", "Detections with this plate, or a part of it."),
    Parameter("kind", {"enum": ["capture", "detection", ""]}, "Of this kind only."),
    *text_filter("station", "Captures of this station."),
    *text_filter("camera", "Detections of this camera."),
    *text_filter("checkpoint", "Detections at this checkpoint."),
    Parameter("success", {"enum": FLAGS}, "Captures with (or without) a number."),
    Parameter(
        "unread",
        {"enum": FLAGS},
        f"Captures without a number, and detections without a plate or with one that the camera was less than "
        f"{UNSURE_BELOW:.0%} sure of, that nobody has corrected yet.",
    ),
    Parameter("corrected", {"enum": FLAGS}, "Those that somebody has corrected (or nobody)."),
    FROM,
    TO,
]
CURSOR = Parameter("cursor", {"type": "string", "maxLength": 80}, "`next_cursor` of the page before, unchanged.")
FILE_HEADERS = {"Content-Disposition": "The name of the file."}
PAGE_ANSWER = {200: Answer("The page.", {HTML: PAGE})}
ID = in_path("record_id", "The hub's id of the record.")
OPERATIONS = {
    "GET /api/entries": Operation(
        TAG,
        {200: page_answer("A page of entries.", "entries", ENTRY)},
        errors=(400, 503),
        parameters=[limit(50), CURSOR, *FILTERS],
    ),
    "GET /api/entries.csv": Operation(
        TAG,
        {
            200: Answer(
                f"The file, its columns: {', '.join(COLUMNS)}. Cells that a spreadsheet could take for a formula begin "
                "with an apostrophe.",
                {"text/csv": Content(BYTES)},
                FILE_HEADERS,
            )
        },
        errors=(400, 503),
        parameters=FILTERS,
    ),
    "GET /api/entries.xlsx": Operation(
        TAG,
        {200: Answer("The file; every cell is a text.", {XLSX: Content(BYTES)}, FILE_HEADERS)},
        errors=(400, 503),
        parameters=FILTERS,
    ),
    "GET /records": Operation(TAG, PAGE_ANSWER),
    "GET /records/capture/{record_id}": Operation(TAG, PAGE_ANSWER, parameters=[ID]),
    "GET /records/detection/{record_id}": Operation(TAG, PAGE_ANSWER, parameters=[ID]),
    "GET /records/capture/{record_id}/ticket": Operation(TAG, PAGE_ANSWER, errors=(404, 503), parameters=[ID]),
    "GET /reports/{day}": Operation(
        TAG, PAGE_ANSWER, errors=(404, 503), parameters=[in_path("day", "A day at the site, such as 2026-01-28.")]
    ),
}
