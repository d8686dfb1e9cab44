"""The routes and messages of person tracking in the OpenAPI document (docs/wire/tracking.md 1)."""

from __future__ import annotations

from hub.http.parameters import CURSOR, limit
from hub.openapi.channels import Channel
from hub.openapi.operation import (
    BYTES,
    ERROR,
    JSON,
    Answer,
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
from hub.tracking.contract.messages import MAX_DISTANCE, MAX_EMBEDDING
from hub.tracking.contract.search import DEFAULT_STEP, MAX_STEP
from hub.tracking.contract.upload import MAX_PICTURES
from hub.tracking.matches import MAX_TEXT
from hub.tracking.matches_rest import UUID
from hub.tracking.search import CANCELLED, DONE, FAILED, QUEUED, RUNNING

TAG = "Person tracking"
REFUSAL = Named(
    "TrackingError",
    {
        "allOf": [ERROR],
        **fields({"detail": text("The same for older clients.")}, optional=["detail"]),
        "description": "The error body with the key that older clients read.",
    },
)
EMBEDDING = text("The embedding that POST /upload-embedding answered, unchanged.", MAX_EMBEDDING, 1)
PICTURE = text("A JPEG or PNG as base64 or data URL.")
UPLOAD = Named(
    "SentPhotos",
    accepted(
        {
            "image": nullable(PICTURE),
            "images": nullable(items(PICTURE, "More photos of the same person.", MAX_PICTURES)),
            "embedding": nullable(text("An earlier embedding that the photos are to improve.", MAX_EMBEDDING)),
        },
        f"1 to {MAX_PICTURES} photos of one person.",
    ),
)
BOX = items(number(), "x1, y1, x2, y2 in pixels.", min=4, max=4)
EMBEDDED = success(
    {
        "embedding": EMBEDDING,
        "shape": items(whole()),
        "dtype": constant("float32"),
        "method": constant("multi_frame"),
        "status": constant("success"),
        "model": text("The model that made it; other models cannot use it."),
        "person": text("The id of the person, for stored matches."),
        "pictures": whole("Photos in it.", 1),
        "found": flag("Whether a person was found."),
        "boxes": items({}, "Where the person is in each photo."),
        "warnings": items(text()),
    }
)
PERSON = Named(
    "PersonMatch",
    fields(
        {
            "bbox": BOX,
            "bbox_format": constant("xyxy"),
            "coordinate_info": {"type": "object"},
            "crop_info": {"type": "object"},
            "confidence": number("How sure it is a person."),
            "distance": number("From the person that is looked for; 0 is equal."),
            "frame_number": whole(min=0),
            "timestamp": number("The position in the video, in seconds."),
            "time_formatted": text("The same as MM:SS."),
        }
    ),
)
SEARCH = fields(
    {
        "success": flag("False where the search failed."),
        "matches": items(PERSON),
        "status": choice((QUEUED, RUNNING, DONE, FAILED, CANCELLED)),
        "job": text("The id of the search."),
        "url": text("Where its progress is."),
        "video": text(),
        "progress": number(min=0, max=1),
        "frames": whole("Frames of the video; 0 while they are unknown."),
        "fps": number(min=0),
        "step": whole(min=1),
        "examined": whole("Frames that were examined.", 0),
        "total_matches": whole(min=0),
        "truncated": flag("Whether there are more matches than `matches` holds."),
        "error": text("Why it failed; empty otherwise."),
    }
)
SEARCH_BODY = Named("Search", SEARCH)
SENT_SEARCH = {
    "person": {"description": "The person as `{embedding}`, in place of `embedding`."},
    "embedding": nullable(EMBEDDING),
    "video": {"description": "The name of a video that GET /api/tracking/videos lists, or `{path}` with it."},
    "max_distance": nullable(number("Up to which a person matches.", exclusiveMinimum=0, maximum=MAX_DISTANCE)),
    "step": nullable(whole(f"Every step-th frame is examined; {DEFAULT_STEP} if missing.", 1, MAX_STEP)),
}
MATCH = Named(
    "StoredMatch",
    fields(
        {
            "id": text(),
            "person": text("The id of the person."),
            "session_id": text("The session that followed the person."),
            "source": text("A camera's id, a source's name, or `frames`."),
            "received_at": instant(),
            "bbox": BOX,
            "bbox_format": constant("xyxy"),
            "image_width": whole(),
            "image_height": whole(),
            "distance": number(),
            "confidence": number(),
            "crop": nullable(text("The address of its picture.")),
        }
    ),
)
DELETED = json_answer(
    "The person is deleted.",
    success({"message": text(), "person": text(), "deleted": whole("Matches that were deleted.", 0)}),
)
SEARCH_ID = in_path("search_id", "The id of the search, `job`.")
# `[0-9A-Fa-f]`: ids are compared in lower case.
PERSON_ID = {"type": "string", "pattern": f"^{UUID.pattern.replace('a-f', 'A-Fa-f')}$"}
OPERATIONS = {
    "POST /upload-embedding": Operation(
        TAG,
        {200: json_answer("The embedding of the person.", EMBEDDED)},
        errors=(413, 422, 503),
        body=Body(
            {
                JSON: Content(UPLOAD),
                "multipart/form-data": Content(
                    fields({"file": BYTES, "embedding": text("An earlier embedding.")}, ["file", "embedding"])
                ),
                "image/jpeg": Content(BYTES),
                "image/png": Content(BYTES),
            },
            "JSON with base64, a form with files under any name, or the bytes of one picture.",
        ),
        error=REFUSAL,
    ),
    "POST /find": Operation(
        TAG,
        {
            200: json_answer("The result of a short search.", SEARCH_BODY),
            202: json_answer("The search goes on.", SEARCH_BODY, Location="Where its progress is."),
        },
        errors=(404, 413, 422, 503),
        body=json_body(fields(SENT_SEARCH, list(SENT_SEARCH), additionalProperties=True)),
        error=REFUSAL,
    ),
    "GET /find/{search_id}": Operation(
        TAG,
        {200: json_answer("The search.", SEARCH_BODY)},
        errors=(404,),
        parameters=[SEARCH_ID, Parameter("after", {"type": "integer", "default": 0}, "Leave out the first N matches.")],
        error=REFUSAL,
    ),
    "DELETE /find/{search_id}": Operation(
        TAG,
        {200: json_answer("The search as it ended.", SEARCH_BODY)},
        errors=(404,),
        parameters=[SEARCH_ID],
        error=REFUSAL,
    ),
    "GET /api/tracking": Operation(
        TAG,
        {
            200: json_answer(
                "Models, sources and limits.",
                success(
                    {
                        "model": {"type": "object", "description": "The models and what they can do."},
                        "sources": items({}, "What `video_source` of a session may name."),
                        "sessions": whole("Open sessions.", 0),
                        "max_distance": number(),
                        "max_fps": number(),
                        "keep_matches": flag(),
                        "keep_days": number(),
                    }
                ),
            )
        },
        errors=(422, 503),
    ),
    "GET /api/tracking/videos": Operation(
        TAG,
        {
            200: json_answer(
                "The videos.",
                success(
                    {"videos": items(fields({"name": text(), "bytes": whole(min=0), "modified": nullable(instant())}))}
                ),
            )
        },
    ),
    "GET /api/tracking/matches": Operation(
        TAG,
        {
            200: page_answer(
                "A page of matches.",
                "matches",
                MATCH,
                {
                    "kept": flag("Whether matches are stored."),
                    "total_count": nullable(whole("Null where there are too many to count.", 0)),
                    "deleted_at": nullable(instant("When `person` was deleted.")),
                },
            )
        },
        errors=(400, 503),
        parameters=[
            limit(50),
            CURSOR,
            Parameter("person", PERSON_ID, "Of this person."),
            Parameter("session", {"type": "string", "maxLength": MAX_TEXT}, "Of this session."),
        ],
    ),
    "GET /api/tracking/matches/{match_id}/crop": Operation(
        TAG,
        {200: Answer("The picture.", {"image/jpeg": Content(BYTES)})},
        errors=(404, 503),
        parameters=[in_path("match_id", "The id of the match.")],
    ),
    "DELETE /api/tracking/persons/{person}": Operation(
        TAG,
        {200: DELETED},
        errors=(400, 409, 503),
        parameters=[Parameter("person", PERSON_ID, "The id of the person.", "path", True)],
    ),
    "POST /api/tracking/persons/delete": Operation(
        TAG,
        {200: DELETED},
        errors=(400, 409, 410, 413, 415, 422, 503),
        body=json_body(fields({"embedding": EMBEDDING}, additionalProperties=True)),
    ),
}
CHANNELS = [
    Channel(
        "/video-stream/{session_id}",
        "websocket",
        "Follow a person in a video source or in frames that the client sends.",
        receives={
            "start_tracking": "follow the person in a source",
            "single_frame": "look for the person in one picture",
            "stop_tracking": "end following",
            "ping": "answered with pong",
        },
        sends={"status": "what happened, with a sentence", "matches": "the persons of a picture that match"},
        document="docs/wire/tracking.md",
    )
]
