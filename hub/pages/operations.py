"""The pages and stored pictures in the OpenAPI document."""

from __future__ import annotations

from hub.openapi.channels import Channel
from hub.openapi.operation import (
    BYTES,
    HTML,
    JSON,
    PAGE,
    Answer,
    Content,
    Operation,
    Parameter,
    header,
    in_path,
    json_answer,
    success,
)
from hub.openapi.schema import Named, Schema, choice, constant, fields, instant, items, number, table, text, whole

TAG = "Pages"
COUNT = items(whole(min=0), "How many, and how many of them were read.")
COUNTS: dict[str, Schema | Named] = {"captures": COUNT, "detections": COUNT}


def _page() -> Operation:
    return Operation(TAG, {200: Answer("The page.", {HTML: PAGE})})


OPERATIONS = {
    "GET /": Operation(
        TAG,
        {
            200: Answer(
                "For browsers a page, for programs what there is.",
                {
                    JSON: Content(
                        fields(
                            {
                                "message": text(),
                                "status": constant("running"),
                                "port": whole(),
                                "websocket_endpoint": text(),
                                "api_endpoints": table(text()),
                            }
                        )
                    ),
                    HTML: PAGE,
                },
            )
        },
    ),
    "GET /status": Operation(
        TAG,
        {
            200: Answer(
                "For browsers a page, for programs the state.",
                {
                    JSON: Content(
                        success(
                            {
                                "status": constant("running"),
                                "uptime_seconds": whole(min=0),
                                "memory_mb": number(min=0),
                                "listeners": table(whole()),
                                "closed_listeners": items(text(), "Ports of the settings that are not open."),
                                "versions": table(text(), "Of the hub and of what it stands on."),
                                "warnings": items(text(), "Sentences for the operator."),
                            },
                            description="The state of the hub, and of each of its parts under a key of its own.",
                        )
                    ),
                    HTML: PAGE,
                },
            )
        },
    ),
    **{
        f"GET {path}": _page()
        for path in ("/plates", "/watchlist", "/apriltags", "/video", "/track", "/devices", "/docs")
    },
    "GET /api/today": Operation(
        TAG,
        {
            200: json_answer(
                "The day so far.",
                success(
                    {
                        "day": text("The site's date, such as 2026-01-28."),
                        "now": instant(),
                        "hours": items(
                            fields({"from": instant(), **COUNTS}, optional=COUNTS), "23 to 25, from midnight on."
                        ),
                        "totals": fields(COUNTS, optional=COUNTS),
                    }
                ),
            )
        },
        errors=(503,),
        parameters=[
            Parameter("station", {"type": "string"}, "Only captures of this station."),
            Parameter("checkpoint", {"type": "string"}, "Only detections of the cameras of this checkpoint."),
        ],
    ),
    "GET /api/states": Operation(
        TAG,
        {
            200: json_answer(
                "The states now.",
                success(
                    {
                        "kinds": table(
                            fields({"total": whole(min=0), "well": whole(min=0), "unknown": whole(min=0)}),
                            "By kind: station, device (a reader or camera of a station), camera, board.",
                        ),
                        "troubled_count": whole("Devices that are not well.", 0),
                        "troubled": items(
                            fields(
                                {
                                    "kind": text(),
                                    "id": text(),
                                    "name": text("For people."),
                                    "state": choice(("offline", "troubled"), "`troubled`: it is online and not well."),
                                    "trouble": text("What is wrong, in a few words; may be empty."),
                                    "last_seen": instant(),
                                    "station": text("Of a device: the station that it belongs to."),
                                }
                            ),
                            "The first 50 of them, those that are offline first.",
                        ),
                    }
                ),
            )
        },
    ),
    "GET /openapi.json": Operation(
        TAG,
        {
            200: Answer("The document.", {JSON: Content({"type": "object"})}, {"ETag": "Changes with the document."}),
            304: Answer("The document has not changed."),
        },
        parameters=[header("If-None-Match", "The ETag of an earlier answer.")],
    ),
    "GET /images/{name}": Operation(
        TAG,
        {
            200: Answer("The picture.", {"image/*": Content(BYTES), "application/octet-stream": Content(BYTES)}),
            206: Answer(
                "The requested range.", {"image/*": Content(BYTES), "application/octet-stream": Content(BYTES)}
            ),
            304: Answer("The picture has not changed; pictures never do."),
        },
        errors=(404,),
        parameters=[in_path("name", "The name of a picture, as in the links of records.")],
    ),
    "GET /thumbnails/{name}": Operation(
        TAG,
        {
            200: Answer("The small picture.", {"image/jpeg": Content(BYTES)}),
            304: Answer("The picture has not changed; pictures never do."),
        },
        errors=(404, 422, 503),
        parameters=[in_path("name", "The name of a picture, as in the links of records.")],
    ),
    "GET /static/{filename}": Operation(
        TAG,
        {
            200: Answer("The file.", {"*/*": Content(BYTES)}),
            206: Answer("The requested range.", {"*/*": Content(BYTES)}),
            304: Answer("The file has not changed."),
        },
        errors=(404,),
        parameters=[in_path("filename", "Its name.")],
        summary="Scripts, styles and symbols of the pages.",
        description="",
    ),
}
CHANNELS = [
    Channel(
        "/events",
        "websocket",
        "Live events for pages, as JSON with `event`.",
        receives={
            '{"ask": "beat"}': "answered with `beat` and the hub's time, `now`: the hub is there",
            '{"ask": "missed", "kind": "capture" or "detection", "after": ID, "cursor": null}': (
                "answered with `missed`: `records` that were stored after this one (some older ones among them), "
                "newest first; `cursor` asks for the next, null at the end; `known` is false where ID is not stored"
            ),
        },
        sends={
            "capture, station": "a capture was stored, a station reported",
            "detection, camera, alert": "a detection was stored, a camera went on- or offline, a listed plate was read",
            "tags": "the newest readings of boards, a few times a second",
            "presence": "a vehicle arrived or left",
            "scale": "what a scale shows has changed, at most four times a second; as `GET /api/scales` has it",
            "devices, device_label": "which devices wait or were let in has changed, an operator named a device",
            "storage": "records are refused since the disk is nearly full (`trouble` is the sentence), or no longer",
            "hub_alert": "an alert was raised, cleared or reported",
            "alarms": "the alerts that nobody has seen yet, as `GET /api/alerts/unseen` has them",
        },
    )
]
