"""The object that holds the shared parts of the hub; routes get it from `hub.http.answers.current_hub()`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, TypeVar, cast

from hub.access.gate import Gate
from hub.access.open_connections import OpenConnections
from hub.cluster.leading import Leading
from hub.cluster.shared_tables import SharedTables
from hub.cluster.states import SharedDevices
from hub.contract.alerts import Alerts, Condition, NoAlerts, NotableRecords
from hub.contract.audit import Audit, NoAudit
from hub.contract.day_counts import CountedRecords
from hub.contract.delivery import DeliveryState
from hub.contract.device_state import DeviceState
from hub.contract.entries import EntrySource
from hub.contract.plates import NoWatch, PlateWatch
from hub.contract.roles import Principal
from hub.contract.vehicles import NoVehicles, VehicleRegister
from hub.contract.visits import NoVisits, Visits
from hub.live.bus import Bus
from hub.live.links import Links
from hub.live.relay import Relay
from hub.live.shared_fanout import SharedFanout
from hub.net.device_address import DeviceAddress
from hub.net.fast_routes import FastRoutes
from hub.runtime.budget import Budget
from hub.runtime.json_lane import JsonLane
from hub.runtime.lanes import Lanes
from hub.runtime.lifecycle import Lifecycle, run
from hub.runtime.loop_watch import LoopWatch
from hub.runtime.metrics import Metrics
from hub.runtime.supervisor import Supervisor
from hub.settings.model import Settings
from hub.socketio.entry import EngineIoEntry
from hub.socketio.event_access import EventAccess
from hub.socketio.fast_events import FastEvents
from hub.socketio.library_types import SocketIoApp
from hub.socketio.rooms import Rooms
from hub.store.backend import Backend
from hub.store.corrected import Correctable, Corrected
from hub.store.examiner import Examiner
from hub.store.expiring import Expiring
from hub.store.feeds import Feed
from hub.store.picture_files import PictureFiles
from hub.store.picture_store import CapturePictures, RecordPictures
from hub.store.plausible_clock import PlausibleClock
from hub.store.reader import Reader
from hub.store.room import DiskRoom
from hub.store.searched import PartIndex, Source
from hub.store.writer import Writer
from hub.websocket.routes import WebSocketRoutes

T = TypeVar("T")


@dataclass
class Hub:
    """The parts that every kind of device uses. A kind adds its own with `add` and gets them with `part`."""

    settings: Settings
    zone: tzinfo | None  # the senders' local time; None is this machine's
    supervisor: Supervisor
    leading: Leading  # what runs at one hub at a time
    shared_tables: SharedTables  # what is in memory of tables that other hubs change, too
    bus: Bus
    backend: Backend  # the database
    lanes: Lanes  # native threads for slow work, by its kind
    writer: Writer
    reader: Reader
    corrected: Corrected  # values that people have corrected
    parts: PartIndex  # values by any part of them
    room: DiskRoom  # whether the disk has room for records
    clock: PlausibleClock  # whether old rows may be deleted
    images: CapturePictures  # pictures of captures, a file each
    packs: RecordPictures  # pictures of camera records, many in a file
    picture_files: PictureFiles  # both by name, in pieces
    examiner: Examiner  # decides which pictures are shown
    links: Links
    loop: LoopWatch
    metrics: Metrics  # what /metrics shows, each part's own
    json: JsonLane  # decodes JSON from outside
    socketio: SocketIoApp
    fast_events: FastEvents
    rooms: Rooms  # Socket.IO rooms
    relay: Relay  # to the other hubs on the same database
    shared: SharedDevices  # states of devices at all hubs
    pages: SharedFanout  # browsers that show a page, over /events
    results: SharedFanout  # raw WebSocket listeners of capture results, port 2020
    memory: Budget  # bytes that all connections together hold
    gate: Gate  # decides which requests are served
    entry: EngineIoEntry
    websockets: WebSocketRoutes
    fast_routes: FastRoutes
    event_access: EventAccess  # which role each Socket.IO event requires
    connections: OpenConnections  # those that are checked again when access changes
    described_in: list[str] = field(default_factory=list)  # modules with OPERATIONS (and CHANNELS), for /openapi.json
    plate_watch: PlateWatch = field(default_factory=NoWatch)
    vehicles: VehicleRegister = field(default_factory=NoVehicles)
    visits: Visits = field(default_factory=NoVisits)
    checkpoints: Callable[[str, str], tuple[str, str]] = lambda kind, device: ("", "")
    """Checkpoint and facing that operators gave a device: ("camera" or "station", its id)."""
    rules_want: Callable[[str], bool] = lambda kind: False
    """Whether a rule is about a kind of event, such as "visit"."""
    correct: Callable[[dict[str, Any], Principal], dict[str, Any]] = lambda data, author: {}
    """Store a correction of a record and publish it, as POST /api/corrections does; as shown."""
    expiring: list[Expiring] = field(default_factory=list)  # what retention deletes, by kind
    audit: Audit = field(default_factory=NoAudit)  # who changed what
    alerts: Alerts = field(default_factory=NoAlerts)  # what an operator must hear of
    notable: dict[str, NotableRecords] = field(default_factory=dict)  # stored records that are alerts, by kind
    day_counts: dict[str, CountedRecords] = field(default_factory=dict)  # stored records by hour of the day, by kind
    conditions: list[Callable[[], Condition]] = field(default_factory=list)  # of the hub itself, for alerts
    # Of each kind of device; who goes through them may yield to the event loop between two.
    device_states: list[Callable[[], Iterable[DeviceState]]] = field(default_factory=list)
    deliveries: list[Callable[[], DeliveryState]] = field(default_factory=list)  # of each receiver in the settings
    correctable: dict[str, Correctable] = field(default_factory=dict)  # what people may correct, by kind of record
    searched: list[Source] = field(default_factory=list)  # what is searched by its parts
    feeds: dict[str, Feed] = field(default_factory=dict)  # stored records in their order, for deliveries
    entries: dict[str, EntrySource] = field(default_factory=dict)  # captures and detections as one list, by kind
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    trouble: Callable[[], str] = lambda: ""  # a sentence for every page while records are refused
    status: dict[str, Callable[[], Any]] = field(default_factory=dict)  # key of /status -> its value now
    names: dict[str, Callable[[], Any]] = field(default_factory=dict)  # kind of name -> how many are known, for /status
    warnings: list[str] = field(default_factory=list)  # sentences for the operator
    warning_sources: list[Callable[[], list[str]]] = field(default_factory=list)  # the same, evaluated for each status
    start_notes: list[str] = field(default_factory=list)  # printed once at the start, secrets among them; never logged
    start_paths: list[str] = field(default_factory=list)  # files that the start text names
    device_addresses: list[DeviceAddress] = field(default_factory=list)  # what connects to which listener
    addresses: dict[str, int] = field(default_factory=dict)  # listener name -> port, once they listen; "udp" among them
    started: float = field(default_factory=time.time)
    _parts: dict[type, object] = field(default_factory=dict)

    def add(self, part: object) -> None:
        """Add a part of a kind of device, by its type."""
        self._parts[type(part)] = part

    def part(self, kind: type[T]) -> T:
        """The part of this type. Raises KeyError when its kind of device is not registered."""
        return cast(T, self._parts[kind])

    def announce(self, listener: str, description: str, scheme: str, path: str = "", position: int = 0) -> None:
        """Show a listener in the start text, in the order of `position`."""
        self.device_addresses.append(DeviceAddress(listener, description, scheme, path, position))

    def close(self) -> None:
        """Commit what was accepted and end background work, after `hub.http.serving` has closed the listeners."""
        run(self.lifecycle.stopping)
        run(self.lifecycle.closing)
        self.writer.close()
        self.supervisor.join("writer", self.settings.limits.shutdown_seconds)
        self.supervisor.stop(1.0)
        self.reader.close()
        self.packs.close()
        self.lanes.close()
        run(self.lifecycle.ended)
