"""Plain JSON over a raw WebSocket (wire/lpr.md 1.3 and 1.4): one reply for each text frame, in order."""

from __future__ import annotations

import time
from typing import Any

from ..context import Hub
from ..contract.errors import ContractError
from ..contract.json_text import encode_text
from ..contract.lpr_record import Test
from ..contract.times import local_text
from ..services.lpr_replies import raw_reply
from .lpr_take import LARGE, decode_body, take

PINGS = ("ping", '"ping"')


def serve(hub: Hub, socket: Any, environ: dict[str, Any]) -> list[bytes]:
    """Answer a camera until it goes. Its going says nothing: one generation connects anew for every record (wire/lpr.md 1.4)."""
    hub.lpr_sockets += 1
    try:
        while (message := socket.receive()) is not None:
            socket.send(encode_text(_answer(hub, message, environ)))
    finally:
        hub.lpr_sockets -= 1
    return []


def _answer(hub: Hub, message: str | bytes, environ: dict[str, Any]) -> dict[str, Any]:
    if isinstance(message, str) and len(message) < 20 and message.strip().lower() in PINGS:
        return _pong(hub)
    try:
        accepted = take(hub, decode_body(message), None, "websocket", environ.get("REMOTE_ADDR", ""), len(message) >= LARGE,
                        environ.get("HTTP_X_DEVICE_SERIAL", "")[:200])
    except ContractError as error:
        return {"status": "error", **error.body()}
    if isinstance(accepted, Test):
        return _pong(hub)
    return raw_reply(accepted, hub.zone)


def _pong(hub: Hub) -> dict[str, Any]:
    return {"status": "success", "success": True, "type": "pong", "message": "pong", "timestamp": local_text(time.time(), hub.zone)}
