"""Events of Socket.IO: their object, their failures, and the rooms that anybody may join.

Handlers stand on the server itself: Flask-SocketIO's request context is not needed and costs more than the work. They take
`*args`, since senders leave arguments out or add some.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from hub.contract.errors import RequestError
from hub.contract.json_text import decode_object
from hub.contract.times import local_text
from hub.socketio.fast_events import Replies

log = logging.getLogger(__name__)

DASHBOARD = "dashboard"


def register_room(server: Any, zone: tzinfo | None, room: str, name: str, join: str, leave: tuple[str, ...]) -> None:
    """Let clients join and leave a room by events; `name` is how its answers call it."""

    def joined(sid: str, _: dict[str, Any]) -> dict[str, Any]:
        server.enter_room(sid, room)
        return room_status(server, sid, f"Joined {name} room", zone)

    def left(sid: str, _: dict[str, Any]) -> dict[str, Any]:
        server.leave_room(sid, room)
        return room_status(server, sid, f"Left {name} room", zone)

    server.on(join, guarded(server, join, joined, needs_data=False))
    for event in leave:
        server.on(event, guarded(server, event, left, needs_data=False))


def room_status(server: Any, sid: str, message: str, zone: tzinfo | None) -> dict[str, Any]:
    body = {"success": True, "message": message, "timestamp": local_text(time.time(), zone)}
    server.emit("status", body, room=sid)
    return body


def guarded(
    server: Any, event: str, handler: Callable[[str, dict[str, Any]], Any], needs_data: bool = True
) -> Callable[..., Any]:
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
    """The same for `FastEvents`."""

    def run(sid: str, *args: Any) -> Replies:
        try:
            return handler(sid, event_object(args))
        except Exception as error:
            return [("error", _error_of(event, error))]

    return run


def _error_of(event: str, error: Exception) -> dict[str, Any]:
    """The door's last stand: the sender hears of it; where it is a failure of ours, the log has the reason."""
    if isinstance(error, RequestError):
        return error.body()
    log.error("The event %s failed.", event, exc_info=error)
    return RequestError("The hub failed at this event; the reason is in its log.", retry_after=30).body()


def event_object(args: tuple[Any, ...]) -> dict[str, Any]:
    """An event's first argument as an object: one, or JSON text of one. Raises RequestError."""
    data = args[0] if args else None
    if isinstance(data, dict):
        return data
    if isinstance(data, (str, bytes)):
        return decode_object(data)
    raise RequestError("No data provided: the event carries one object with the fields.")
