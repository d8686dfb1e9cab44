"""Licence-plate cameras as a part of the hub."""

from __future__ import annotations

from contextlib import suppress

import gevent
from flask import Flask

from hub.context import Hub
from hub.contract.errors import RequestError
from hub.lpr.cameras import Cameras
from hub.lpr.fast_rest import FastRecords
from hub.lpr.records import Records
from hub.lpr.repository.repositories import Repositories
from hub.lpr.rest import HINTS, lpr_rest
from hub.lpr.service import Lpr
from hub.lpr.socketio import OLDER, register_events
from hub.lpr.socketio_older import register_older_events
from hub.lpr.statistics import Statistics
from hub.lpr.websocket import CameraSockets, connected_clients
from hub.store.retention import keep_retention

WATCH_SECONDS = 2.0
OLDER_PATHS = ("/ws/", "/ws")  # Engine.IO of an older generation (docs/wire/lpr.md 1.6)
MAX_CAMERAS_SHOWN = 100


def register(app: Flask, hub: Hub) -> None:
    """Add the cameras' service with REST, Socket.IO and raw WebSocket on port 8765."""
    settings, zone = hub.settings.lpr, hub.zone
    repositories = Repositories.create(hub.backend, hub.reader, hub.settings.fast_paths.commit)
    cameras = Cameras(hub.writer, repositories, hub.bus, zone, settings.offline_seconds)
    statistics = Statistics(zone, cameras.counts, hub.plate_watch.deny_count)
    records = Records(repositories, hub.packs, hub.links, zone)
    lpr = Lpr(
        hub.writer,
        repositories,
        hub.packs,
        hub.bus,
        cameras,
        records,
        statistics,
        zone,
        hub.plate_watch.match,
    )
    sockets = CameraSockets(hub)
    hub.add(lpr)
    hub.add(sockets)
    cameras.load()
    statistics.load(repositories.counters)
    app.register_blueprint(lpr_rest)
    fast = FastRecords(hub)
    for path in HINTS:
        hub.fast_routes.add(path, fast)
    register_events(hub)
    register_older_events(hub)
    for path in OLDER_PATHS:
        hub.entry.add_alias(path, OLDER)
    hub.websockets.add_listener("lpr", sockets.serve)
    hub.lifecycle.in_flight.append(lambda: lpr.in_flight)
    hub.lifecycle.closing.append(lambda: _flush(cameras))
    hub.status["lpr"] = lambda: {
        **statistics.body(connected_clients(hub))["data"],
        "cameras": cameras.all()[:MAX_CAMERAS_SHOWN],
        "rooms": hub.rooms.status(),
    }
    hub.supervisor.keep("camera watch", _watch, cameras)
    keep_retention(hub.supervisor, hub.writer, "lpr_health", settings.health_days)


def _watch(cameras: Cameras) -> None:
    while True:
        cameras.watch()
        cameras.flush()
        gevent.sleep(WATCH_SECONDS)


def _flush(cameras: Cameras) -> None:
    with suppress(RequestError):
        cameras.flush()
