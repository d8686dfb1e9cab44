"""Retention as a part of the hub; it registers after every kind that has something to expire."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.retention.plan import Planner
from hub.retention.repository import RetentionRepository
from hub.retention.rest import retention_rest
from hub.retention.service import Retention
from hub.retention.usage import UsageMeter


def register(app: Flask, hub: Hub) -> None:
    """Delete what expires from now on, and say beforehand what that is."""
    kinds = sorted(hub.expiring, key=lambda kind: (not kind.can_be_protected, kind.name))
    repository = RetentionRepository(hub.backend, hub.reader, kinds)
    planner = Planner(hub.reader, kinds, hub.settings.retention.max_bytes, hub.clock.now)
    meter = UsageMeter(hub.reader, repository, hub.images, hub.packs, hub.lanes.upkeep)
    retention = Retention(hub.writer, repository, planner, meter, hub.clock, kinds)
    retention.load()
    hub.add(retention)
    app.register_blueprint(retention_rest)
    hub.described_in.append("hub.retention.operations")
    hub.room.on_close.append(retention.wake)
    hub.status["retention"] = retention.status
    hub.warning_sources.append(retention.warnings)
    hub.leading.keep("retention", retention.run, begin=retention.load)
