"""The routes of vehicle presence in the OpenAPI document."""

from __future__ import annotations

from hub.http.parameters import limit
from hub.openapi.operation import Operation, Parameter, in_path, json_answer, success
from hub.openapi.schema import Named, choice, constant, fields, flag, instant, items, nullable, number, text, whole
from hub.presence.rest import LISTED
from hub.presence.state import NOT_SEEN, NOT_WATCHED
from hub.video.frames import MAX_NAME

TAG = "Vehicles"
BOX = items(number(), "x1, y1, x2, y2 in pixels of the picture.", min=4, max=4)
ROW = Named(
    "VehiclePresence",
    fields(
        {
            "camera": text("The camera's id."),
            "present": nullable(flag("Whether a vehicle is there; null while it is unknown.")),
            "stay": nullable(text("The id of the vehicle's stay.")),
            "since": nullable(instant("The first picture that showed it.")),
            "last_seen": nullable(instant("The last picture that showed it.")),
            "kind": nullable(text("What it is, such as car or truck.")),
            "confidence": nullable(number("How sure that is.", 0, 1)),
            "box": nullable(BOX),
            "width": nullable(whole("Of the picture, in pixels.")),
            "height": nullable(whole("Of the picture, in pixels.")),
            "examined": whole("Pictures that were examined.", 0),
            "failed": whole("Pictures that could not be examined.", 0),
            "skipped": whole("Pictures that were too old when they were due.", 0),
            "picture_at": nullable(instant("When the last examined picture was received.")),
            "per_second": number("Pictures examined a second."),
            "milliseconds": number("How long one takes."),
            "error": text("Why the last picture could not be examined; empty where it could."),
            "note": text("Why it is unknown whether a vehicle is there; empty where it is known."),
        },
        description="Whether a vehicle is at a watched camera.",
    ),
)
TIMES = {"camera": text("The camera's id."), "stay": text("The id of the vehicle's stay."), "time": instant()}
ARRIVED = Named(
    "VehicleArrived",
    fields(
        {
            "change": constant("arrived"),
            **TIMES,
            "since": instant("The first picture that showed it."),
            "arrival_seen": flag("False where it was there when the pictures began."),
            "kind": text(),
            "confidence": number(min=0, max=1),
            "box": BOX,
            "width": whole(),
            "height": whole(),
        }
    ),
)
LEFT = Named(
    "VehicleLeft",
    fields(
        {
            "change": constant("left"),
            **TIMES,
            "since": instant("The first picture that showed it."),
            "last_seen": instant("The last picture that showed it."),
            "stayed_seconds": number("From the first picture to the last."),
            "kind": text(),
            "reason": choice((NOT_SEEN, NOT_WATCHED)),
        }
    ),
)
EVENTS = items({"oneOf": [ARRIVED, LEFT]}, "The newest arrivals and departures, the newest first.")
OPERATIONS = {
    "GET /api/presence": Operation(
        TAG,
        {200: json_answer("The watched cameras.", success({"cameras": items(ROW), "events": EVENTS}))},
        errors=(400, 404),
        parameters=[
            limit(LISTED),
            Parameter("camera", {"type": "string", "minLength": 1, "maxLength": MAX_NAME}, "Only this camera."),
        ],
    ),
    "GET /api/presence/{camera}": Operation(
        TAG,
        {200: json_answer("The camera.", success({"presence": ROW, "events": EVENTS}))},
        errors=(400, 404),
        parameters=[in_path("camera", "The camera's id, which may have slashes."), limit(LISTED)],
    ),
}
