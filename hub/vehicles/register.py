"""Registration of the register of vehicles, with the watchlist, with the hub."""

from __future__ import annotations

import logging
from functools import partial

from flask import Flask

from hub.context import Hub
from hub.live.events import REGISTER_CHANGED, RegisterChanged
from hub.vehicles.export import VehicleExports
from hub.vehicles.finder import VehicleFinder
from hub.vehicles.imports import Imports
from hub.vehicles.listing import VehicleLists
from hub.vehicles.repository import IMPORTS, VEHICLES, VehicleRepository
from hub.vehicles.rest import vehicles_rest
from hub.vehicles.service import Vehicles
from hub.vehicles.watch import WatchedPlates
from hub.vehicles.watchlist import Watchlist
from hub.vehicles.watchlist_rest import watchlist

log = logging.getLogger(__name__)

IMPORT_SECONDS = 3600.0  # longer than any import takes


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
    older = 0.0 if hub.leading.alone else IMPORT_SECONDS
    hub.leading.keep("imports of vehicles", imports.clean_up, hub.reader, older)
    reload = partial(_reload, hub, lists, watch)
    hub.shared_tables.on(VEHICLES, reload)
    hub.shared_tables.on(IMPORTS, reload)


def _reload(hub: Hub, lists: VehicleLists, watch: WatchedPlates) -> None:
    """Another hub has changed the register. Raises DatabaseError or LaneBusy."""
    watch.replace(lists.watched_now())
    hub.bus.publish(REGISTER_CHANGED, RegisterChanged(""))
