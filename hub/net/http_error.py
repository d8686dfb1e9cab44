"""Requests that the server itself refuses, in front of any application."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

from hub.contract.errors import error_body
from hub.contract.json_text import encode


class HttpError(Exception):
    """A refused request: HTTP status, one sentence, and headers beside the usual ones."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def over_budget(detail: str = "") -> HttpError:
    """The error of a request that does not fit into the hub's memory now."""
    message = f"The hub has as much in memory as it may have{detail}. Send it again in some seconds."
    return HttpError(503, message, (("Retry-After", "5"),))


def error_response(error: HttpError, with_body: bool = True) -> bytes:
    """The whole HTTP response to a refused request, with the one JSON error body; the connection closes after it."""
    body = encode(error_body(error.message))
    lines = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        f"Date: {formatdate(usegmt=True)}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "X-Content-Type-Options: nosniff",
        *(f"{name}: {value}" for name, value in error.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body if with_body else b"")
