"""The Flask application and the shared parts of the hub, before any kind of device registers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from PIL import Image
from sqlalchemy import URL

from hub.access.gate import Gate
from hub.access.open_connections import OpenConnections
from hub.access.requirements import Requirements
from hub.backup.damaged import mend
from hub.cluster.leading import Leading
from hub.cluster.shared_tables import SharedTables
from hub.cluster.states import SharedDevices
from hub.context import Hub
from hub.contract.times import zone
from hub.http.lazy_rule import LazyRule
from hub.live.bus import Bus
from hub.live.events import STORAGE_CHANGED
from hub.live.links import Links
from hub.live.missed import Missed
from hub.live.relay import NoRelay, Relay
from hub.live.shared_fanout import SharedFanout
from hub.net.fast_routes import FastRoutes
from hub.runtime.budget import Budget
from hub.runtime.durable_file import make_folder
from hub.runtime.json_lane import JsonLane
from hub.runtime.lanes import Lanes
from hub.runtime.loop_watch import LoopWatch
from hub.runtime.metrics import Metrics
from hub.runtime.supervisor import Supervisor
from hub.settings.model import Settings
from hub.socketio.attachments import Attachments
from hub.socketio.client_rooms import LocalRooms
from hub.socketio.codec import SocketJson, StrictPacket
from hub.socketio.entry import EngineIoEntry
from hub.socketio.event_access import EventAccess
from hub.socketio.events import DASHBOARD, register_room
from hub.socketio.fast_events import FastEvents
from hub.socketio.guard import SessionGuard
from hub.socketio.in_flight import EventsInFlight
from hub.socketio.internals import (
    FlaskSocketIo,
    answer_polls,
    bound_polls,
)
from hub.socketio.library_types import SocketIoApp
from hub.socketio.messages import Messages
from hub.socketio.rooms import Rooms
from hub.socketio.session_limit import SessionLimit, count_sessions
from hub.socketio.sessions import bound_sessions, end_session_by_id, queued_bytes
from hub.socketio.workers import Workers
from hub.store.check import DatabaseCheck
from hub.store.corrected import CORRECTIONS, Corrected
from hub.store.disk import DiskWatch
from hub.store.examine import DecodeLimits
from hub.store.examiner import Examiner
from hub.store.instance_lock import InstanceLock
from hub.store.open import OpenStore, open_store
from hub.store.picture_files import PictureFiles
from hub.store.plausible_clock import PlausibleClock
from hub.store.reader import Reader
from hub.store.room import DiskRoom
from hub.store.searched import PartIndex
from hub.store.searched_fill import SearchedFill
from hub.store.tables import db
from hub.store.writer import Writer
from hub.websocket.routes import WebSocketRoutes

if TYPE_CHECKING:
    from hub.socketio.room_manager import RoomManager

MEGABYTE = 1024 * 1024
ROOT = Path(__file__).resolve().parent.parent


class _Flask(Flask):
    url_rule_class = LazyRule  # a class attribute: the route of static files is added by the constructor


def make_flask(settings: Settings) -> Flask:
    """The application with templates, static files and limits, without routes."""
    app = _Flask("hub", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    database = URL.create("sqlite", database=str(settings.database_path.resolve()))
    app.config["SQLALCHEMY_DATABASE_URI"] = database
    # One byte more than the server's own limit, whose refusal is the better one.
    app.config["MAX_CONTENT_LENGTH"] = settings.limits.max_body_mb * 1024 * 1024 + 1
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    return app


def acquire(settings: Settings) -> InstanceLock:
    """The lock of the instance folder. Raises InstanceInUse."""
    lock = InstanceLock(settings.instance)
    lock.acquire()
    return lock


def make_hub(app: Flask, settings: Settings, lock: InstanceLock) -> Hub:
    """The shared parts, the store ready and the writer running; installed as `app.extensions["gatehouse"]`."""
    store = _prepare_store(app, settings)
    backend, images, packs = store.backend, store.images, store.packs
    lanes = Lanes()
    reader = Reader(backend, lanes, settings.store.search_seconds, settings.instance)
    supervisor = Supervisor()
    json = JsonLane(lanes.json)
    codec = SocketJson(json.decode)
    relay, bus = _relay(settings, supervisor), Bus()
    manager = _room_manager(relay)
    socketio = _socketio(app, settings, codec, manager)
    workers = Workers("Socket.IO")
    limits, results = settings.limits, settings.results
    memory = Budget("connections", limits.memory_bytes, reserve=limits.memory_bytes // 8)
    outgoing = memory.child("outgoing queues", limits.memory_bytes // 2)
    queue_bytes = limits.max_queue_mb * MEGABYTE
    rooms = Rooms(socketio.server, supervisor.spawn, queue_bytes, outgoing, manager)
    if manager is not None:
        manager.deliver = rooms.deliver
    fast_routes = FastRoutes(app.wsgi_app, settings.fast_paths.rest)
    websockets = WebSocketRoutes(fast_routes)
    sessions = SessionLimit(limits.max_sessions, limits.sessions_per_address)
    entry = EngineIoEntry(websockets, rooms, sessions)
    access = settings.access
    gate = Gate(
        entry,
        access.allowed_origins,
        settings.trusted_networks,
        access.hostnames,
        access.local_admin,
        access.trusted_proxy,
        settings.limits.messages_per_second,
    )
    gate.requirements = Requirements(app, websockets, entry.aliases)
    app.wsgi_app = gate  # type: ignore[method-assign]
    connections = OpenConnections(gate)
    websockets.watch = connections.watch
    links = Links(settings.images.base_url, settings.uses_tls)
    links.port = settings.images.port or settings.port

    def make_fanout(name: str) -> SharedFanout:
        return SharedFanout(
            name,
            results.queue,
            results.stall_seconds,
            relay=relay,
            links=links,
            spawn=supervisor.spawn,
            max_queue_bytes=queue_bytes,
            budget=outgoing,
        )

    hub = Hub(
        settings=settings,
        zone=zone(settings.timezone),
        supervisor=supervisor,
        leading=Leading(supervisor, alone=backend.in_folder),
        shared_tables=SharedTables(),
        bus=bus,
        backend=backend,
        lanes=lanes,
        writer=Writer(backend, settings.store.queue, reader.faults),
        reader=reader,
        corrected=Corrected(reader),
        parts=PartIndex(backend, reader),
        room=DiskRoom(settings.store.reserve_mb if backend.in_folder else 0),
        clock=PlausibleClock(settings.instance),
        images=images,
        packs=packs,
        picture_files=PictureFiles(images, packs, lanes.files),
        examiner=Examiner(lanes, _decode_limits(settings)),
        links=links,
        loop=LoopWatch(),
        metrics=Metrics(),
        json=json,
        socketio=socketio,
        fast_events=FastEvents(socketio.server, settings.fast_paths.socketio, codec.loads),
        rooms=rooms,
        relay=relay,
        shared=SharedDevices(relay, bus, supervisor),
        pages=make_fanout("pages"),
        results=make_fanout("results"),
        memory=memory,
        gate=gate,
        entry=entry,
        websockets=websockets,
        fast_routes=fast_routes,
        event_access=EventAccess(socketio.server, gate),
        connections=connections,
    )
    app.extensions["gatehouse"] = hub
    hub.add(Missed())
    hub.status["json"] = json.status
    hub.status["leader"] = hub.leading.status
    _bound_socketio(hub, workers, outgoing, sessions)
    hub.corrected.load()
    hub.parts.load()
    hub.shared_tables.on(CORRECTIONS, hub.corrected.load)
    _fill_searched(hub)
    hub.images.prepare()
    hub.packs.prepare()
    _watch_storage(hub, lock)
    hub.warning_sources.append(hub.picture_files.warnings)
    hub.status["pictures"] = lambda: {**hub.examiner.status(), **hub.picture_files.status()}
    hub.status["lanes"] = lanes.status
    hub.status["searches"] = lambda: {"stopped": hub.reader.too_long}
    register_room(
        hub.event_access, socketio.server, hub.zone, DASHBOARD, "dashboard", "join_dashboard", ("leave_dashboard",)
    )
    hub.warning_sources += [hub.reader.unreadable.warnings, hub.clock.warnings]
    hub.status["unreadable_rows"] = hub.reader.unreadable.counts
    hub.status["names"] = lambda: {kind: status() for kind, status in hub.names.items()}
    hub.lifecycle.disconnecting.append(lambda: answer_polls(socketio.server))
    Image.preinit()  # now: the first picture would block the event loop for it
    supervisor.keep("writer", hub.writer.run)
    hub.lifecycle.listening.append(lambda: supervisor.keep("loop watch", hub.loop.run))  # nobody waits before
    supervisor.keep("rooms", rooms.run)
    supervisor.keep("access of open connections", connections.run)
    hub.status["open_connections"] = connections.status
    return hub


def _fill_searched(hub: Hub) -> None:
    """Once the hub listens, let the values of older records be searched by their parts, too."""

    def begin() -> None:
        fill = SearchedFill(hub.backend, hub.writer, hub.parts, hub.searched)
        hub.status["searched"] = fill.status
        hub.supervisor.spawn("values that are searched", fill.run)

    hub.lifecycle.listening.append(begin)


def _watch_storage(hub: Hub, lock: InstanceLock) -> None:
    """Show on the status page what is wrong with the disk, the database and the packs; keep the lock up to date."""
    disk = DiskWatch(
        hub.settings.instance,
        hub.writer,
        hub.settings.store.warn_free_mb,
        hub.room,
        on_change=lambda trouble: hub.bus.publish(STORAGE_CHANGED, trouble),
    )
    hub.trouble = lambda: disk.trouble
    check = DatabaseCheck(hub.backend, hub.reader.faults)
    if lock.warning:
        hub.warnings.append(lock.warning)
    hub.warning_sources += [disk.warnings, hub.reader.faults.warnings, hub.packs.faults.warnings]
    hub.add(disk)
    hub.status["disk"] = disk.status
    hub.conditions.append(disk.condition)
    hub.status["database"] = hub.reader.faults.status
    hub.status["packs"] = hub.packs.faults.status
    hub.supervisor.keep("disk watch", disk.run)
    hub.lifecycle.listening.append(lambda: lock.write_port(hub.addresses["main"]))
    hub.lifecycle.listening.append(lambda: hub.supervisor.spawn("database check", check.run))
    hub.lifecycle.closing.append(check.stop)
    hub.lifecycle.ended.append(lock.release)


def _decode_limits(settings: Settings) -> DecodeLimits:
    images = settings.images
    return DecodeLimits(images.max_megapixels, images.max_scans, images.max_decode_mb * 1024 * 1024)


def _bound_socketio(hub: Hub, workers: Workers, outgoing: Budget, sessions: SessionLimit) -> None:
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


def _prepare_store(app: Flask, settings: Settings) -> OpenStore:
    """Create the instance folder and the database, or bring its tables to the newest revision. Raises DatabaseError."""
    make_folder(settings.instance)
    if not settings.store.url:
        mend(settings.instance)
    store = open_store(settings)
    db.init_app(app)
    return store


def _relay(settings: Settings, supervisor: Supervisor) -> Relay:
    """What is between this hub and others: Redis where the settings name it. Raises RelayUnusable."""
    if not settings.live.url:
        return NoRelay()
    # Imported here: a hub that is alone needs neither this module nor redis-py.
    from hub.cluster.redis_relay import RedisRelay

    largest = max(settings.video.max_frame_mb * MEGABYTE + MEGABYTE, 2 * MEGABYTE)
    return RedisRelay(settings.live, supervisor.spawn, largest)


def _room_manager(relay: Relay) -> RoomManager | None:
    """What knows the members of rooms at other hubs, where there may be some."""
    if not relay.active:
        return None
    from hub.socketio.room_manager import RoomManager

    return RoomManager(relay)


def _socketio(app: Flask, settings: Settings, codec: SocketJson, manager: RoomManager | None) -> SocketIoApp:
    bound_polls()
    rooms = LocalRooms() if manager is None else manager
    of_server: dict[str, Any] = {"serializer": StrictPacket, "client_manager": rooms}  # for socketio.Server
    socketio = FlaskSocketIo(
        app,
        async_mode="gevent",
        json=codec,
        cors_allowed_origins="*",
        max_http_buffer_size=settings.limits.max_body_mb * 1024 * 1024,
        logger=False,
        engineio_logger=False,
        **of_server,
    )
    return cast(SocketIoApp, socketio)
