"""Registration of weighbridge stations with the hub."""

from __future__ import annotations

import gevent
from flask import Flask

from hub.context import Hub
from hub.contract.roles import Requirement, Role
from hub.live.events import CAPTURE_STORED, STATION_CHANGED
from hub.live.missed import Missed, Stored
from hub.station.correctable import CorrectableCaptures
from hub.station.entries import CaptureEntries
from hub.station.expiring import CaptureBelongings, expiring_captures
from hub.station.feeds import FailedCaptures, capture_feed, station_states
from hub.station.metrics import station_metrics
from hub.station.repository import CAPTURES, NUMBER, TAG, CaptureRepository, Query, StationRepository
from hub.station.rest import station_rest
from hub.station.service import Captures
from hub.station.socketio import register_events
from hub.station.stations import Stations
from hub.station.websocket import ResultSockets
from hub.store.day_counts import CountedTable

WATCH_SECONDS = 1.0


def register(app: Flask, hub: Hub) -> None:
    """Add the services of captures and stations with their transports: REST, Socket.IO, raw WebSocket on port 2020."""
    captures = Captures(
        hub.writer,
        CaptureRepository(hub.backend, hub.reader, hub.parts, hub.corrected),
        hub.images,
        hub.links,
        hub.bus,
        hub.examiner,
        hub.zone,
        hub.room.check,
    )
    repository = StationRepository(hub.backend, hub.reader)
    stations = Stations(hub.writer, repository, hub.bus, max_stations=hub.settings.limits.max_stations)
    hub.add(captures)
    hub.add(stations)
    captures.load()
    stations.load()
    hub.part(Missed).add(
        "capture",
        Stored(captures.get, lambda before, limit: captures.find(Query(limit, before)), captures.shown),
    )
    app.register_blueprint(station_rest)
    hub.described_in.append("hub.station.operations")
    register_events(hub)
    hub.websockets.add_listener("results", ResultSockets(hub).serve, Requirement(Role.DEVICE, readers=True))
    hub.announce("results", "capture results", "ws", position=3)
    hub.lifecycle.in_flight.append(lambda: captures.in_flight)
    hub.status["captures"] = captures.status
    hub.bus.subscribe(CAPTURE_STORED, lambda event: stations.delivered(event.row["station"]))
    hub.status["stations"] = stations.all
    hub.feeds["captures"] = capture_feed(hub.reader, captures)
    hub.correctable["capture"] = CorrectableCaptures(hub.reader)
    hub.searched += [NUMBER, TAG]
    hub.notable["captures"] = FailedCaptures(hub.reader)
    columns = CAPTURES.columns
    counted = CountedTable(hub.reader, CAPTURES, columns.captured_at, columns.station, columns.success)
    hub.day_counts["captures"] = counted
    hub.entries["capture"] = CaptureEntries(captures, hub.reader, counted)
    hub.device_states.append(lambda: station_states(stations))
    hub.shared.add("stations", stations.states_here, stations.state_elsewhere, STATION_CHANGED)
    hub.names["stations"] = stations.names.status
    hub.status["result_listeners"] = hub.results.status
    hub.metrics.add(lambda: station_metrics(captures, stations))
    pictures = CaptureBelongings(
        hub.backend, hub.reader, hub.writer, hub.images, hub.lanes.upkeep, on_expired=captures.expired
    )
    hub.expiring.append(expiring_captures(hub.settings, pictures))
    hub.supervisor.keep("station watch", _watch, stations)


def _watch(stations: Stations) -> None:
    while True:
        stations.watch()
        gevent.sleep(WATCH_SECONDS)
