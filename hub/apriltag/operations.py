"""The routes and messages of AprilTag boards and games in the OpenAPI document (docs/wire/apriltag.md 2)."""

from __future__ import annotations

from hub.apriltag.access import LISTENERS, PICTURE_PATH, POLL_PATH
from hub.apriltag.contract.decoding import MAX_TEXT_BYTES
from hub.apriltag.service import POLL_NUMBERS
from hub.apriltag.video import MAX_INTERVAL_MS, MIN_INTERVAL_MS
from hub.http.parameters import CURSOR, FROM, TO, limit, text_filter
from hub.live.digest import NUMBERS
from hub.openapi.channels import Channel
from hub.openapi.operation import (
    BYTES,
    ERROR,
    Answer,
    Body,
    Content,
    Operation,
    Parameter,
    json_answer,
    json_body,
    page_answer,
    success,
)
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
    text,
    whole,
)

TAG = "AprilTag"
READING = Named(
    "SentReading",
    accepted(
        {
            "tag_id": anything("The number of the tag."),
            **{key: anything("Degrees.") for key in ("yaw", "pitch", "roll")},
            **{key: anything("Centimetres.") for key in ("x_cm", "y_cm", "z_cm", "range_cm")},
            "decision_margin": anything("How sure the detection is."),
            "timestamp": anything("Milliseconds since the board booted."),
            "smartcam_ip": anything("The board's own address."),
            "camera_name": anything("The board's name."),
            "tags": anything("Several tags at once, as the first build sends them: `{id, x, y, z}`."),
            "data": anything("The fields may also be inside `data`."),
        },
        f"What a board sees, at most {MAX_TEXT_BYTES // 1024} KB. Unknown fields are kept and sent on.",
    ),
)
EXAMPLE = {"event": "apriltag_data", "tag_id": 5, "yaw": 12.5, "x_cm": -3.1, "z_cm": 80.2, "timestamp": 12345}
REFUSAL = Named(
    "ReadingError",
    {
        "allOf": [ERROR],
        **fields({"error": text("The same for older boards.")}, optional=["error"]),
        "description": "The error body with the key that older boards read.",
    },
)
ROW = Named(
    "TagRow",
    fields(
        {
            "board": text("The board's address, or a camera's id."),
            "tag_id": nullable(whole()),
            "age_seconds": number("Since the reading was received.", 0),
            "source": text("`board`, or who else read it."),
            **{name: nullable(number()) for name in NUMBERS},
        }
    ),
)
STORED = Named(
    "TagReading",
    fields(
        {
            "id": whole(),
            "board": text("The board's address, or a camera's id."),
            "tag_id": nullable(whole()),
            "door": text("How it came in."),
            "source": nullable(text("Who read it, where it was not a board.")),
            "received_at": instant(),
            "server_timestamp": number("The same in epoch seconds."),
        },
        description="A stored reading: every field that was sent, and these.",
    ),
)
BOARD = Named(
    "Board",
    fields(
        {
            "address": text(),
            "name": text(),
            "door": text("How its last message came in."),
            "state": choice(("connected", "stale", "gone")),
            "sockets": whole("Open WebSockets.", 0),
            "messages": whole(min=0),
            "reboots": whole(min=0),
            "heard_at": instant(),
            "silent_seconds": number(min=0),
            "since": nullable(instant("When its session began.")),
            "clock_ms": nullable(number("Its milliseconds since it booted.")),
        }
    ),
)
GAME = fields(
    {
        "name": text(),
        "address": text(),
        "queue": whole(),
        "behind": {},
        "sent": whole(),
        "dropped": whole(),
        "since": number("Epoch seconds."),
    }
)
GAMES = Named(
    "Games",
    fields({"games": items(GAME), **{key: whole(min=0) for key in ("published", "stalled", "sent", "dropped")}}),
)
UPTIME = {
    "uptime_seconds": whole(min=0),
    "uptime_formatted": text(),
    **{key: whole(min=0) for key in ("days", "hours", "minutes", "seconds")},
}
SESSION = fields(
    {
        **{key: text("Local time.") for key in ("connect_time", "disconnect_time")},
        **{key: number("Epoch seconds.") for key in ("connect_timestamp", "disconnect_timestamp")},
        "duration_seconds": whole(),
        "duration_formatted": text(),
        "status": constant("disconnected"),
        **{key: text() for key in ("address", "name", "door", "reason")},
    }
)
POLLED = fields(
    {
        "event": text(),
        "smartcam_ip": {},
        **{key: {} for key in POLL_NUMBERS},
        "timestamp": {},
        "list_remaining": whole("Only where there is no reading."),
    },
    optional=["list_remaining"],
    description="A reading; `tag_id` is -1 where there is none.",
)
READING_POST = Operation(
    TAG,
    {
        200: json_answer(
            "The reading is received; it is stored a moment later.",
            fields({"status": constant("received"), "event": constant("apriltag_ack")}),
        )
    },
    errors=(400, 401, 413, 415, 429, 503),
    asks_token=True,
    body=json_body(READING, EXAMPLE),
    summary="Accept the reading of a board.",
    description="Boards and games get it at once. Slash or not, a board needs no redirect.",
    error=REFUSAL,
)
OPERATIONS = {
    "POST /apriltag": READING_POST,
    "POST /apriltag/": READING_POST,
    "GET /api/apriltags/newest": Operation(
        TAG,
        {
            200: json_answer(
                "The newest readings.", success({"tags": items(ROW), "boards": items(BOARD), "games": GAMES})
            )
        },
    ),
    "GET /api/apriltags": Operation(
        TAG,
        {200: page_answer("A page of readings.", "apriltags", STORED)},
        errors=(400, 503),
        parameters=[
            limit(50),
            CURSOR,
            Parameter("tag", {"type": "integer"}, "Of this tag."),
            Parameter("tag_id", {"type": "integer"}, "Another name of `tag`."),
            *text_filter("board", "Of the board at this address."),
            FROM,
            TO,
        ],
    ),
    "GET /connection_uptime": Operation(
        TAG,
        {
            200: json_answer(
                "Of the board with the oldest session, and of each under `boards`.",
                fields(
                    {
                        "connected": flag(),
                        **UPTIME,
                        "boards": items(fields({"address": text(), "name": text(), "state": text(), **UPTIME})),
                    }
                ),
            )
        },
    ),
    "GET /connection_history": Operation(
        TAG,
        {
            200: json_answer(
                "The last closed sessions, oldest first.",
                fields({"sessions": items(SESSION), "total_sessions": whole(min=0), "server_start_time": text()}),
            )
        },
    ),
    f"GET {POLL_PATH}": Operation(TAG, {200: json_answer("The oldest of the last readings.", POLLED)}),
    f"OPTIONS {POLL_PATH}": Operation(
        TAG, {200: Answer("Which pages may read it.")}, summary="Answer a browser's preflight request."
    ),
    f"POST {PICTURE_PATH}": Operation(
        TAG,
        {200: json_answer("The picture is shown.", fields({"status": constant("success"), "size": whole("Bytes.")}))},
        errors=(400, 403, 413, 415, 429, 503),
        body=Body({"image/jpeg": Content(BYTES)}, "One JPEG; the content type does not matter."),
    ),
    "POST /set_video_interval": Operation(
        TAG,
        {
            200: json_answer(
                "The boards are notified.",
                success({"status": constant("success"), "interval_ms": whole(), "fps": number(), "told": {}}),
            ),
        },
        errors=(400, 413, 415, 503),
        parameters=[Parameter("camera", {"type": "string", "minLength": 1}, "Only this board.")],
        body=json_body(
            fields(
                {"interval_ms": whole("Milliseconds between two pictures.", MIN_INTERVAL_MS, MAX_INTERVAL_MS)},
                additionalProperties=True,
            ),
            {"interval_ms": 500},
        ),
    ),
}
CHANNELS = [
    Channel(
        "/",
        "websocket",
        "Boards and games; also at /websocket. The first message says which it is.",
        listeners=LISTENERS,
        receives={
            "identify": "as a board (`esp32`, with the token) or a game (`gdevelop`)",
            "apriltag_data": "a board's reading",
            "a binary message": "a board's picture, one JPEG",
            "ping": "answered with pong",
        },
        sends={
            "connection_success": "the connection is open",
            "identify_success, auth_failed": "the answer to identify",
            "apriltag_ack": "a reading was received",
            "apriltag_data": "to games: a reading of any board",
            "set_video_interval": "to boards: how often to send a picture",
        },
        document="docs/wire/apriltag.md",
    ),
    Channel("", "udp", "Readings of boards as datagrams, port 5200.", ("udp",), document="docs/wire/apriltag.md"),
]
