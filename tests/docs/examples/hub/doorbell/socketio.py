"""Socket.IO: rings with an acknowledgement."""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from hub.doorbell.contract import parse_ring
from hub.doorbell.service import Doorbells
from hub.socketio.event_access import DEVICES
from hub.socketio.events import guarded


def register_events(hub: Hub) -> None:
    """Add the event of doorbells to the Socket.IO server."""
    server, doorbells = hub.socketio.server, hub.part(Doorbells)

    def ring(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        return doorbells.accept(parse_ring(data, hub.zone))

    hub.event_access.declare("doorbell_ring", DEVICES)
    server.on("doorbell_ring", guarded(hub.event_access, server, "doorbell_ring", ring))
