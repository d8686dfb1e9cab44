"""What every door of the cameras does with an object: the contract, then the service."""

from __future__ import annotations

import time
from typing import Any

from hub.context import Hub
from hub.contract.json_text import decode
from hub.contract.times import local_text
from hub.lpr.contract.parser import Context, parse
from hub.lpr.contract.record import Test
from hub.lpr.service import Accepted, Lpr
from hub.runtime.offload import offload

LARGE = 256 * 1024


def decode_body(body: str | bytes) -> Any:
    """JSON of any size, large ones off the loop. Raises ContractError."""
    return decode(body) if len(body) < LARGE else offload(decode, body)


def take(
    hub: Hub,
    data: Any,
    hint: str | None,
    door: str,
    peer: str,
    large: bool = False,
    serial: str = "",
    origin: object = None,
) -> Accepted | Test:
    """Parse and store. Raises ContractError (StoreBusy among them)."""
    context = Context(peer, time.time(), hub.zone, hub.settings.limits.max_picture_mb * 1024 * 1024, serial)
    record = offload(parse, data, context, hint) if large else parse(data, context, hint)
    return record if isinstance(record, Test) else hub.part(Lpr).accept(record, door, peer, origin)


def test_reply(hub: Hub) -> dict[str, Any]:
    """The answer to `type: "test"`."""
    return {"success": True, "message": "Server is running", "timestamp": local_text(time.time(), hub.zone)}
