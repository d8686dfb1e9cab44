"""The cameras' hot paths answered in front of Flask, by the same functions.

Flask's routing and request objects cost more than parsing and storing a record; everything unusual falls through to Flask.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from ..context import Hub
from ..contract.errors import ContractError, error_body
from ..wsgi import FAILED, announced_length, read_exactly, respond
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
            length = announced_length(environ)
            if length is not None and length <= self._limit:
                return self._post(path, length, environ, start_response)
        elif path == STATISTICS and method == "GET":
            return respond(start_response, 200, statistics_body(self._hub))
        return self._app(environ, start_response)

    def _post(self, path: str, length: int, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            body = read_exactly(environ, length)
            told = receive(self._hub, path, environ.get("CONTENT_TYPE") or "", body, environ.get("REMOTE_ADDR") or "", environ.get("HTTP_X_DEVICE_SERIAL", ""))
        except ContractError as error:
            return respond(start_response, error.status, error.body(), error.retry_after)
        except Exception:  # the door's last stand, as in doors/failures.py
            log.exception("POST %s failed.", path)
            return respond(start_response, 500, error_body(FAILED))
        return respond(start_response, 200, told)

