"""Registration of vehicle presence with the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.presence.rest import presence_rest
from hub.presence.service import TASK, VehiclePresence
from hub.video.store import FrameStore
from hub.vision.process import VisionProcess


def register(app: Flask, hub: Hub) -> None:
    """Watch the cameras that the settings name for vehicles, in a child process; add the routes."""
    vision = VisionProcess(TASK, idle_seconds=hub.settings.tracking.idle_seconds)
    presence = VehiclePresence(hub.settings, hub.part(FrameStore), vision, hub.bus)
    hub.add(presence)
    app.register_blueprint(presence_rest)
    hub.described_in.append("hub.presence.operations")
    presence.start(hub.supervisor)
    hub.warning_sources.append(presence.warnings)
    hub.status["presence"] = presence.status
    hub.lifecycle.closing.append(vision.close)
