"""Registration of licence-plate cameras with the hub."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import Any

import gevent
from flask import Flask

from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.paging import page_of
from hub.contract.roles import Requirement, Role
from hub.live.events import CAMERA_STATUS
from hub.live.missed import Missed, Stored
from hub.lpr.camera import Camera
from hub.lpr.cameras import Cameras
from hub.lpr.connections import Connections
from hub.lpr.correctable import CorrectableDetections
from hub.lpr.entries import DetectionEntries
from hub.lpr.expiring import DetectionBelongings, expiring_detections, expiring_health
from hub.lpr.fast_rest import FastRecords
from hub.lpr.feeds import DetectionFeed, WatchlistHits
from hub.lpr.ingest import HINTS
from hub.lpr.metrics import camera_metrics
from hub.lpr.records import RECORDS, WAS_READ, Records
from hub.lpr.repository.query import Query
from hub.lpr.repository.records import PLATE
from hub.lpr.repository.repositories import Repositories
from hub.lpr.rest import lpr_rest
from hub.lpr.service import Lpr
from hub.lpr.socketio import OLDER, register_events
from hub.lpr.socketio_older import register_older_events
from hub.lpr.statistics import Statistics
from hub.lpr.websocket import CameraSockets
from hub.store.day_counts import CountedTable

WATCH_SECONDS = 2.0
OLDER_PATHS = ("/ws/", "/ws")  # Engine.IO of an older generation (docs/wire/lpr.md 1.6)
MAX_CAMERAS_SHOWN, MAX_STATUS_BYTES = 100, 200_000  # in the body of /status


def register(app: Flask, hub: Hub) -> None:
    """Add the service of cameras with its transports: REST, Socket.IO, raw WebSocket on port 8765."""
    lpr = _make_service(hub)
    connections = Connections(hub)
    hub.add(lpr)
    hub.add(connections)
    hub.part(Missed).add("detection", Stored(lpr.records.get, partial(_newest, lpr.records), lpr.records.public))
    app.register_blueprint(lpr_rest)
    hub.described_in.append("hub.lpr.operations")
    fast = FastRecords(hub)
    for path in HINTS:
        hub.fast_routes.add(path, fast)
    register_events(hub)
    register_older_events(hub)
    for path in OLDER_PATHS:
        hub.entry.add_alias(path, OLDER)
    hub.websockets.add_listener("lpr", CameraSockets(hub, connections).serve, Requirement(Role.DEVICE))
    hub.announce("lpr", "licence-plate cameras", "http", position=1)
    hub.lifecycle.in_flight.append(lambda: lpr.in_flight)
    hub.lifecycle.closing.append(lambda: _flush(lpr.cameras))
    hub.status["lpr"] = lambda: {
        **lpr.statistics.body(connections.count())["data"],
        "cameras": page_of(lpr.cameras.newest_first(), 0, MAX_CAMERAS_SHOWN, Camera.shown, MAX_STATUS_BYTES)[0],
        "rooms": hub.rooms.status(),
    }
    hub.metrics.add(lambda: camera_metrics(lpr.cameras, lpr.statistics))
    hub.feeds["detections"] = DetectionFeed(hub.reader, lpr.records)
    hub.correctable["detection"] = CorrectableDetections(hub.reader)
    hub.searched.append(PLATE)
    hub.notable["detections"] = WatchlistHits(hub.reader)
    columns = RECORDS.columns
    counted = CountedTable(hub.reader, RECORDS, columns.occurred_at, columns.checkpoint_id, WAS_READ)
    hub.day_counts["detections"] = counted
    hub.entries["detection"] = DetectionEntries(lpr.records, hub.reader, counted)
    hub.device_states.append(lpr.cameras.states)
    hub.shared.add("cameras", lpr.cameras.states_here, lpr.cameras.state_elsewhere, CAMERA_STATUS)
    hub.names["cameras"] = lpr.cameras.names.status
    hub.supervisor.keep("camera watch", _watch, lpr.cameras)
    hub.expiring += [expiring_detections(hub.settings, _belongings(hub)), expiring_health(hub.settings)]


def _newest(records: Records, before: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Records newest first from a cursor on, and the cursor of the older ones."""
    rows, following, _ = records.find(Query(limit, before))
    return rows[::-1], following


def _make_service(hub: Hub) -> Lpr:
    """The service with its stored state loaded."""
    settings, zone = hub.settings.lpr, hub.zone
    fast = hub.settings.fast_paths.commit
    repositories = Repositories.create(hub.backend, hub.reader, fast, hub.parts, hub.corrected)
    cameras = Cameras(
        hub.writer,
        repositories,
        hub.bus,
        zone,
        settings.offline_seconds,
        monotonic=time.monotonic,
        max_cameras=settings.max_cameras,
        max_components=settings.max_components,
    )
    statistics = Statistics(zone, cameras.counts, hub.plate_watch.deny_count)
    records = Records(repositories, hub.links, zone)
    cameras.load()
    statistics.load(repositories.counters)
    return Lpr(
        hub.writer,
        repositories,
        hub.packs,
        hub.bus,
        cameras,
        records,
        statistics,
        zone,
        hub.plate_watch.match,
        check_room=hub.room.check,
    )


def _belongings(hub: Hub) -> DetectionBelongings:
    counters = Repositories.create(hub.backend, hub.reader, hub.settings.fast_paths.commit).counters
    return DetectionBelongings(hub.backend, hub.reader, hub.writer, counters, hub.packs, hub.lanes.upkeep)


def _watch(cameras: Cameras) -> None:
    """Mark silent cameras as offline and save what changed, until the hub stops."""
    while True:
        cameras.watch()
        _flush(cameras)
        gevent.sleep(WATCH_SECONDS)


def _flush(cameras: Cameras) -> None:
    with suppress(RequestError):
        cameras.flush()
