"""The pages and stored pictures in the OpenAPI document."""

from __future__ import annotations

from hub.openapi.channels import Channel
from hub.openapi.operation import BYTES, HTML, JSON, PAGE, Answer, Content, Operation, header, in_path, success
from hub.openapi.schema import constant, fields, items, number, table, text, whole

TAG = "Pages"


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
    **{f"GET {path}": _page() for path in ("/plates", "/apriltags", "/video", "/track", "/devices", "/docs")},
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
            "storage": "records are refused since the disk is nearly full (`trouble` is the sentence), or no longer",
            "hub_alert": "an alert was raised, cleared or reported",
        },
    )
]
