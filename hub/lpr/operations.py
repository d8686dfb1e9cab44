"""The cameras' routes and messages in the OpenAPI document (docs/wire/lpr.md 4.1)."""

from __future__ import annotations

from typing import Any

from hub.http.parameters import CURSOR, FROM, ORDER, TO, limit, text_filter
from hub.lpr.ingest import CONTENT_TYPES
from hub.lpr.repository.records import MAX_COUNTED
from hub.lpr.schemas import (
    CAMERA,
    COUNTERS,
    DETECTION,
    HEALTH,
    REPLY,
    SENT_DETECTION,
    SENT_HEALTH,
    SENT_REGISTRATION,
)
from hub.openapi.channels import Channel
from hub.openapi.operation import (
    JSON,
    Body,
    Content,
    Operation,
    Parameter,
    header,
    in_path,
    json_answer,
    json_body,
    page_answer,
    success,
)
from hub.openapi.schema import Named, SchemaLike, accepted, fields, flag, items, number, text, whole

TAG = "Licence plates"
DETECTION_EXAMPLE = {
    "camera_id": "gate-1",
    "checkpoint_id": "north",
    "timestamp": "2026-01-28T10:50:00",
    "ocr_results": [{"text": "กข 1234", "confidence": 0.93}],
}
HEALTH_EXAMPLE = {"camera_id": "gate-1", "component": "Camera", "status": "pass", "message": "Pictures arrive"}
ANY = {"anyOf": [SENT_DETECTION, SENT_HEALTH, SENT_REGISTRATION]}
STORED = json_answer("The record is stored durably, or was before.", REPLY)
IMAGES = Parameter("images", {"enum": ["base64", "links"]}, "`base64`: the bytes of pictures in place of links.")
PROTECTED = success({"message": text(), "detection_id": text("The hub's id of the record."), "protected": flag()})
CONFIG = json_answer(
    "What the hub uses.", success({"message": text(), "config": fields({"offline_seconds": number()})})
)


def _filters(*more: Parameter) -> list[Parameter]:
    return [
        CURSOR,
        *text_filter("camera_id", "Of this camera.", "camera"),
        *text_filter("checkpoint_id", "Of this checkpoint.", "checkpoint"),
        *more,
        FROM,
        TO,
    ]


def _post(schema: SchemaLike, example: dict[str, Any] | None, summary: str = "") -> Operation:
    """A route that takes records: JSON, whatever the content type says."""
    content = {kind: Content(schema, example) for kind in CONTENT_TYPES if kind == JSON}
    return Operation(
        TAG,
        {200: STORED},
        errors=(400, 413, 415, 429, 503),
        parameters=[header("X-Device-Serial", "The camera's id, where the record has none.")],
        body=Body(content, f"JSON, also as {', '.join(kind for kind in CONTENT_TYPES if kind not in ('', JSON))}."),
        summary=summary,
    )


