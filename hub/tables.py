"""Every table of the hub; importing this module declares them all."""

from __future__ import annotations

from hub.accounts import tables as accounts
from hub.alerts import tables as alerts
from hub.apriltag import tables as apriltag
from hub.barriers import tables as barriers
from hub.devices import tables as devices
from hub.lpr import tables as lpr
from hub.mqtt import tables as mqtt
from hub.retention import tables as retention
from hub.rules import tables as rules
from hub.station import tables as station
from hub.store import corrected, feeds, searched
from hub.store.tables import db
from hub.tracking import tables as tracking
from hub.vehicles import tables as vehicles
from hub.visits import tables as visits

__all__ = [
    "METADATA",
    "accounts",
    "alerts",
    "apriltag",
    "barriers",
    "corrected",
    "devices",
    "feeds",
    "lpr",
    "mqtt",
    "retention",
    "rules",
    "searched",
    "station",
    "tracking",
    "visits",
    "vehicles",
]

METADATA = db.metadata
