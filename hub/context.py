"""The one object that holds the hub's parts; doors find it as `app.extensions["gatehouse"]`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING

from flask_socketio import SocketIO

from .background import Supervisor
from .board_token import BoardToken
from .events import Bus
from .fanout import Fanout
from .frames import FrameStore
from .games import Games
from .hot_events import HotEvents
from .links import Links
from .loop_watch import LoopWatch
from .rates import Rates
from .rooms import Rooms
from .services.apriltag import AprilTags
from .services.boards import Boards
from .services.devices import Devices
from .services.lpr import Lpr
from .services.station import Captures
from .services.stations import Stations
from .services.tag_detection import TagDetections
from .services.watchlist import Watchlist
from .settings import Settings
from .store.database import Reader
from .store.images import ImageStore
from .store.packs import PackStore
from .store.writer import Writer
from .viewers import Viewers
from .vision.process import VisionProcess

if TYPE_CHECKING:
    from .doors.udp import UdpDoor


@dataclass
class Hub:
    """What a door or a page may use."""

    settings: Settings
    zone: tzinfo | None           # the senders' local time; None is this machine's
    supervisor: Supervisor
    bus: Bus
    writer: Writer
    reader: Reader
    images: ImageStore
    links: Links
    captures: Captures
    packs: PackStore              # pictures of camera records
    lpr: Lpr                      # licence-plate cameras
    watchlist: Watchlist
    frames: FrameStore            # newest live picture of every camera
    viewers: Viewers              # who watches them
    picture_rates: Rates          # how many pictures without a token one address may send
    devices: Devices
    stations: Stations
    apriltag_token: BoardToken
    boards: Boards                # AprilTag boards and cameras that the hub looks at itself
    apriltag: AprilTags           # their readings
    vision: VisionProcess         # what looks at pictures, a process of its own
    tag_detection: TagDetections  # tags that the hub itself sees in pictures
    socketio: SocketIO
    hot_events: HotEvents
    rooms: Rooms                  # Socket.IO rooms
    result_listeners: Fanout      # raw WebSocket clients of port 2020
    loop: LoopWatch
    pages: Fanout                 # browsers that show the page, over /events
    games: Games                  # games that hear every AprilTag reading
    started: float = field(default_factory=time.time)
    addresses: dict[str, int] = field(default_factory=dict)   # listener name -> port, once they listen; "udp" among them
    udp: UdpDoor | None = None    # while it listens
    lpr_sockets: int = 0          # raw WebSockets of cameras, now
    tag_sockets: int = 0          # raw WebSockets of AprilTag boards and games, now, identified or not
    warnings: list[str] = field(default_factory=list)         # what the operator should know, as sentences
