"""Schemas of what cameras send and readers get, for the OpenAPI document (docs/wire/lpr.md 2 and 4.1)."""

from __future__ import annotations

from hub.lpr.contract.fields import CAMERA_KEYS, CHECKPOINT_KEYS, MAX_EVENT_ID, MAX_ID
from hub.lpr.contract.kinds import TYPES
from hub.lpr.contract.plates import MAX_TEXT
from hub.openapi.schema import (
    Named,
    accepted,
    anything,
    choice,
    constant,
    fields,
    flag,
    instant,
    items,
    nullable,
    number,
    numeric,
    scalar,
    text,
    whole,
)

SENDER = {
    **{key: scalar(f"The camera's id; the first {MAX_ID} characters count.") for key in CAMERA_KEYS},
    **{key: scalar("The id of its checkpoint; that of the camera if missing.") for key in CHECKPOINT_KEYS},
    "type": scalar(f"What the record is, such as {', '.join(sorted(set(TYPES))[:4])}; if missing its fields decide."),
    "timestamp": anything("When it happened, in any usual form; without a zone in the hub's local time."),
    "created_at": anything("The same in UTC."),
}
RECORD = {**SENDER, "event_id": scalar("The sender's id: the same one twice is stored once.", MAX_EVENT_ID)}
WRAPPED = "The fields may also be inside `data`, `content` or `detection_data`, and lists may be JSON text. A value of "
TOLERANT = WRAPPED + "an unexpected type is left out and named in `warnings`."
PICTURE = anything("A picture as base64 or data URL.")
SENT_DETECTION = Named(
    "SentDetection",
    accepted(
        {
            **RECORD,
            "ocr_results": anything("Plates as they were read: a list of texts or of `{text, confidence, bbox}`."),
            "plate_detections": anything("Where plates are: a list of `{bbox, confidence, plate}`."),
            "vehicle_detections": anything("Vehicles, a list; kept as it is sent."),
            "plate_number": scalar(f"A single plate; the first {MAX_TEXT} characters count."),
            "license_plate": scalar("Another name of `plate_number`."),
            "confidence": anything("Of the single plate: 0 to 1, or a percentage."),
            "vehicles_count": anything("How many vehicles; those of the list if missing."),
            "plates_count": anything("How many plates; those that were read if missing."),
            "processing_time_ms": anything("How long the camera worked on it."),
            "latitude": numeric("Degrees; also as `lat`, `location_lat`."),
            "longitude": numeric("Degrees; also as `lon`, `lng`, `location_lon`."),
            "location": anything("Where the camera is, as a text, or as an object with the coordinates."),
            "original_image": PICTURE,
            "annotated_image": PICTURE,
            "image": PICTURE,
            "cropped_plates": anything("Pictures of plates, a list."),
        },
        "A detection of a camera. " + TOLERANT,
    ),
)
SENT_HEALTH = Named(
    "SentHealth",
    accepted(
        {
            **RECORD,
            "component": scalar("What reports; `System` if missing."),
            "status": scalar("Its state, in any of the words of five camera generations."),
            "message": scalar("A sentence about it."),
            "details": anything("More; kept as it is sent."),
            "cpu_usage": anything("Kept in `details`, as other figures."),
            "camera_status": scalar("The state, where `status` is missing."),
        },
        "A health report of a component of a camera. " + TOLERANT,
    ),
)
SENT_REGISTRATION = Named("SentRegistration", accepted(SENDER, "A camera registers itself."))
REPLY = Named(
    "CameraReply",
    fields(
        {
            "success": constant(True),
            "message": text(),
            "detection_id": text("The hub's id of a stored detection."),
            "health_id": text("The hub's id of a stored health report."),
            "camera_id": anything("As it was sent."),
            "checkpoint_id": anything("As it was sent."),
            "timestamp": text("The hub's local time."),
            "warnings": items(text(), "What of the record could not be used."),
            "duplicate": constant(True, "The record was stored before; nothing was stored again."),
        },
        optional=("detection_id", "health_id", "camera_id", "checkpoint_id", "warnings", "duplicate"),
        description="The answer to a record; a test (`type: test`) gets only success, message and timestamp.",
    ),
)
BOX = items(number(), "x1, y1, x2, y2 in pixels.", min=4, max=4)
PLATE = Named(
    "Plate",
    fields(
        {
            "text": text("As it was read; empty where only a person has read it."),
            "plate": text("As it is searched: capital letters and digits."),
            "confidence": nullable(number(min=0, max=1)),
            "box": nullable(BOX),
            "corrected": nullable(
                text("The plate by the newest correction; empty where it cannot be read, null without a correction.")
            ),
        },
        optional=("corrected",),
    ),
)
STORED = {
    "event_id": nullable(text("The sender's own id.")),
    "camera_id": text(),
    "checkpoint_id": text(),
    "timestamp": text("The sender's text, or the hub's local time."),
    "created_at": nullable(text("The sender's text.")),
    "occurred_at": instant("When it happened by the sender's clock."),
    "received_at": instant("When the hub received it."),
}
LINK = nullable(text("A link to the picture, or its base64 with `images=base64`; null or empty without one."))
DETECTION = Named(
    "Detection",
    fields(
        {
            "detection_id": text("The hub's id of the record."),
            "type": constant("detection_result"),
            **STORED,
            "vehicles_count": whole(min=0),
            "plates_count": whole(min=0),
            "ocr_results": items({}, "As the camera sent them."),
            "vehicle_detections": items({}, "As the camera sent them."),
            "plate_detections": items({}, "As the camera sent them."),
            "processing_time_ms": nullable(number()),
            "plates": items(PLATE, "The plates that can be searched."),
            "latitude": number(),
            "longitude": number(),
            "location": text(),
            "original_image": LINK,
            "annotated_image": LINK,
            "image": LINK,
            "cropped_plates": items(nullable(text())),
            "warnings": items(text(), "What of the record could not be used."),
            "watchlist": items({"type": "object"}, "The entries of the watchlist that its plates matched."),
            "door": text("How it came in, such as rest or socketio."),
            "protected": flag("Whether it is kept whatever the rules of retention say."),
        },
        optional=("latitude", "longitude", "location", "image"),
    ),
)
HEALTH = Named(
    "HealthReport",
    fields(
        {
            "health_id": text("The hub's id of the report."),
            "type": constant("health_check"),
            **STORED,
            "component": text(),
            "status": text("ok, warning or error; an unknown word as it was sent."),
            "raw_status": text("The word that was sent."),
            "message": text(),
            "details": anything("As they were sent."),
            "warnings": items(text()),
        }
    ),
)
COMPONENT = fields(
    {
        "component": text(),
        "status": text(),
        "message": text(),
        "details": anything(),
        "occurred_at": instant(),
        "received_at": instant(),
    }
)
CAMERA = Named(
    "Camera",
    fields(
        {
            "camera_id": text(),
            "checkpoint_id": text(),
            "registered_at": instant("Its first contact."),
            "last_seen": instant("Its last record."),
            "status": choice(("active", "offline")),
            "online": flag(),
            "detection_count": whole(min=0),
            "health_count": whole(min=0),
            "health_status": text("The worst of its components; `unknown` without a report."),
            "components": items(COMPONENT),
            "door": text("How its last record came in."),
            "address": text("The address that its last record came from."),
        }
    ),
)
COUNTERS = {
    "total_detections": whole(min=0),
    "today_detections": whole("Since the hub's midnight.", min=0),
    "total_health_checks": whole(min=0),
    "today_health_checks": whole(min=0),
    "total_cameras": whole(min=0),
    "unique_cameras": whole(min=0),
    "active_cameras": whole("Cameras that are online.", min=0),
    "blacklist_count": whole("Entries of the watchlist with the action deny.", min=0),
    "connected_clients": whole("Open connections of cameras.", min=0),
    "last_update": text("The hub's local time of the last record."),
    "server_status": constant("running"),
}
