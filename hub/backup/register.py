"""Registration of backups and checks with the hub."""

from __future__ import annotations

import logging
from functools import partial

from flask import Flask

from hub.backup.damaged import note_damage
from hub.backup.rest import backup_rest
from hub.backup.service import Maintenance
from hub.context import Hub

log = logging.getLogger(__name__)


def register(app: Flask, hub: Hub) -> None:
    """Add the page, its routes and the schedule; damage that is met is checked at the next start."""
    maintenance = Maintenance(hub.settings, hub.bus)
    hub.add(maintenance)
    maintenance.refresh()
    for notice in maintenance.warnings():
        log.error("%s", notice)
    app.register_blueprint(backup_rest)
    hub.described_in.append("hub.backup.operations")
    hub.status["maintenance"] = maintenance.status
    hub.warning_sources.append(maintenance.warnings)
    hub.reader.faults.on_corrupt.append(partial(note_damage, hub.settings.instance))
    hub.supervisor.keep("backups", maintenance.run)
    hub.lifecycle.closing.append(maintenance.close)
