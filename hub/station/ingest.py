"""The step that every transport of stations shares: parse a capture result, then store it."""

from __future__ import annotations

from typing import Any

from hub.access.senders import check_sender
from hub.context import Hub
from hub.net.wsgi import Environ
from hub.runtime.offload import offload
from hub.station.contract.capture import Incoming, parse_capture
from hub.station.service import Captures, Stored

SMALL = 64 * 1024


def parse_incoming(
    hub: Hub, data: dict[str, Any], files: dict[str, bytes] | None = None, small: bool = False
) -> Incoming:
    """Parse a capture result, on a native thread unless it is `small`. Raises ContractError."""
    limit = hub.settings.limits.max_picture_mb * 1024 * 1024
    return parse_capture(data, files, limit) if small else offload(parse_capture, data, files, limit)


def ingest(hub: Hub, data: dict[str, Any], environ: Environ, transport: str, origin: object = None) -> Stored:
    """Parse a capture result, check that its sender may send as its station, and store it. Raises RequestError."""
    incoming = parse_incoming(hub, data)
    check_sender(hub.gate, environ, incoming.result.station, transport)
    return hub.part(Captures).accept(incoming, origin)
