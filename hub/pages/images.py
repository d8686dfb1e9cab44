"""Stored pictures by name, on every port (picture links point to port 3000)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.contract.errors import NotFound
from hub.http.answers import current_hub
from hub.runtime.offload import offload
from hub.store.packs import NAME

images = Blueprint("images", __name__)


@images.get("/images/<path:name>")
def picture(name: str) -> Response:
    """The bytes of a picture. Names are never reused, so clients may cache it without limit."""
    found = offload(current_hub().packs.read if NAME.fullmatch(name) else current_hub().images.read, name)
    if found is None:
        raise NotFound("There is no picture of this name.")
    data, content_type = found
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(name)
    response.make_conditional(request, accept_ranges=True, complete_length=len(data))
    return response
