"""Registration of the register of vehicles, with the watchlist, with the hub."""

from __future__ import annotations

import logging

from flask import Flask

from hub.context import Hub
from hub.vehicles.export import VehicleExports
from hub.vehicles.finder import VehicleFinder
from hub.vehicles.imports import Imports
from hub.vehicles.listing import VehicleLists
from hub.vehicles.repository import VehicleRepository
from hub.vehicles.rest import vehicles_rest
from hub.vehicles.service import Vehicles
from hub.vehicles.watch import WatchedPlates
from hub.vehicles.watchlist import Watchlist
from hub.vehicles.watchlist_rest import watchlist

log = logging.getLogger(__name__)


def register(app: Flask, hub: Hub) -> None:
    """Add the register; plates of new detections are matched with those of vehicles to be stopped or watched."""
    repository, lists, watch = (
        VehicleRepository(hub.backend),
        VehicleLists(hub.backend, hub.reader),
        WatchedPlates(hub.bus, hub.zone),
    )
    finder = VehicleFinder(hub.backend, hub.reader)
    vehicles = Vehicles(hub.writer, repository, watch, hub.bus, hub.zone)
    imports = Imports(hub.writer, repository, vehicles, watch, finder, hub.lanes)
    entries = Watchlist(vehicles, watch, lists, hub.zone)
    for part in (vehicles, lists, imports, entries, VehicleExports(lists, hub.lanes, hub.zone)):
        hub.add(part)
    entries.load()
    hub.plate_watch, hub.vehicles = watch, finder
    hub.warning_sources.append(watch.warnings)
    app.register_blueprint(vehicles_rest)
    app.register_blueprint(watchlist)
    hub.described_in += ["hub.vehicles.operations", "hub.vehicles.watchlist_operations"]
    hub.supervisor.keep("imports of vehicles", imports.clean_up, hub.reader)
