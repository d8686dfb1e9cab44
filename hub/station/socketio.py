"""Socket.IO transport of stations: capture results with an acknowledgement, station status (docs/wire/station.md)."""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from hub.net.host import request_host
from hub.socketio.event_access import DEVICES
from hub.socketio.events import guarded
from hub.station.contract.status import parse_status
from hub.station.ingest import ingest
from hub.station.service import Captures
from hub.station.stations import Stations


def register_events(hub: Hub) -> None:
    """Add the events of stations to the Socket.IO server."""
    server = hub.socketio.server
    captures, stations = hub.part(Captures), hub.part(Stations)

    def capture_result(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        environ = server.get_environ(sid)
        return captures.answer(ingest(hub, data, environ, "socketio"), request_host(environ))

    def station_status(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        stations.report(parse_status(data), server.get_environ(sid).get("REMOTE_ADDR") or "unknown address")
        return {"success": True, "message": "Station status received"}

    for event, handler in (("capture_result", capture_result), ("station_status", station_status)):
        hub.event_access.declare(event, DEVICES)
        server.on(event, guarded(hub.event_access, server, event, handler))
