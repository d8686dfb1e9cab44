"""Socket.IO events: their argument, their errors, and the rooms that anybody may join.

Handlers are registered on the server itself: Flask-SocketIO's request context is not needed and costs more than the
work. They take `*args`, since senders omit arguments or add some.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from hub.contract.errors import RequestError
from hub.contract.json_large import LARGE_TEXT
from hub.contract.json_text import decode_object
from hub.contract.times import local_text
from hub.runtime.offload import offload
from hub.socketio.event_access import EVERYBODY, LISTENERS, EventAccess
from hub.socketio.fast_events import Replies
from hub.socketio.library_types import SocketIoServer

log = logging.getLogger(__name__)

DASHBOARD = "dashboard"


def register_room(
    access: EventAccess,
    server: SocketIoServer,
    zone: tzinfo | None,
    room: str,
    name: str,
    join: str,
    leave: tuple[str, ...],
) -> None:
    """Let clients join and leave a room with events; `name` is its name in the replies."""

    def joined(sid: str, _: dict[str, Any]) -> dict[str, Any]:
        server.enter_room(sid, room)
        return room_status(server, sid, f"Joined {name} room", zone)

    def left(sid: str, _: dict[str, Any]) -> dict[str, Any]:
        server.leave_room(sid, room)
        return room_status(server, sid, f"Left {name} room", zone)

    access.declare(join, LISTENERS)
    access.declare_room(room, LISTENERS)
    server.on(join, guarded(access, server, join, joined, needs_data=False))
    for event in leave:
        access.declare(event, EVERYBODY)
        server.on(event, guarded(access, server, event, left, needs_data=False))


def room_status(server: SocketIoServer, sid: str, message: str, zone: tzinfo | None) -> dict[str, Any]:
    """Send `message` as the event `status`; the same body is the acknowledgement."""
    body = {"success": True, "message": message, "timestamp": local_text(time.time(), zone)}
    server.emit("status", body, room=sid)
    return body


def guarded(
    access: EventAccess,
    server: SocketIoServer,
    event: str,
    handler: Callable[[str, dict[str, Any]], Any],
    needs_data: bool = True,
) -> Callable[..., Any]:
    """Wrap a handler: its role is checked, and an exception becomes the error body.

    The error body is the acknowledgement and is sent as the event `error`.
    """

    def run(sid: str, *args: Any) -> Any:
        try:
            access.check(event, sid, args)
            return handler(sid, event_object(args) if needs_data else {})
        except Exception as error:
            body = _error_of(event, error)
        server.emit("error", body, room=sid)
        return body

    return run


def replying(
    access: EventAccess, event: str, handler: Callable[[str, dict[str, Any]], Replies]
) -> Callable[..., Replies]:
    """The same for handlers of `FastEvents`."""

    def run(sid: str, *args: Any) -> Replies:
        try:
            access.check(event, sid, args)
            return handler(sid, event_object(args))
        except Exception as error:
            return [("error", _error_of(event, error))]

    return run


def _error_of(event: str, error: Exception) -> dict[str, Any]:
    """The error body for the sender; the log has the reason where the hub itself failed."""
    if isinstance(error, RequestError):
        return error.body()
    log.error("The event %s failed.", event, exc_info=error)
    return RequestError("The hub failed at this event; the reason is in its log.", retry_after=30).body()


def event_object(args: tuple[Any, ...]) -> dict[str, Any]:
    """The first argument of an event, an object or JSON text of one. Raises RequestError."""
    data = args[0] if args else None
    if isinstance(data, dict):
        return data
    if isinstance(data, (str, bytes)):
        return decode_object(data) if len(data) < LARGE_TEXT else offload(decode_object, data)
    raise RequestError("No data provided: the event carries one object with the fields.")
