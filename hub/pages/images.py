"""Stored pictures by name, on every port (picture links point to port 3000)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import NotFound
from hub.contract.roles import Role
from hub.http.answers import current_hub, part
from hub.store.thumbnails import Thumbnails

images = Blueprint("images", __name__)


def _keep(response: Response, name: str) -> None:
    """Let clients keep what never changes; nothing else is made of it."""
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(name)


@images.get("/images/<path:name>")
@role(Role.DEVICE, readers=True)
def picture(name: str) -> Response:
    """The bytes of a picture. Names are never reused, so clients may cache it without limit.

    A large one is read in pieces while it is sent: slow readers hold a piece each in memory.
    """
    found = current_hub().picture_files.open(name)
    if found is None:
        raise NotFound("There is no picture of this name.")
    whole = found.whole()
    response = Response(found if whole is None else whole, content_type=found.content_type)
    response.content_length = found.size
    _keep(response, name)
    response.make_conditional(request, accept_ranges=True, complete_length=found.size)
    return response


@images.get("/thumbnails/<path:name>")
@role(Role.VIEWER)
def thumbnail(name: str) -> Response:
    """A small version of a picture as JPEG, at most 320 pixels wide and high, for lists."""
    response = Response(part(Thumbnails).get(name), content_type="image/jpeg")
    _keep(response, name)
    response.make_conditional(request)
    return response
