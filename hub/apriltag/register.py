"""AprilTag boards and games as a part of the hub."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import gevent
from flask import Flask

from hub.access.tokens import BoardToken, board_token
from hub.apriltag.access import READING_PATHS, SOCKET_PATHS, BoardRule
from hub.apriltag.boards import Boards
from hub.apriltag.detection import TagDetections
from hub.apriltag.fast_rest import FastReadingPosts
from hub.apriltag.games import Games
from hub.apriltag.posts import ReadingPosts
from hub.apriltag.readings import Readings
from hub.apriltag.rest import MAX_BOARDS_SHOWN, apriltag_rest
from hub.apriltag.service import AprilTags
from hub.apriltag.sqlite_readings import reading_repository
from hub.apriltag.udp import UdpReceiver
from hub.apriltag.video import PictureLimit, apriltag_video
from hub.apriltag.websocket import TagSockets
from hub.context import Hub
from hub.contract.errors import RequestError
from hub.net.ports import ListenError
from hub.store.retention import keep_retention
from hub.video.frames import FrameStore
from hub.vision.process import VisionProcess

log = logging.getLogger(__name__)

WATCH_SECONDS = 2.0


def register(app: Flask, hub: Hub) -> None:
    """Add boards, games and readings with REST, raw WebSocket and UDP, and detection in the hub."""
    settings, supervisor = hub.settings.apriltag, hub.supervisor
    boards = Boards(settings.stale_seconds, settings.session_gap_seconds, hub.zone, supervisor.spawn)
    readings = Readings(hub.writer, reading_repository(hub.backend, hub.reader), settings.store_per_second)
    apriltags = AprilTags(hub.bus, boards, readings, settings.alias_fields)
    token = board_token(settings.token, hub.settings.token_path)
    games = Games(settings.game_queue, settings.game_stall_seconds, supervisor.spawn)
    posts, sockets = ReadingPosts(apriltags, token), TagSockets(hub)
    for part in (boards, apriltags, token, games, posts, sockets, PictureLimit(settings.source_rate)):
        hub.add(part)
    app.register_blueprint(apriltag_rest)
    app.register_blueprint(apriltag_video)
    hub.gate.add(BoardRule(settings.networks))
    for path in READING_PATHS:
        hub.fast_routes.add(path, FastReadingPosts(posts))
    for listener in ("main", "apriltag"):
        hub.websockets.add_listener(listener, sockets.serve, SOCKET_PATHS)
    hub.lifecycle.closing.append(lambda: _flush(readings))
    supervisor.keep("tag readings", readings.run)
    supervisor.keep("board watch", _watch, boards)
    keep_retention(supervisor, hub.writer, "tag_readings", settings.reading_days)
    _add_token_notes(hub, token)
    _add_status(hub, boards, apriltags, games, sockets)
    _add_udp(hub, apriltags)
    _add_detection(hub, apriltags)


def _add_token_notes(hub: Hub, token: BoardToken) -> None:
    if token.fresh:
        hub.start_notes.append(f"Token of AprilTag boards, for their firmware; shown this once: {token.fresh}")
    if not hub.settings.apriltag.token:
        hub.start_paths.append(f"Token     {hub.settings.token_path.resolve()} (of AprilTag boards)")


def _add_status(hub: Hub, boards: Boards, apriltags: AprilTags, games: Games, sockets: TagSockets) -> None:
    def counts() -> dict[str, Any]:
        """`websocket` of the older servers' status (docs/wire/apriltag.md 2.3), from what is connected now."""
        return {
            "active_connections": sockets.open,
            "esp32_connected": boards.esp32_connected,
            "gdevelop_clients": len(games),
        }

    hub.status["websocket"] = counts
    hub.status["boards"] = lambda: boards.status()[:MAX_BOARDS_SHOWN]
    hub.status["apriltag"] = apriltags.status
    hub.status["games"] = games.status


def _add_udp(hub: Hub, apriltags: AprilTags) -> None:
    """Receive datagrams while the hub listens; a port that cannot be had is a warning."""
    port = hub.settings.apriltag.udp_port
    receiver = UdpReceiver(hub.settings.apriltag, apriltags)

    def open_port() -> None:
        if not port:
            return
        try:
            hub.addresses["udp"] = receiver.open(hub.settings.host, port)
        except ListenError as error:
            hub.warnings.append(str(error))
            log.warning("%s", error)
            return
        hub.supervisor.keep("udp", receiver.run)

    hub.lifecycle.listening.append(open_port)
    hub.lifecycle.stopping.append(receiver.close)
    hub.status["udp"] = lambda: receiver.status() if "udp" in hub.addresses else None


def _add_detection(hub: Hub, apriltags: AprilTags) -> None:
    """Look for tags in the pictures of the cameras that the settings name, in a process of their own."""
    vision = VisionProcess()
    detections = TagDetections(hub.settings.apriltag.detection, hub.part(FrameStore), vision, apriltags)
    hub.add(vision)
    hub.add(detections)
    hub.warnings.extend(detections.begin(hub.supervisor))
    hub.warning_sources.append(detections.warnings)
    hub.status["tag_detection"] = detections.status
    hub.lifecycle.closing.append(vision.close)


def _watch(boards: Boards) -> None:
    while True:
        boards.watch()
        gevent.sleep(WATCH_SECONDS)


def _flush(readings: Readings) -> None:
    with suppress(RequestError):
        readings.flush()
