"""Socket.IO and what is between this hub and others, with their bounds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from flask import Flask

from hub.context import Hub
from hub.live.relay import NoRelay, Relay
from hub.runtime.budget import Budget
from hub.runtime.supervisor import Supervisor
from hub.settings.limits import MEGABYTE
from hub.settings.model import Settings
from hub.socketio.attachments import Attachments
from hub.socketio.client_rooms import LocalRooms
from hub.socketio.codec import SocketJson, StrictPacket
from hub.socketio.guard import SessionGuard
from hub.socketio.in_flight import EventsInFlight
from hub.socketio.internals import FlaskSocketIo, bound_polls
from hub.socketio.library_types import SocketIoApp
from hub.socketio.messages import Messages
from hub.socketio.session_limit import SessionLimit, count_sessions
from hub.socketio.sessions import bound_sessions, end_session_by_id, queued_bytes
from hub.socketio.workers import Workers

if TYPE_CHECKING:
    from hub.socketio.room_manager import RoomManager


def make_relay(settings: Settings, supervisor: Supervisor) -> Relay:
    """What is between this hub and others: Redis where the settings name it. Raises RelayUnusable."""
    if not settings.live.url:
        return NoRelay()
    # Imported here: a hub that is alone needs neither this module nor redis-py.
    from hub.cluster.redis_relay import RedisRelay

    largest = max(settings.video.max_frame_mb * MEGABYTE + MEGABYTE, 2 * MEGABYTE)
    return RedisRelay(settings.live, supervisor.spawn, largest)


def make_room_manager(relay: Relay) -> RoomManager | None:
    """What knows the members of rooms at other hubs, where there may be some."""
    if not relay.active:
        return None
    from hub.socketio.room_manager import RoomManager

    return RoomManager(relay)


def make_socketio(app: Flask, settings: Settings, codec: SocketJson, manager: RoomManager | None) -> SocketIoApp:
    """The Socket.IO server beside the application."""
    bound_polls()
    rooms = LocalRooms() if manager is None else manager
    of_server: dict[str, Any] = {"serializer": StrictPacket, "client_manager": rooms}  # for socketio.Server
    socketio = FlaskSocketIo(
        app,
        async_mode="gevent",
        json=codec,
        cors_allowed_origins="*",
        max_http_buffer_size=settings.limits.max_body_mb * MEGABYTE,
        logger=False,
        engineio_logger=False,
        **of_server,
    )
    return cast(SocketIoApp, socketio)


def bound_socketio(hub: Hub, workers: Workers, outgoing: Budget, sessions: SessionLimit) -> None:
    """Bound what Socket.IO clients may make the hub hold, and show it on /status."""
    server, limits = hub.socketio.server, hub.settings.limits
    guard = SessionGuard(outgoing, limits.max_queue_mb * MEGABYTE)
    pings = bound_sessions(server, guard, workers.spawn)
    in_flight = EventsInFlight(hub.memory)
    attachments = Attachments(
        hub.memory, limits.max_body_mb * MEGABYTE, limits.message_seconds, partial(end_session_by_id, server)
    )
    Messages(server, workers.spawn, hub.fast_events, guard, in_flight, attachments)
    count_sessions(server, sessions)
    hub.supervisor.keep("attachments", attachments.run)
    hub.supervisor.keep("pings", pings.run)
    hub.status["outgoing_queues"] = outgoing.status
    hub.status["socketio"] = lambda: {
        **guard.status(),
        **hub.fast_events.status(),
        "queued_bytes": queued_bytes(server),
        "events_in_flight_bytes": in_flight.bytes,
        "refused_events": in_flight.refused + attachments.refused,
        "attachment_bytes": attachments.bytes,
        "rooms": hub.rooms.status(),
        "sessions": sessions.status(),
    }
