"""Fast path of REST: POSTs of records, and GET /api/statistics, answered in front of Flask.

It calls the functions that the Flask routes in `hub.lpr.rest` call, those of `hub.lpr.ingest`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from hub.context import Hub
from hub.contract.errors import RequestError, error_body
from hub.lpr.ingest import ingest_post, statistics_reply
from hub.net.wsgi import FAILED, Environ, StartResponse, announced_length, read_exactly, respond

log = logging.getLogger(__name__)

STATISTICS = "/api/statistics"


class FastRecords:
    """Answers POSTs of records with a Content-Length, and GET /api/statistics; None leaves a request to Flask."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._limit = hub.settings.limits.max_body_mb * 1024 * 1024

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "POST":
            length = announced_length(environ)
            if length is not None and length <= self._limit:
                return self._post(path, length, environ, start_response)
        elif path == STATISTICS and method == "GET":
            return respond(start_response, 200, statistics_reply(self._hub))
        return None

    def _post(self, path: str, length: int, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = read_exactly(environ, length)
            reply = ingest_post(self._hub, path, body, environ)
        except RequestError as error:
            return respond(start_response, error.status, error.body(), error.retry_after)
        except Exception:  # the outermost handler of this path, as hub.http.failures is for Flask
            log.exception("POST %s failed.", path)
            return respond(start_response, 500, error_body(FAILED))
        return respond(start_response, 200, reply)
