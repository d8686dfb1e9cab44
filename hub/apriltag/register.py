"""Registration of AprilTag boards and games with the hub."""

from __future__ import annotations

import logging
import time
from typing import Any

import gevent
from flask import Flask

from hub.access.tokens import BoardToken, board_token
from hub.apriltag.access import LISTENERS, READING_PATHS, SOCKET_PATHS, BoardNetworks, DatagramSenders
from hub.apriltag.boards import Boards
from hub.apriltag.commands import BoardCommands
from hub.apriltag.detection import TASK, TagDetections
from hub.apriltag.elsewhere import ReadingsElsewhere
from hub.apriltag.expiring import expiring_readings
from hub.apriltag.fast_rest import FastReadingPosts
from hub.apriltag.games import Games
from hub.apriltag.metrics import apriltag_metrics
from hub.apriltag.posts import ReadingPosts
from hub.apriltag.readings import Readings
from hub.apriltag.rest import MAX_BOARDS_SHOWN, apriltag_rest
from hub.apriltag.service import AprilTags
from hub.apriltag.sqlite_readings import reading_repository
from hub.apriltag.udp import UdpReceiver
from hub.apriltag.video import PictureLimit, apriltag_video
from hub.apriltag.websocket import TagSockets
from hub.context import Hub
from hub.contract.roles import OPEN
from hub.live.events import TAG_READING
from hub.net.ports import ListenError
from hub.settings.apriltag import AprilTag
from hub.video.store import FrameStore
from hub.vision.process import VisionProcess

log = logging.getLogger(__name__)

WATCH_SECONDS = 2.0


def register(app: Flask, hub: Hub) -> None:
    """Add boards, games and readings over REST, raw WebSocket and UDP, and tag detection."""
    settings, supervisor = hub.settings.apriltag, hub.supervisor
    boards = Boards(
        settings.stale_seconds,
        settings.session_gap_seconds,
        hub.zone,
        time.monotonic,
        time.time,
        max_boards=settings.max_boards,
    )
    readings = Readings(
        hub.writer, reading_repository(hub.backend, hub.reader), settings.store_per_second, admits=hub.room.admits
    )
    apriltags = AprilTags(hub.bus, boards, readings, settings.alias_fields, max_tags=settings.max_tags)
    token = board_token(settings.token, hub.settings.token_path)
    games = Games(settings.game_queue, settings.game_stall_seconds, supervisor.spawn)
    posts, sockets = ReadingPosts(apriltags, token, hub.lanes.json, hub.gate), TagSockets(hub)
    hub.add(BoardCommands(boards, supervisor.spawn))
    hub.add(BoardNetworks(settings.networks))
    for part in (boards, apriltags, token, games, posts, sockets, PictureLimit(settings.source_rate)):
        hub.add(part)
    hub.announce("apriltag", "AprilTag boards and games", "ws", position=2)
    hub.announce("udp", "AprilTag boards over UDP", "udp", position=5)
    if settings.networks != AprilTag().networks:
        hub.warnings.append(
            "apriltag.networks is an older name: name the networks in trusted_networks of hub.toml instead, where they "
            "count for cameras and stations as well."
        )
    _add_routes(app, hub, posts, sockets)
    _add_background_work(hub, boards, readings)
    _add_token_notes(hub, token)
    _add_status(hub, boards, apriltags, games, sockets)
    _add_udp(hub, apriltags)
    _add_detection(hub, apriltags)


def _add_routes(app: Flask, hub: Hub, posts: ReadingPosts, sockets: TagSockets) -> None:
    """Add the blueprints, the fast routes, the raw WebSockets and the access rule."""
    app.register_blueprint(apriltag_rest)
    app.register_blueprint(apriltag_video)
    hub.described_in.append("hub.apriltag.operations")
    hub.gate.add_identifier(hub.part(BoardNetworks), by_address=True)
    for path in READING_PATHS:
        hub.fast_routes.add(path, FastReadingPosts(posts))
    for listener in LISTENERS:
        hub.websockets.add_listener(listener, sockets.serve, OPEN, SOCKET_PATHS)


def _add_background_work(hub: Hub, boards: Boards, readings: Readings) -> None:
    """Write readings, end sessions of silent boards, and let old readings expire; write pending readings on close."""
    hub.lifecycle.closing.append(readings.close)
    hub.warning_sources.append(readings.warnings)
    hub.supervisor.keep("tag readings", readings.run)
    hub.supervisor.keep("board watch", _watch, boards)
    hub.expiring.append(expiring_readings(hub.settings))


def _add_token_notes(hub: Hub, token: BoardToken) -> None:
    """Show a new token once at the start, and name its file."""
    if token.fresh:
        hub.start_notes.append(f"Token of AprilTag boards, for their firmware; shown this once: {token.fresh}")
    if not hub.settings.apriltag.token:
        hub.start_paths.append(f"Token     {hub.settings.token_path.resolve()} (of AprilTag boards)")


def _add_status(hub: Hub, boards: Boards, apriltags: AprilTags, games: Games, sockets: TagSockets) -> None:
    """Add boards, readings and games to the status page."""

    def counts() -> dict[str, Any]:
        """`websocket` of the older servers' status (docs/wire/apriltag.md 2.3), from the current connections."""
        return {
            "active_connections": sockets.open,
            "esp32_connected": boards.esp32_connected,
            "gdevelop_clients": len(games),
        }

    hub.status["websocket"] = counts
    hub.status["boards"] = lambda: boards.status()[:MAX_BOARDS_SHOWN]
    hub.status["apriltag"] = apriltags.status
    hub.status["games"] = games.status
    hub.metrics.add(lambda: apriltag_metrics(boards, apriltags.readings, games))
    hub.device_states.append(boards.device_states)
    hub.shared.add("boards", boards.states_here, boards.state_elsewhere)
    hub.bus.subscribe(TAG_READING, ReadingsElsewhere(hub.relay, apriltags).send)


def _add_udp(hub: Hub, apriltags: AprilTags) -> None:
    """Receive datagrams while the hub listens; an unavailable port is a warning."""
    port = hub.settings.apriltag.udp_port
    senders = DatagramSenders(hub.gate)
    receiver = UdpReceiver(hub.settings.apriltag, apriltags, senders.admits, hub.settings.access.trusted_proxy)

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
    """Detect tags in the pictures of the cameras that the settings name, in a child process."""
    vision = VisionProcess(TASK)
    detections = TagDetections(hub.settings.apriltag.detection, hub.part(FrameStore), vision, apriltags)
    hub.add(detections)
    hub.warnings.extend(detections.start(hub.supervisor))
    hub.warning_sources.append(detections.warnings)
    hub.status["tag_detection"] = detections.status
    hub.lifecycle.closing.append(vision.close)


def _watch(boards: Boards) -> None:
    while True:
        boards.watch()
        gevent.sleep(WATCH_SECONDS)
