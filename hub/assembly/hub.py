"""The shared parts of the hub, before any kind of device registers."""

from __future__ import annotations

from flask import Flask
from PIL import Image

from hub.access.gate import Gate
from hub.access.open_connections import OpenConnections
from hub.access.requirements import Requirements
from hub.assembly.socketio import bound_socketio, make_relay, make_room_manager, make_socketio
from hub.assembly.storage import decode_limits, fill_searched, prepare_store, watch_storage
from hub.cluster.leading import Leading
from hub.cluster.shared_tables import SharedTables
from hub.cluster.states import SharedDevices
from hub.context import Hub
from hub.contract.times import zone
from hub.live.bus import Bus
from hub.live.links import Links
from hub.live.missed import Missed
from hub.live.shared_fanout import SharedFanout
from hub.net.fast_routes import FastRoutes
from hub.runtime.budget import Budget
from hub.runtime.json_lane import JsonLane
from hub.runtime.lanes import Lanes
from hub.runtime.loop_watch import LoopWatch
from hub.runtime.metrics import Metrics
from hub.runtime.supervisor import Supervisor
from hub.settings.limits import MEGABYTE
from hub.settings.model import Settings
from hub.socketio.codec import SocketJson
from hub.socketio.entry import EngineIoEntry
from hub.socketio.event_access import EventAccess
from hub.socketio.events import DASHBOARD, register_room
from hub.socketio.fast_events import FastEvents
from hub.socketio.internals import answer_polls
from hub.socketio.rooms import Rooms
from hub.socketio.session_limit import SessionLimit
from hub.socketio.workers import Workers
from hub.store.corrected import CORRECTIONS, Corrected
from hub.store.examiner import Examiner
from hub.store.instance_lock import InstanceLock
from hub.store.picture_files import PictureFiles
from hub.store.plausible_clock import PlausibleClock
from hub.store.reader import Reader
from hub.store.room import DiskRoom
from hub.store.searched import PartIndex
from hub.store.writer import Writer
from hub.websocket.routes import WebSocketRoutes


def make_hub(app: Flask, settings: Settings, lock: InstanceLock) -> Hub:
    """The shared parts, the store ready and the writer running; installed as `app.extensions["gatehouse"]`."""
    store = prepare_store(app, settings)
    backend, images, packs = store.backend, store.images, store.packs
    lanes = Lanes()
    reader = Reader(backend, lanes, settings.store.search_seconds, settings.instance)
    supervisor = Supervisor()
    json = JsonLane(lanes.json)
    codec = SocketJson(json.decode)
    relay, bus = make_relay(settings, supervisor), Bus()
    manager = make_room_manager(relay)
    socketio = make_socketio(app, settings, codec, manager)
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
        examiner=Examiner(lanes, decode_limits(settings)),
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
    bound_socketio(hub, workers, outgoing, sessions)
    hub.corrected.load()
    hub.parts.load()
    hub.shared_tables.on(CORRECTIONS, hub.corrected.load)
    fill_searched(hub)
    hub.images.prepare()
    hub.packs.prepare()
    watch_storage(hub, lock)
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
