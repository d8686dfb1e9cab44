"""Putting the hub's parts together, starting what runs beside the requests, and ending it in order."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

import gevent
from flask import Flask
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy
from PIL import Image

from .background import Supervisor
from .board_token import board_token
from .context import Hub
from .contract.errors import ContractError
from .contract.json_text import encode_text
from .contract.times import zone
from .events import TAG_READING, Bus
from .fanout import Fanout
from .frames import FrameStore
from .games import Games
from .hot_events import HotEvents
from .links import Links
from .loop_watch import LoopWatch
from .rates import Rates
from .rooms import Rooms
from .services.apriltag import AprilTags, TagReading
from .services.boards import Boards
from .services.devices import Devices
from .services.lpr import Lpr
from .services.lpr_cameras import Cameras
from .services.lpr_records import Records
from .services.lpr_statistics import Statistics
from .services.readings import Readings
from .services.retention import forget_old
from .services.station import Captures
from .services.stations import Stations
from .services.tag_detection import TagDetections
from .services.watchlist import Watchlist
from .settings import Settings
from .store.database import Reader, connect
from .store.images import ImageStore
from .store.packs import PackStore
from .store.writer import StoreBusy, Writer
from .tag_digest import TagDigest
from .viewers import Viewers
from .workers import Workers
from .vision.process import VisionProcess

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
WATCH_SECONDS = 1.0
CAMERA_WATCH_SECONDS = 2.0
FORGET_SECONDS = 3600.0


def prepare_store(app: Flask, settings: Settings, db: SQLAlchemy) -> None:
    """Make the instance folder, the database with its tables, and the picture folders."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    connect(settings.database_path, settings.store.synchronous).close()
    with app.app_context():
        db.create_all()
        db.engine.dispose()


def build(settings: Settings, socketio: SocketIO) -> Hub:
    """The hub's parts, each given what it needs."""
    supervisor, bus = Supervisor(), Bus()
    writer = Writer(settings.database_path, settings.store.synchronous, settings.store.queue)
    reader, images, links = Reader(settings.database_path), ImageStore(settings.images_path), Links(settings.images.base_url)
    images.prepare()
    local = zone(settings.timezone)
    links.port = settings.images.port or settings.port
    packs = PackStore(settings.packs_path)
    packs.prepare()
    watchlist = Watchlist(writer, reader, bus, local)
    cameras = Cameras(writer, reader, bus, local, settings.lpr.offline_seconds)
    statistics = Statistics(local, cameras.counts, watchlist.deny_count)
    lpr = Lpr(writer, packs, bus, cameras, Records(reader, packs, links, local), statistics, local, watchlist.match)
    tags = settings.apriltag
    workers = Workers("Socket.IO")
    socketio.server.start_background_task = workers.spawn   # only events come this way
    boards = Boards(tags.stale_seconds, tags.session_gap_seconds, local, supervisor.spawn)
    apriltag = AprilTags(bus, boards, Readings(writer, reader, tags.store_per_second), tags.alias_fields)
    frames, vision = FrameStore(settings.video), VisionProcess()
    return Hub(
        vision=vision, tag_detection=TagDetections(tags.detection, frames, vision, apriltag),
        apriltag_token=board_token(tags.token, settings.token_path), boards=boards, apriltag=apriltag,
        settings=settings, zone=local, supervisor=supervisor, bus=bus, writer=writer, reader=reader, images=images, links=links,
        packs=packs, lpr=lpr, watchlist=watchlist, frames=frames, viewers=Viewers(settings.video.max_viewers, settings.video.stall_seconds),
        picture_rates=Rates(tags.source_rate), devices=Devices(writer, reader),
        captures=Captures(writer, reader, images, links, bus, local, settings.images.max_megapixels),
        stations=Stations(writer, reader, bus), socketio=socketio, hot_events=HotEvents(socketio.server, workers.spawn), rooms=Rooms(socketio.server, supervisor.spawn), loop=LoopWatch(),
        result_listeners=Fanout("results", settings.results.queue, settings.results.stall_seconds, spawn=supervisor.spawn),
        pages=Fanout("pages", settings.results.queue, settings.results.stall_seconds, spawn=supervisor.spawn),
        games=Games(tags.game_queue, tags.game_stall_seconds, supervisor.spawn),
    )


def begin(app: Flask, hub: Hub) -> None:
    """Start the background work, and do now what the first page and the first picture would hold the loop for."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    Image.preinit()
    hub.supervisor.keep("writer", hub.writer.run)
    hub.supervisor.keep("station watch", _watch_stations, hub)
    hub.supervisor.keep("loop watch", hub.loop.run)
    hub.stations.load()
    hub.watchlist.load()
    hub.devices.load()
    hub.lpr.cameras.load()
    hub.lpr.statistics.load(hub.reader)
    hub.supervisor.keep("rooms", hub.rooms.run)
    hub.supervisor.keep("video viewers", hub.viewers.run)
    hub.supervisor.keep("camera watch", _watch_cameras, hub)
    hub.supervisor.keep("tag readings", hub.apriltag.readings.run)
    _tell_readings(hub)
    hub.warnings.extend(hub.tag_detection.begin(hub.supervisor))
    hub.supervisor.keep("old rows", _forget, hub)


def _tell_readings(hub: Hub) -> None:
    """Every reading to every game, the newest ones to pages in batches."""
    def to_games(reading: TagReading) -> None:
        hub.games.publish(reading.message, (reading.board, reading.tag_id))

    digest = TagDigest(lambda tags: hub.pages.publish(encode_text({"event": "tags", "tags": tags})), lambda: len(hub.pages) > 0)
    hub.bus.subscribe(TAG_READING, to_games)
    hub.bus.subscribe(TAG_READING, digest.note)
    hub.supervisor.keep("tags on pages", digest.run)


def _watch_stations(hub: Hub) -> None:
    while True:
        hub.stations.watch()
        gevent.sleep(WATCH_SECONDS)


def _watch_cameras(hub: Hub) -> None:
    while True:
        hub.lpr.cameras.watch()
        hub.boards.watch()
        hub.lpr.cameras.flush()
        gevent.sleep(CAMERA_WATCH_SECONDS)


def _forget(hub: Hub) -> None:
    while True:
        try:
            forget_old(hub.writer, hub.settings.lpr.health_days)
            forget_old(hub.writer, hub.settings.apriltag.reading_days, table="tag_readings")
        except StoreBusy as error:
            log.info("Old rows stay for another hour: %s", error)
        gevent.sleep(FORGET_SECONDS)


def close(app: Flask) -> None:
    """Commit what was taken and end the background work. Listeners are closed before (hub.server)."""
    hub: Hub = app.extensions["gatehouse"]
    hub.frames.close()
    hub.vision.close()
    with suppress(ContractError):
        hub.lpr.cameras.flush()
    with suppress(ContractError):
        hub.apriltag.readings.flush()
    hub.writer.close()
    hub.supervisor.join("writer", hub.settings.limits.shutdown_seconds)
    hub.supervisor.stop(1.0)
    hub.reader.close()
    hub.packs.close()
