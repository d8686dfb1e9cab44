"""Stored pictures by name, on every port (links point to port 3000)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.contract.errors import NotFound
from hub.http.answers import current_hub
from hub.runtime.offload import offload
from hub.store.packs import NAME

images = Blueprint("images", __name__)


@images.get("/images/<path:name>")
def picture(name: str) -> Response:
    """A picture's bytes. A name is never given out twice, so it may be cached for good."""
    found = offload(current_hub().packs.read if NAME.fullmatch(name) else current_hub().images.read, name)
    if found is None:
        raise NotFound("There is no picture of this name.")
    data, content_type = found
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(name)
    return response.make_conditional(request, accept_ranges=True, complete_length=len(data))
