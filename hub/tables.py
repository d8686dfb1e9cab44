"""Every table of the hub; importing this module declares them all."""

from __future__ import annotations

from hub.accounts import tables as accounts
from hub.alerts import tables as alerts
from hub.apriltag import tables as apriltag
from hub.devices import tables as devices
from hub.lpr import tables as lpr
from hub.mqtt import tables as mqtt
from hub.retention import tables as retention
from hub.station import tables as station
from hub.store import corrected, feeds, searched
from hub.store.tables import db
from hub.tracking import tables as tracking
from hub.vehicles import tables as vehicles

__all__ = [
    "METADATA",
    "accounts",
    "alerts",
    "apriltag",
    "corrected",
    "devices",
    "feeds",
    "lpr",
    "mqtt",
    "retention",
    "searched",
    "station",
    "tracking",
    "vehicles",
]

METADATA = db.metadata
