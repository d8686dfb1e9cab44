"""The check of one record's sender, for transports whose gate has let its connection in."""

from __future__ import annotations

from typing import Any

from hub.access.admissions import NOT_ADMITTED, RETRY_SECONDS, Attempt
from hub.access.claims import claimed_in
from hub.access.gate import TOO_FAST, Gate
from hub.contract.errors import TooManyRequests, Unauthorized
from hub.contract.roles import Role
from hub.net.wsgi import Environ


def count_message(gate: Gate, environ: Environ) -> None:
    """Count a message of an open connection, before it is decoded. Raises TooManyRequests beyond the device's rate.

    The gate itself counts requests, and `hub.socketio.event_access` counts events.
    """
    if not gate.within_rate(environ, gate.principal(environ)):
        raise TooManyRequests(TOO_FAST, retry_after=1)


def check_sender(gate: Gate, environ: Environ, record: Any, transport: str) -> None:
    """Raise Unauthorized where the sender is no device now, or was let in under other ids than this record's."""
    principal = gate.principal(environ)
    if not principal.allows(Role.DEVICE):
        raise Unauthorized(NOT_ADMITTED, retry_after=RETRY_SECONDS)
    if principal.ids is not None:
        claimed = record if isinstance(record, str) else claimed_in(record)
        serial = environ.get("HTTP_X_DEVICE_SERIAL", "")[:200]
        sent = {"serial": serial} if serial else {}
        attempt = Attempt(environ.get("REMOTE_ADDR", ""), transport, environ.get("PATH_INFO", ""), claimed, sent)
        gate.admissions.check(principal, attempt)
