"""POST /apriltag without Flask: a board takes no pictures while it waits for the reply (docs/wire/apriltag.md 1.3)."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from hub.apriltag.posts import ACK, ReadingPosts, method_text, read_body, refusal_body
from hub.contract.errors import RequestError, error_body
from hub.net.wsgi import FAILED, Environ, StartResponse, respond

log = logging.getLogger(__name__)


class FastReadingPosts:
    """WSGI handler of both spellings of the path, since boards follow no redirect."""

    def __init__(self, posts: ReadingPosts) -> None:
        self._posts = posts

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return respond(start_response, 405, error_body(method_text(environ)), headers=[("Allow", "POST")])
        try:
            self._posts.check_sender(environ)
            self._posts.accept(environ.get("CONTENT_TYPE") or "", read_body(environ), environ.get("REMOTE_ADDR") or "")
        except RequestError as error:
            self._posts.count_refusal(error)
            return respond(start_response, error.status, refusal_body(error), error.retry_after)
        except Exception:  # the outermost handler: an unexpected error is a 500, as in hub.http.failures
            log.exception("POST /apriltag failed.")
            return respond(start_response, 500, error_body(FAILED))
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ACK)))])
        return [ACK]
