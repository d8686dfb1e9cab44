"""Registration of the list of captures and detections with the hub, after the kinds that hand theirs over."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.entries.exports import Exports
from hub.entries.pages import entries_pages
from hub.entries.rest import entries_rest
from hub.entries.service import Entries


def register(app: Flask, hub: Hub) -> None:
    """Add the list with its files, pages and reports."""
    entries = Entries(hub.entries)
    exports = Exports(entries, hub.lanes, hub.zone, hub.settings.exports_path, lambda: not hub.room.closed)
    exports.prepare()
    hub.add(entries)
    hub.add(exports)
    app.register_blueprint(entries_rest)
    app.register_blueprint(entries_pages)
    hub.described_in.append("hub.entries.operations")
    hub.status["exports"] = lambda: {"running": exports.running}
