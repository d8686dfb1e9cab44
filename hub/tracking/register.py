"""Person tracking as a part of the hub."""

from __future__ import annotations

from typing import Any

from flask import Flask

from hub.context import Hub
from hub.tracking.access import CLIENTS
from hub.tracking.analysis import TASK, Analysis
from hub.tracking.contract.session_id import PREFIX
from hub.tracking.envelope import EmbeddingBox
from hub.tracking.find_rest import register_searches
from hub.tracking.matches_register import add_matches
from hub.tracking.persons import Persons
from hub.tracking.rest import tracking_api, tracking_rest
from hub.tracking.session import Tools
from hub.tracking.sessions import Sessions
from hub.tracking.sources import VideoSources
from hub.tracking.uploads import Uploads
from hub.tracking.websocket import TrackingSockets
from hub.video.store import FrameStore
from hub.vision.capture.sources import Sources
from hub.vision.process import VisionProcess

RESTARTED = "The analysis of pictures was interrupted and is being started again."
BUILT_IN_SECONDS, OWN_MODEL_SECONDS = 20.0, 120.0
"""How long an answer may take; the first one of an operator's own model includes loading it."""


def register(app: Flask, hub: Hub) -> None:
    """Add embeddings, sessions and their routes; the vision process starts with the first picture."""
    settings, models = hub.settings.tracking, hub.settings.vision.model_dump()
    answer_seconds = OWN_MODEL_SECONDS if models.get("detector") or models.get("encoder") else BUILT_IN_SECONDS
    vision = VisionProcess(TASK, answer_seconds=answer_seconds, idle_seconds=settings.idle_seconds)
    analysis = Analysis(vision, models, settings.max_megapixels)
    kept = add_matches(app, hub)
    persons = Persons(EmbeddingBox(hub.settings.tracking_key_path), kept.is_deleted)
    children = Sources(settings.max_sources, settings.open_seconds)
    sources = VideoSources(settings.sources, hub.part(FrameStore), children, hub.settings.instance)
    sessions = Sessions(settings)
    tools = Tools(
        analysis=analysis,
        persons=persons,
        open_feed=sources.open,
        spawn=hub.supervisor.spawn,
        frames=hub.memory.child("tracking frames", settings.memory_bytes),
        max_distance=settings.max_distance,
        max_fps=settings.max_fps,
        on_sighting=kept.add if kept.enabled else None,
    )
    sockets = TrackingSockets(hub, sessions, tools)
    for part in (analysis, persons, sources, sessions, Uploads(analysis, persons)):
        hub.add(part)
    register_searches(app, hub)
    vision.listeners.append(lambda reason: sessions.warn(RESTARTED))
    app.register_blueprint(tracking_rest)
    app.register_blueprint(tracking_api)
    hub.described_in.append("hub.tracking.operations")
    hub.websockets.add_prefix(PREFIX, sockets.serve, CLIENTS)
    hub.supervisor.keep(vision.name, vision.run)
    hub.warning_sources.append(vision.warnings)
    hub.lifecycle.closing.append(vision.close)
    hub.lifecycle.closing.append(children.close)

    def status() -> dict[str, Any]:
        frames = tools.frames.status()
        return {**sessions.status(), "skipped": sockets.skipped, "waiting_frames": frames, "vision": vision.status()}

    hub.status["tracking"] = status
