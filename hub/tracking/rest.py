"""REST of person tracking: photos in, an embedding out; what the hub can follow."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import RequestError
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, part
from hub.http.body import json_object, multipart_files, read_body
from hub.tracking.access import CORS
from hub.tracking.analysis import Analysis
from hub.tracking.contract.upload import UNPROCESSABLE, Upload, upload_from_files, upload_from_json
from hub.tracking.sessions import Sessions
from hub.tracking.sources import VideoSources
from hub.tracking.uploads import Uploads

tracking_rest = Blueprint("tracking_rest", __name__)
tracking_api = Blueprint("tracking_api", __name__, url_prefix="/api/tracking")


@tracking_rest.after_request
def allow_any_origin(response: Response) -> Response:
    """CORS, errors and preflights included: the published page comes from another origin or from a file."""
    response.headers.update(CORS)
    return response


@tracking_rest.errorhandler(RequestError)
def refused(error: RequestError) -> Response:
    """The error body with `detail`, for older clients; 422 in place of 400 and 415 (docs/wire/tracking.md 1.2)."""
    status = UNPROCESSABLE if error.status in (400, 415) else error.status
    response = answer({**error.body(), "detail": error.message}, status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@tracking_rest.post("/upload-embedding")
@role(Role.DEVICE, readers=True, any_origin=True)
def upload_embedding() -> Response:
    """Photos of one person (image, images; embedding improves an earlier answer) as one embedding."""
    return answer(part(Uploads).embed(_read_upload()))


def _read_upload() -> Upload:
    """The photos of a request: JSON, multipart, or the bytes of one picture. Raises RequestError."""
    if request.mimetype == "multipart/form-data":
        fields, files = multipart_files(request)
        return upload_from_files(fields, [data for _, data in files])
    if request.mimetype.startswith("image/"):
        return Upload([read_body(request)])
    return upload_from_json(json_object(request))


@tracking_api.get("")
@role(Role.VIEWER)
def overview() -> Response:
    """What can be followed, by which models, and the limits."""
    hub = current_hub()
    settings = hub.settings.tracking
    body: dict[str, Any] = {
        "success": True,
        "model": part(Analysis).describe(),
        "sources": part(VideoSources).names(),
        "sessions": len(part(Sessions)),
        "max_distance": settings.max_distance,
        "max_fps": settings.max_fps,
        "keep_matches": settings.keep_matches,
        "keep_days": settings.keep_days,
    }
    return answer(body)
