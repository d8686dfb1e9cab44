"""The Flask application and the shared parts of the hub, before any kind of device registers."""

from __future__ import annotations

from pathlib import Path
from typing import cast

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
from hub.runtime.loop_watch import LoopWatch
from hub.runtime.supervisor import Supervisor
from hub.settings.model import Settings
from hub.socketio.codec import SocketJson
from hub.socketio.entry import EngineIoEntry
from hub.socketio.events import DASHBOARD, register_room
from hub.socketio.fast_events import FastEvents
from hub.socketio.internals import SocketIoApp, answer_polls, bound_polls, spawn_events_with
from hub.socketio.rooms import Rooms
from hub.socketio.workers import Workers
from hub.store.backend import Backend
from hub.store.images import ImageStore
from hub.store.migrations.runner import migrate
from hub.store.packs import PackStore
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


def make_hub(app: Flask, settings: Settings) -> Hub:
    """The shared parts, the store ready and the writer running; installed as `app.extensions["gatehouse"]`."""
    backend = _prepare_store(app, settings)
    supervisor = Supervisor()
    socketio = _socketio(app, settings)
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
    hub = Hub(
        settings=settings,
        zone=zone(settings.timezone),
        supervisor=supervisor,
        bus=Bus(),
        backend=backend,
        writer=Writer(backend, settings.store.queue),
        reader=Reader(backend),
        images=ImageStore(settings.images_path),
        packs=PackStore(settings.packs_path),
        links=links,
        loop=LoopWatch(),
        socketio=socketio,
        fast_events=FastEvents(socketio.server, workers.spawn, settings.fast_paths.socketio),
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
    hub.images.prepare()
    hub.packs.prepare()
    register_room(socketio.server, hub.zone, DASHBOARD, "dashboard", "join_dashboard", ("leave_dashboard",))
    hub.lifecycle.disconnecting.append(lambda: answer_polls(socketio.server))
    Image.preinit()  # now: the first picture would block the event loop for it
    supervisor.keep("writer", hub.writer.run)
    supervisor.keep("loop watch", hub.loop.run)
    supervisor.keep("rooms", rooms.run)
    return hub


def _prepare_store(app: Flask, settings: Settings) -> Backend:
    """Create the instance folder and the database, or bring its tables to the newest revision. Raises DatabaseError."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    backend = SqliteBackend(settings.database_path, settings.store.synchronous)
    migrate(backend)
    db.init_app(app)
    return backend


def _socketio(app: Flask, settings: Settings) -> SocketIoApp:
    bound_polls()
    socketio = SocketIO(
        app,
        async_mode="gevent",
        json=SocketJson,
        cors_allowed_origins="*",
        max_http_buffer_size=settings.limits.max_body_mb * 1024 * 1024,
        logger=False,
        engineio_logger=False,
    )
    return cast(SocketIoApp, socketio)
