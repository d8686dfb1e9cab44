"""Socket.IO: capture results with an acknowledgement, station status, and the room `dashboard`.

Handlers stand on the server itself: Flask-SocketIO's request context is not needed and costs more than the work.
They take `*args`, since senders leave arguments out or add some.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from ..background import offload
from ..context import Hub
from ..contract.errors import ContractError
from ..contract.json_text import decode_object
from ..contract.station import parse_capture
from ..contract.station_status import parse_status
from ..contract.times import local_text
from ..events import CAPTURE_STORED
from ..hot_events import Replies
from ..links import LOOPBACK, host_name
from ..services.station import CaptureStored

log = logging.getLogger(__name__)

DASHBOARD = "dashboard"


def register(hub: Hub) -> None:
    """Hang the events on the Socket.IO server and the bus."""
    server = hub.socketio.server

    def on(event: str, handler: Callable[[str, dict[str, Any]], dict[str, Any] | None]) -> None:
        server.on(event, guarded(server, event, handler))

    def capture_result(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        limit = hub.settings.limits.max_picture_mb * 1024 * 1024
        stored = hub.captures.accept(offload(parse_capture, data, None, limit))
        return hub.captures.answer(stored, host_name(server.get_environ(sid).get("HTTP_HOST")))

    def station_status(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        hub.stations.report(parse_status(data))
        return {"success": True, "message": "Station status received"}

    def join_dashboard(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        server.enter_room(sid, DASHBOARD)
        return room_status(server, sid, "Joined dashboard room", hub)

    def leave_dashboard(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        server.leave_room(sid, DASHBOARD)
        return room_status(server, sid, "Left dashboard room", hub)

    on("capture_result", capture_result)
    on("station_status", station_status)
    server.on("join_dashboard", guarded(server, "join_dashboard", join_dashboard, needs_data=False))
    server.on("leave_dashboard", guarded(server, "leave_dashboard", leave_dashboard, needs_data=False))

    def stored(event: CaptureStored) -> None:
        hub.rooms.publish(DASHBOARD, "new_capture", lambda: hub.captures.public(event.row, LOOPBACK))

    hub.bus.subscribe(CAPTURE_STORED, stored)


def room_status(server: Any, sid: str, message: str, hub: Hub) -> dict[str, Any]:
    body = {"success": True, "message": message, "timestamp": local_text(time.time(), hub.zone)}
    server.emit("status", body, room=sid)
    return body


def guarded(server: Any, event: str, handler: Callable[[str, dict[str, Any]], Any], needs_data: bool = True) -> Callable[..., Any]:
    """A failure becomes the one error body, as the acknowledgement and as the event `error`."""

    def run(sid: str, *args: Any) -> Any:
        try:
            return handler(sid, event_object(args) if needs_data else {})
        except Exception as error:
            body = _error_of(event, error)
        server.emit("error", body, room=sid)
        return body

    return run


def replying(event: str, handler: Callable[[str, dict[str, Any]], Replies]) -> Callable[..., Replies]:
    """The same for `HotEvents`."""

    def run(sid: str, *args: Any) -> Replies:
        try:
            return handler(sid, event_object(args))
        except Exception as error:
            return [("error", _error_of(event, error))]

    return run


def _error_of(event: str, error: Exception) -> dict[str, Any]:
    """The door's last stand: the sender hears of it; where it is a failure of ours, the log has the reason."""
    if isinstance(error, ContractError):
        return error.body()
    log.error("The event %s failed.", event, exc_info=error)
    return ContractError("The hub failed at this event; the reason is in its log.", retry_after=30).body()


def event_object(args: tuple[Any, ...]) -> dict[str, Any]:
    """An event's first argument as an object: one, or JSON text of one. Raises ContractError."""
    data = args[0] if args else None
    if isinstance(data, dict):
        return data
    if isinstance(data, (str, bytes)):
        return decode_object(data)
    raise ContractError("No data provided: the event carries one object with the fields.")
