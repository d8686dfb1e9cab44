"""Socket.IO transport of licence-plate cameras: their events, replies and rooms (docs/wire/lpr.md 4.2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hub.context import Hub
from hub.contract.bounds import bounded
from hub.contract.errors import RequestError
from hub.contract.times import local_text
from hub.lpr.contract.record import Test
from hub.lpr.ingest import LARGE, ingest, test_reply
from hub.lpr.replies import socket_reply
from hub.lpr.service import Accepted, Lpr
from hub.socketio.event_access import DEVICES, EVERYBODY
from hub.socketio.events import guarded, register_room, replying, room_status
from hub.socketio.fast_events import Replies
from hub.socketio.internals import is_connected
from hub.socketio.library_types import SocketIoServer

HEALTH_ROOM = "health_monitoring"
REPLIES = {"detection": "lpr_response", "health": "health_response", "registration": "camera_register"}
OLDER = "gatehouse.older_engine_path"  # key in the WSGI environment of connections under /ws/


def register_events(hub: Hub) -> None:
    """Add the events of cameras to the Socket.IO server."""
    server, access = hub.socketio.server, hub.event_access
    for event, hint in (
        ("camera_register", "register"),
        ("lpr_data", "detection"),
        ("health_status", "health"),
        ("lpr_detection", "detection"),
        ("detection", "detection"),
        ("health", "health"),
        ("edge_status", "health"),
    ):
        access.declare(event, DEVICES)
        hub.fast_events.on(event, replying(access, event, _record_handler(hub, server, hint)))

    def ping(sid: str, *args: Any) -> dict[str, Any]:
        try:
            access.check("ping", sid, args)
        except RequestError as error:
            server.emit("error", error.body(), room=sid)
            return error.body()
        sent = args[0] if args else None
        text = sent.get("message") if isinstance(sent, dict) else sent if isinstance(sent, str) else None
        body = {
            "success": True,
            "message": "pong",
            "original_message": str(bounded(text, "message", []))[:2000]
            if text is not None
            else "Hello from AI Camera",
            "timestamp": local_text(time.time(), hub.zone),
        }
        server.emit("pong", body, room=sid)
        return body

    def config(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        return room_status(server, sid, "Configuration received; this hub sets nothing on cameras", hub.zone)

    def debug_event(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        body = {**test_reply(hub), "status": "success"}
        server.emit("debug_response", body, room=sid)
        return body

    server.on("ping", ping)
    access.declare("ping", EVERYBODY)
    access.declare("disconnect", EVERYBODY)
    for event, handler in (("config", config), ("debug_event", debug_event)):
        access.declare(event, DEVICES)
        server.on(event, guarded(access, server, event, handler, needs_data=False))
    register_room(
        access,
        server,
        hub.zone,
        HEALTH_ROOM,
        "health monitoring",
        "join_health_room",
        ("leave_health_room", "leave_health"),
    )
    server.on("disconnect", _disconnect_handler(hub, server))


def _disconnect_handler(hub: Hub, server: SocketIoServer) -> Callable[..., None]:
    def disconnect(sid: str, *_: Any) -> None:
        """Mark the cameras of a closed connection as offline.

        Clients may emit an event of this name too (docs/wire/lpr.md 1.5); then the connection is still open.
        """
        if not is_connected(server, sid):
            hub.part(Lpr).cameras.gone(sid)

    return disconnect


def _record_handler(hub: Hub, server: SocketIoServer, hint: str) -> Callable[[str, dict[str, Any]], Replies]:
    def on_record(sid: str, data: dict[str, Any]) -> Replies:
        accepted = ingest_event(hub, server, sid, data, hint)
        if isinstance(accepted, Test):
            return [("", test_reply(hub))]
        replies = [(REPLIES[accepted.kind], socket_reply(accepted, hub.zone))]
        return replies + _older_replies(accepted) if environ_of(server, sid).get(OLDER) else replies

    return on_record


def ingest_event(hub: Hub, server: SocketIoServer, sid: str, data: dict[str, Any], hint: str | None) -> Accepted | Test:
    """Parse and store the object of an event; its connection now represents the camera. Raises RequestError."""
    environ = environ_of(server, sid)
    peer = environ.get("REMOTE_ADDR", "") or "unknown address"
    accepted = ingest(
        hub, data, hint, "socketio", peer, _is_large(data), environ.get("HTTP_X_DEVICE_SERIAL", "")[:200], sid
    )
    if not is_connected(server, sid):
        hub.part(Lpr).cameras.gone(sid)  # it disconnected before the record was stored
    return accepted


def _is_large(data: dict[str, Any]) -> bool:
    """Whether an object is to be parsed on a native thread, for the pictures in it."""
    for value in data.values():
        if isinstance(value, (str, bytes)) and len(value) >= LARGE:
            return True
    return "cropped_plates" in data


def environ_of(server: SocketIoServer, sid: str) -> dict[str, Any]:
    """The WSGI environment of the request that opened a connection; empty where the connection has closed since."""
    try:
        environ: dict[str, Any] | None = server.get_environ(sid)
    except KeyError:
        return {}
    return environ or {}


def _older_replies(accepted: Accepted) -> Replies:
    """The further replies that cameras under /ws/ wait for (docs/wire/lpr.md 1.6)."""
    if accepted.kind == "registration":
        return [("camera_registered", {"camera_id": accepted.record.sender.camera_id, "id": accepted.id})]
    return [("health_saved", {"success": True, "health_id": accepted.id})] if accepted.kind == "health" else []
