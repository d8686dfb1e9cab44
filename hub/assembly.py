"""The Flask application and the shared parts of the hub, before any kind of device registers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from flask import Flask
from flask_socketio import SocketIO
from PIL import Image
from sqlalchemy import URL

from hub.access.gate import Gate
from hub.context import Hub
from hub.contract.times import zone
from hub.live.bus import Bus
from hub.live.fanout import Fanout
from hub.live.links import Links
from hub.net.fast_routes import FastRoutes
from hub.runtime.budget import Budget
from hub.runtime.json_lane import JsonLane
from hub.runtime.lanes import Lanes
from hub.runtime.loop_watch import LoopWatch
from hub.runtime.supervisor import Supervisor
from hub.settings.model import Settings
from hub.socketio.codec import SocketJson, StrictPacket
from hub.socketio.entry import EngineIoEntry
from hub.socketio.events import DASHBOARD, register_room
from hub.socketio.fast_events import FastEvents
from hub.socketio.internals import (
    SocketIoApp,
    answer_polls,
    bound_polls,
    spawn_events_with,
    tolerate_malformed_packets,
)
from hub.socketio.rooms import Rooms
from hub.socketio.workers import Workers
from hub.store.backend import Backend
from hub.store.check import DatabaseCheck
from hub.store.disk import DiskWatch
from hub.store.examine import DecodeLimits
from hub.store.examiner import Examiner
from hub.store.images import ImageStore
from hub.store.instance_lock import InstanceLock
from hub.store.migrations.runner import migrate
from hub.store.packs import PackStore
from hub.store.picture_files import PictureFiles
from hub.store.plausible_clock import PlausibleClock
from hub.store.reader import Reader
from hub.store.sqlite.backend import SqliteBackend
from hub.store.tables import db
from hub.store.writer import Writer
from hub.websocket.routes import WebSocketRoutes

ROOT = Path(__file__).resolve().parent.parent


def make_flask(settings: Settings) -> Flask:
    """The application with templates, static files and limits, without routes."""
    app = Flask("hub", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
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
    backend = _prepare_store(app, settings)
    lanes = Lanes()
    reader = Reader(backend, lanes, settings.store.search_seconds, settings.instance)
    supervisor = Supervisor()
    json = JsonLane(lanes.json)
    codec = SocketJson(json.decode)
    socketio = _socketio(app, settings, codec)
    workers = Workers("Socket.IO")
    spawn_events_with(socketio.server, workers.spawn)
    rooms = Rooms(socketio.server, supervisor.spawn)
    fast_routes = FastRoutes(app.wsgi_app, settings.fast_paths.rest)
    websockets = WebSocketRoutes(fast_routes)
    entry = EngineIoEntry(websockets, rooms)
    gate = Gate(entry, settings.access.allowed_origins)
    app.wsgi_app = gate  # type: ignore[method-assign]
    links = Links(settings.images.base_url)
    links.port = settings.images.port or settings.port
    results, limits = settings.results, settings.limits
    images, packs = ImageStore(settings.images_path), PackStore(settings.packs_path)
    hub = Hub(
        settings=settings,
        zone=zone(settings.timezone),
        supervisor=supervisor,
        bus=Bus(),
        backend=backend,
        lanes=lanes,
        writer=Writer(backend, settings.store.queue, reader.faults),
        reader=reader,
        clock=PlausibleClock(settings.instance),
        images=images,
        packs=packs,
        picture_files=PictureFiles(images, packs, lanes.files),
        examiner=Examiner(lanes, _decode_limits(settings)),
        links=links,
        loop=LoopWatch(),
        json=json,
        socketio=socketio,
        fast_events=FastEvents(socketio.server, workers.spawn, settings.fast_paths.socketio, codec.loads),
        rooms=rooms,
        pages=Fanout("pages", results.queue, results.stall_seconds, spawn=supervisor.spawn),
        results=Fanout("results", results.queue, results.stall_seconds, spawn=supervisor.spawn),
        memory=Budget("connections", limits.memory_bytes, reserve=limits.memory_bytes // 8),
        gate=gate,
        entry=entry,
        websockets=websockets,
        fast_routes=fast_routes,
    )
    app.extensions["gatehouse"] = hub
    hub.status["json"] = json.status
    hub.status["socketio"] = hub.fast_events.status
    hub.images.prepare()
    hub.packs.prepare()
    _watch_storage(hub, lock)
    hub.warning_sources.append(hub.picture_files.warnings)
    hub.status["pictures"] = lambda: {**hub.examiner.status(), **hub.picture_files.status()}
    hub.status["lanes"] = lanes.status
    hub.status["searches"] = lambda: {"stopped": hub.reader.too_long}
    register_room(socketio.server, hub.zone, DASHBOARD, "dashboard", "join_dashboard", ("leave_dashboard",))
    hub.warning_sources += [hub.reader.unreadable.warnings, hub.clock.warnings]
    hub.status["unreadable_rows"] = hub.reader.unreadable.counts
    hub.status["names"] = lambda: {kind: status() for kind, status in hub.names.items()}
    hub.lifecycle.disconnecting.append(lambda: answer_polls(socketio.server))
    Image.preinit()  # now: the first picture would block the event loop for it
    supervisor.keep("writer", hub.writer.run)
    supervisor.keep("loop watch", hub.loop.run)
    supervisor.keep("rooms", rooms.run)
    return hub


def _watch_storage(hub: Hub, lock: InstanceLock) -> None:
    """Show on the status page what is wrong with the disk, the database and the packs; keep the lock up to date."""
    disk = DiskWatch(hub.settings.instance, hub.writer, hub.settings.store.warn_free_mb)
    check = DatabaseCheck(hub.backend, hub.reader.faults)
    if lock.warning:
        hub.warnings.append(lock.warning)
    hub.warning_sources += [disk.warnings, hub.reader.faults.warnings, hub.packs.faults.warnings]
    hub.status["disk"] = disk.status
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


def _prepare_store(app: Flask, settings: Settings) -> Backend:
    """Create the instance folder and the database, or bring its tables to the newest revision. Raises DatabaseError."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    backend = SqliteBackend(settings.database_path, settings.store.synchronous)
    migrate(backend)
    db.init_app(app)
    return backend


def _socketio(app: Flask, settings: Settings, codec: SocketJson) -> SocketIoApp:
    bound_polls()
    tolerate_malformed_packets()
    serializer: dict[str, Any] = {"serializer": StrictPacket}  # for socketio.Server
    socketio = SocketIO(
        app,
        async_mode="gevent",
        json=codec,
        cors_allowed_origins="*",
        max_http_buffer_size=settings.limits.max_body_mb * 1024 * 1024,
        logger=False,
        engineio_logger=False,
        **serializer,
    )
    return cast(SocketIoApp, socketio)
