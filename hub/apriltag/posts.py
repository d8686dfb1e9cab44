"""POST /apriltag: what the fast route and Flask's route share (docs/wire/apriltag.md 1.3, 2.3)."""

from __future__ import annotations

import logging
from typing import Any

from hub.access.gate import Gate
from hub.access.rate_limits import LogThrottle
from hub.access.senders import count_message
from hub.access.tokens import BoardToken
from hub.apriltag.access import is_admitted
from hub.apriltag.contract.decoding import MAX_TEXT_BYTES, READING_BYTES, TOO_LONG
from hub.apriltag.contract.reading import parse_post
from hub.apriltag.service import AprilTags
from hub.contract.errors import ContractError, RequestError, Unauthorized
from hub.net.wsgi import CUT, Environ, announced_length, read_exactly
from hub.runtime.lanes import Lane

log = logging.getLogger(__name__)

ACK = b'{"status": "received", "event": "apriltag_ack"}'
METHOD_NOT_ALLOWED = "This address does not take {method}; it takes POST. Stored readings are at /api/apriltags."
NO_TOKEN = (
    "The token in Authorization is missing or is not this hub's; it is apriltag.token of hub.toml, or in the file "
    "apriltag_token beside it."
)
LOG_SECONDS = 10.0


class ReadingPosts:
    """Accepts posted readings of boards that send the token, and of devices that were let in."""

    def __init__(self, apriltags: AprilTags, token: BoardToken, lane: Lane, gate: Gate) -> None:
        self._apriltags, self._token, self._lane, self._gate = apriltags, token, lane, gate
        self._throttle = LogThrottle(LOG_SECONDS)

    def check_sender(self, environ: Environ) -> None:
        """Raise Unauthorized (401) for a wrong token; logged at intervals, for operators who miss a board.

        Raises TooManyRequests (429) for a reading beyond the board's rate.
        """
        if self._token.matches_header(environ.get("HTTP_AUTHORIZATION")) or is_admitted(self._gate, environ, "http"):
            count_message(self._gate, environ)  # the address is open, so that the gate does not count it
            return
        if self._throttle.due():
            address = environ.get("REMOTE_ADDR")
            log.warning("A reading from %s is refused: its Authorization is not the token of apriltag.token.", address)
        raise Unauthorized(NO_TOKEN)

    def accept(self, content_type: str, body: bytes, address: str) -> None:
        """Accept the readings of a body. Raises ContractError (400, 413, 415), LaneBusy (503)."""
        large = len(body) > READING_BYTES
        readings = self._lane.run(parse_post, content_type, body) if large else parse_post(content_type, body)
        for reading in readings:
            self._apriltags.accept(reading, address, "http")

    def count_refusal(self, error: RequestError) -> None:
        self._apriltags.ignore("http", f"status {error.status}")


def method_text(environ: Environ) -> str:
    """The sentence of 405."""
    return METHOD_NOT_ALLOWED.format(method=environ["REQUEST_METHOD"][:20])


def read_body(environ: Environ) -> bytes:
    """The body, or as much of one without a length as shows that it is too long. Raises ContractError (400, 413)."""
    announced = announced_length(environ)
    if announced is None:
        try:
            body = bytes(environ["wsgi.input"].read(MAX_TEXT_BYTES + 1))
        except OSError as error:
            raise ContractError(CUT) from error
        announced = len(body)
    elif announced <= MAX_TEXT_BYTES:
        body = read_exactly(environ, announced)
    if announced > MAX_TEXT_BYTES:
        raise ContractError(TOO_LONG, status=413)
    return body


def refusal_body(error: RequestError) -> dict[str, Any]:
    """Return the error body with the `error` of the older servers (docs/wire/apriltag.md 2.3)."""
    short = "No JSON body" if error.message.startswith("No JSON body") else error.message
    return error.body() | {"error": "Invalid auth_token" if error.status == 401 else short}
