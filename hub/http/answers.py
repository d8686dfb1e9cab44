"""Helpers of Flask routes: the hub of the application, JSON responses, the client's name for the hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from flask import Response, current_app, request

from hub.context import Hub
from hub.contract.json_text import encode
from hub.contract.roles import Principal
from hub.net.host import request_host
from hub.net.wsgi import status_line

T = TypeVar("T")


def current_hub() -> Hub:
    """The hub of the current Flask application."""
    return cast(Hub, current_app.extensions["gatehouse"])


def part(kind: type[T]) -> T:
    """A service that a kind of device registered, by its type. Raises KeyError."""
    return current_hub().part(kind)


def answer(body: Any, status: int = 200) -> Response:
    """A JSON response."""
    return Response(encode(body), status=status, content_type="application/json")


def with_reason_phrase(response: Response) -> Response:
    """Spell the reason phrase as fast routes do, for `after_this_request`: `Bad Request`, not `BAD REQUEST`."""
    response.status = status_line(response.status_code)
    return response


def principal() -> Principal:
    """Who sent the current request."""
    return current_hub().gate.principal(request.environ)


def author() -> Principal:
    """Who is named for what the current request changes."""
    return current_hub().gate.author(request.environ)


def note_change(action: str, target: str, detail: Mapping[str, Any] | None = None) -> None:
    """Record in the audit log what the current request has changed (`hub.contract.audit.Audit.record`)."""
    hub = current_hub()
    hub.audit.record(author(), action, target, detail, request.remote_addr or "")


def reader_host() -> str:
    """The host name that the client used for the hub, for links."""
    return request_host(request.environ)
