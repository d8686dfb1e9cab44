"""POST /apriltag answered in front of Flask: the board's camera stands still until the answer comes (wire/apriltag.md 1.3)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from ..context import Hub
from ..contract.apriltag import MAX_TEXT_BYTES, TOO_LONG, parse_post
from ..contract.errors import ContractError, error_body
from ..rates import Seldom
from ..security import READING_PATHS
from ..wsgi import CUT, FAILED, announced_length, read_exactly, respond

log = logging.getLogger(__name__)

ACK = b'{"status": "received", "event": "apriltag_ack"}'
NO_TOKEN = "The token in Authorization is missing or is not this hub's; it is apriltag.token of hub.toml, or in the file apriltag_token beside it."
SAY_SECONDS = 10.0


class AprilTagPosts:
    """WSGI middleware for readings over HTTP. Both spellings of the path are answered, since boards follow no redirect."""

    def __init__(self, app: Callable[..., Iterable[bytes]], hub: Hub) -> None:
        self._app, self._hub = app, hub
        self._saying = Seldom(SAY_SECONDS)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "") not in READING_PATHS:
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] != "POST":
            text = f"This address does not take {environ['REQUEST_METHOD'][:20]}; it takes POST. Stored readings are at /api/apriltags."
            return respond(start_response, 405, error_body(text), headers=[("Allow", "POST")])
        try:
            self._take(environ)
        except ContractError as error:
            self._hub.apriltag.ignore("http", f"status {error.status}")
            return respond(start_response, error.status, error.body() | {"error": _short(error)}, error.retry_after)
        except Exception:  # the door's last stand, as in doors/failures.py
            log.exception("POST /apriltag failed.")
            return respond(start_response, 500, error_body(FAILED))
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ACK)))])
        return [ACK]

    def _take(self, environ: dict[str, Any]) -> None:
        """Raises ContractError."""
        if not self._hub.apriltag_token.matches_header(environ.get("HTTP_AUTHORIZATION")):
            self._say_refused(environ.get("REMOTE_ADDR"))
            raise ContractError(NO_TOKEN, status=401)
        for reading in parse_post(environ.get("CONTENT_TYPE") or "", _body(environ)):
            self._hub.apriltag.accept(reading, environ.get("REMOTE_ADDR") or "", "http")

    def _say_refused(self, address: str | None) -> None:
        """In the log now and then, for whoever wonders why a board does not appear; the counts are on the status page."""
        if self._saying.due():
            log.warning("A reading from %s is refused: its Authorization is not the token of apriltag.token.", address)


def _body(environ: dict[str, Any]) -> bytes:
    """The body, or as much of one without a length as shows that it is too long. Raises ContractError (400, 413)."""
    announced = announced_length(environ)
    if announced is None:
        try:
            return environ["wsgi.input"].read(MAX_TEXT_BYTES + 1)
        except OSError as error:
            raise ContractError(CUT) from error
    if announced > MAX_TEXT_BYTES:
        raise ContractError(TOO_LONG, status=413)
    return read_exactly(environ, announced)


def _short(error: ContractError) -> str:
    """`error` of the older servers' bodies (wire/apriltag.md 2.3)."""
    return {401: "Invalid auth_token"}.get(error.status, "No JSON body" if error.message.startswith("No JSON body") else error.message)
