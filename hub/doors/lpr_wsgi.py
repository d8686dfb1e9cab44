"""The cameras' hot paths answered in front of Flask, by the same functions.

Flask's routing and request objects cost more than parsing and storing a record; everything unusual falls through to Flask.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from ..context import Hub
from ..contract.errors import ContractError, error_body
from ..contract.json_text import encode
from .lpr_rest import HINTS, receive, statistics_body

log = logging.getLogger(__name__)

STATISTICS = "/api/statistics"


class LprPosts:
    """WSGI middleware for POSTs of records with a known length, and GET /api/statistics."""

    def __init__(self, app: Callable[..., Iterable[bytes]], hub: Hub) -> None:
        self._app, self._hub = app, hub
        self._limit = hub.settings.limits.max_body_mb * 1024 * 1024

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        method = environ["REQUEST_METHOD"]
        if path in HINTS and method == "POST":
            length = environ.get("CONTENT_LENGTH") or ""
            if length.isascii() and length.isdigit() and int(length) <= self._limit:
                return self._post(path, int(length), environ, start_response)
        elif path == STATISTICS and method == "GET":
            return respond(start_response, 200, statistics_body(self._hub))
        return self._app(environ, start_response)

    def _post(self, path: str, length: int, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            body = environ["wsgi.input"].read(length)
            if len(body) < length:
                raise ContractError("The body ended before its announced length; send the request again.")
            told = receive(self._hub, path, environ.get("CONTENT_TYPE") or "", body, environ.get("REMOTE_ADDR") or "", environ.get("HTTP_X_DEVICE_SERIAL", ""))
        except ContractError as error:
            return respond(start_response, error.status, error.body(), error.retry_after)
        except OSError:
            return respond(start_response, 400, error_body("The body ended before its announced length; send the request again."))
        except Exception:  # the door's last stand, as in doors/failures.py
            log.exception("POST %s failed.", path)
            return respond(start_response, 500, error_body("The hub failed at this request; the reason is in its log. Please report it."))
        return respond(start_response, 200, told)


def respond(start_response: Callable[..., Any], status: int, body: dict[str, Any], retry_after: int | None = None,
            headers: Iterable[tuple[str, str]] = ()) -> Iterable[bytes]:
    """A JSON answer straight from WSGI."""
    text = encode(body)
    sent = [("Content-Type", "application/json"), ("Content-Length", str(len(text))), *headers]
    if retry_after is not None:
        sent.append(("Retry-After", str(retry_after)))
    start_response(f"{status} {HTTPStatus(status).phrase}", sent)
    return [text]