DETECTION_POST = _post(SENT_DETECTION, DETECTION_EXAMPLE, "Store a detection.")
HEALTH_POST = _post(SENT_HEALTH, HEALTH_EXAMPLE, "Store a health report.")
OPERATIONS = {
    "POST /api/detection": DETECTION_POST,
    "POST /api/health": HEALTH_POST,
    "POST /api/cameras/register": _post(SENT_REGISTRATION, {"camera_id": "gate-1"}, "Register a camera."),
    "POST /api/data": _post(ANY, DETECTION_EXAMPLE, "Store a record of any kind."),
    "POST /api/statistics": _post(ANY, DETECTION_EXAMPLE, "Store a record of any kind, as the newest cameras send it."),
    "POST /api/v1/detection": DETECTION_POST,
    "POST /api/v1/health": HEALTH_POST,
    "GET /api/v1/config": Operation(TAG, {200: CONFIG}),
    "POST /api/v1/config": Operation(
        TAG, {200: CONFIG}, body=json_body(accepted({}, "Ignored."), {"interval": 5}, required=False)
    ),
    "GET /api/test": Operation(
        TAG, {200: json_answer("The hub runs.", success({"message": text(), "timestamp": text("Local time.")}))}
    ),
    "GET /api/statistics": Operation(
        TAG,
        {
            200: json_answer(
                "The counters: under `data`, and flat for older programs.",
                success({"data": fields(COUNTERS), **COUNTERS}),
            )
        },
    ),
    "GET /api/cameras": Operation(
        TAG,
        {
            200: page_answer(
                "A page of cameras.",
                "cameras",
                CAMERA,
                {"total_cameras": whole("Cameras in all.", 0), "timestamp": text("The hub's local time.")},
            )
        },
        errors=(400,),
        parameters=[CURSOR],
    ),
    "GET /api/records": Operation(
        TAG,
        {
            200: page_answer(
                "A page of records.",
                "records",
                DETECTION,
                {
                    "total_count": whole("Matching records in all.", 0),
                    "total_is_exact": flag(f"Whether there are no more than that: {MAX_COUNTED} are counted."),
                    "returned_count": whole(),
                    "timestamp": text(),
                },
            )
        },
        errors=(400, 503),
        parameters=[
            limit(20),
            *_filters(
                *text_filter(
                    "plate",
                    "With this plate, as read or as corrected; `AB12*`: one that begins so, `*B1*`: with this part.",
                ),
                IMAGES,
                ORDER,
            ),
        ],
    ),
    "GET /api/records/{record_id}": Operation(
        TAG,
        {200: json_answer("The record.", success({"record": DETECTION}))},
        errors=(404, 503),
        parameters=[in_path("record_id", "The hub's id of the record, `detection_id`."), IMAGES],
    ),
    "POST /api/records/{record_id}/protect": Operation(
        TAG,
        {200: json_answer("It is kept from now on.", PROTECTED)},
        errors=(404, 503),
        parameters=[in_path("record_id", "The hub's id of the record, `detection_id`.")],
    ),
    "DELETE /api/records/{record_id}/protect": Operation(
        TAG,
        {200: json_answer("It expires like others.", PROTECTED)},
        errors=(404, 503),
        parameters=[in_path("record_id", "The hub's id of the record, `detection_id`.")],
    ),
    "GET /api/health": Operation(
        TAG,
        {200: page_answer("A page of health reports.", "health", HEALTH)},
        errors=(400, 503),
        parameters=[limit(50), *_filters(*text_filter("component", "Of this component."))],
    ),
    "GET /websocket": Operation(
        TAG,
        {
            200: json_answer(
                "Where to connect; with `Upgrade: websocket` the address is a WebSocket.",
                Named("ConnectionHelp", fields({"message": text(), "connection_url": text(), "events": items(text())})),
            )
        },
    ),
}
RECORDS = {
    "lpr_data, lpr_detection, detection": "a detection; answered with lpr_response and an acknowledgement",
    "health_status, health, edge_status": "a health report; answered with health_response",
    "camera_register": "a registration",
}
CHANNELS = [
    Channel(
        "/",
        "websocket",
        "Records of cameras as plain JSON, one to a message, each answered.",
        listeners=("lpr",),
        receives={"a detection, a health report or a registration as JSON": "stored and answered"},
        sends={"detection_response, health_response, general_response": "the answer to a record"},
        document="docs/wire/lpr.md",
    ),
    Channel(
        "/socket.io/",
        "socket.io",
        "Records of cameras, and live events of dashboards that join a room.",
        receives={
            **RECORDS,
            "ping": "answered with pong",
            "join_dashboard, leave_dashboard": "live detections, captures, alerts and states, or no longer",
            "join_health_room, leave_health_room": "live health reports, or no longer",
        },
        sends={
            "new_detection, new_capture, camera_status, watchlist_alert, vehicle_presence": "to dashboards",
            "health_update": "to the health room",
            "error": "a record was refused; the body has the sentence",
        },
        document="docs/wire/lpr.md",
    ),
]
