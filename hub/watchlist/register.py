"""Registration of the watchlist with the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.watchlist.repository import WatchlistRepository
from hub.watchlist.rest import watchlist
from hub.watchlist.service import Watchlist


def register(app: Flask, hub: Hub) -> None:
    """Add the watchlist with its routes; the plates of new detections are matched against it."""
    entries = Watchlist(hub.writer, WatchlistRepository(hub.backend, hub.reader), hub.bus, hub.zone)
    hub.add(entries)
    entries.load()
    hub.plate_watch = entries
    app.register_blueprint(watchlist)
    hub.described_in.append("hub.watchlist.operations")
