"""The stations' routes and messages in the OpenAPI document (docs/wire/station.md)."""

from __future__ import annotations

from hub.http.parameters import CURSOR, FROM, ORDER, TO, text_filter
from hub.http.query import MAX_LIMIT
from hub.openapi.channels import Channel
from hub.openapi.operation import (
    BYTES,
    JSON,
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
from hub.openapi.schema import (
    Named,
    accepted,
    anything,
    constant,
    fields,
    flag,
    instant,
    items,
    nullable,
    numeric,
    properties_of,
    scalar,
    text,
)
from hub.station.contract.capture import KINDS, MAX_EVENT_ID, MAX_TAG, CaptureResult
from hub.station.contract.status import StationStatus

TAG = "Stations"
RESULT = Named(
    "CaptureResult",
    accepted(
        {
            "event_id": scalar("The sender's id of this capture: the same one twice is stored once.", MAX_EVENT_ID),
            "station": scalar("The station's name."),
            "timestamp": scalar("When it was captured, in any usual form."),
            "tags": anything(f"Every tag that was read: a list of texts of at most {MAX_TAG} characters."),
            "tag": scalar("The tag of the vehicle.", MAX_TAG),
            "tag_source": scalar("How the tag was read."),
            "tag_timestamp_iso": scalar("When the tag was read."),
            "started_ts": anything("When the capture began, in epoch seconds."),
            "finished_ts": anything("When it ended, in epoch seconds."),
            "success": anything("Whether a number was read, as a boolean or as a word for one."),
            "number": scalar("The number on the label."),
            "raw_text": scalar("The text of the label as it was read."),
            "message": scalar("A sentence for operators."),
            "errors": anything("What went wrong, as a list of texts."),
            "attempts": numeric("Pictures that were tried."),
            **{f"{kind}_image_url": scalar("An address (http) where the sender keeps the picture.") for kind in KINDS},
            **{f"{kind}_image": anything("The picture as base64 or data URL.") for kind in KINDS},
        },
        "A capture result. It has at least one of tag, tags, number, message, errors and a picture. A value of an "
        "unexpected type is left out and named in `warnings`.",
    ),
)
EXAMPLE = {
    "event_id": "north-2026-01-28-0001",
    "station": "north",
    "timestamp": "2026-01-28T10:50:00+07:00",
    "tags": ["E200341201"],
    "tag": "E200341201",
    "success": True,
    "number": "12345",
    "message": "Label read",
    "attempts": 2,
}
CAPTURE_FIELDS = {
    "id": text("The hub's id of the capture."),
    **properties_of(CaptureResult),
    "captured_at": instant("When it was captured: the beginning, as far as the sender told it, otherwise the receipt."),
    "received_at": instant("When the hub received it."),
    "protected": flag("Whether it is kept whatever the rules of retention say."),
    "warnings": items(text(), "What of the record could not be used."),
    "corrected_number": nullable(
        text("The number by the newest correction; empty where it cannot be read, null without a correction.")
    ),
}
CAPTURE = Named(
    "Capture", fields(CAPTURE_FIELDS, ["warnings"], "A stored capture result; picture links lead to the hub.")
)
STORED = success(
    {
        "message": text(),
        "id": text("The hub's id of the capture."),
        "event_id": text("The sender's id, or one that was derived from the content."),
        **{f"{kind}_image_url": text("A link to the stored picture; empty without one.") for kind in KINDS},
        "warnings": items(text(), "What of the record could not be used."),
        "duplicate": constant(True, "The capture was stored before; nothing was stored again."),
    },
    optional=["duplicate"],
)
PROTECTED = success({"message": text(), "id": text("The hub's id of the capture."), "protected": flag()})
STATUS = Named("StationStatus", StationStatus)
STATION = Named(
    "Station",
    {
        "allOf": [STATUS],
        **fields({"online": flag("Whether it reported in the last seconds."), "last_seen": instant()}),
        "description": "The last status of a station.",
    },
)
LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50}, "Rows of a page.")
OPERATIONS = {
    "POST /api/captures": Operation(
        TAG,
        {
            201: json_answer("The capture and its pictures are stored durably.", STORED),
            200: json_answer("It was stored before.", STORED),
        },
        errors=(400, 413, 415, 503),
        body=Body(
            {
                JSON: Content(RESULT, EXAMPLE),
                "multipart/form-data": Content(
                    fields({"result": text("The capture result as JSON text."), **dict.fromkeys(KINDS, BYTES)}, KINDS)
                ),
            },
            "JSON with pictures as base64, or the part `result` with the JSON and the pictures as files.",
        ),
    ),
    "GET /api/captures": Operation(
        TAG,
        {200: page_answer("A page of captures.", "captures", CAPTURE)},
        errors=(400, 503),
        parameters=[
            LIMIT,
            CURSOR,
            *text_filter(
                "tag", "Captures that have this tag; `E28*`: a tag that begins so, `*412*`: one with this part."
            ),
            *text_filter(
                "number",
                "With this number, as read or as corrected; `123*`: one that begins so, `*23*`: one with this part.",
            ),
            *text_filter("station", "Captures of this station."),
            Parameter(
                "success", {"enum": ["true", "false", "1", "0", ""]}, "Only captures with (or without) a number."
            ),
            FROM,
            TO,
            ORDER,
        ],
    ),
    "GET /api/unread": Operation(
        TAG,
        {200: page_answer("A page of captures that somebody should look at.", "captures", CAPTURE)},
        errors=(400, 503),
        parameters=[LIMIT, CURSOR],
    ),
    "GET /api/captures/{capture_id}": Operation(
        TAG,
        {200: json_answer("The capture.", success({"capture": CAPTURE}))},
        errors=(404, 503),
        parameters=[in_path("capture_id", "The hub's id of the capture.")],
    ),
    "POST /api/captures/{capture_id}/protect": Operation(
        TAG,
        {200: json_answer("It is kept from now on.", PROTECTED)},
        errors=(404, 503),
        parameters=[in_path("capture_id", "The hub's id of the capture.")],
    ),
    "DELETE /api/captures/{capture_id}/protect": Operation(
        TAG,
        {200: json_answer("It expires like others.", PROTECTED)},
        errors=(404, 503),
        parameters=[in_path("capture_id", "The hub's id of the capture.")],
    ),
    "GET /api/stations": Operation(
        TAG, {200: page_answer("A page of stations.", "stations", STATION)}, errors=(400,), parameters=[LIMIT, CURSOR]
    ),
    "POST /api/stations/status": Operation(
        TAG,
        {200: json_answer("The status is shown from now on.", success({"message": text()}))},
        errors=(400, 413, 415, 429, 503),
        body=json_body(
            STATUS,
            {"station": "north", "state": "waiting", "message": "Waiting for a tag", "outbox": {"waiting": 0}},
            "Unknown fields are ignored; texts that are too long are cut.",
        ),
    ),
}
CHANNELS = [
    Channel(
        "/",
        "websocket",
        "Capture results to programs beside the station, and from older stations.",
        listeners=("results",),
        receives={"a capture result as JSON": "stored and acknowledged"},
        sends={"a capture result as JSON": "a capture was stored"},
        document="docs/wire/station.md",
    ),
    Channel(
        "/socket.io/",
        "socket.io",
        "Capture results and the status of stations, as an agent sends them.",
        document="docs/wire/station.md",
    ),
]
