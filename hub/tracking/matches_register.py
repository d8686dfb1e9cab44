"""Stored matches of persons as a part of the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.tracking.expiring import expiring_matches
from hub.tracking.matches import KeptMatches
from hub.tracking.matches_rest import matches_rest
from hub.tracking.repository import MatchRepository


def add_matches(app: Flask, hub: Hub) -> KeptMatches:
    """Add stored matches with their routes, expire old ones, and write pending ones on close."""
    settings = hub.settings.tracking
    kept = KeptMatches(
        hub.writer, MatchRepository(hub.backend, hub.reader), settings.keep_matches, admits=hub.room.admits
    )
    kept.load()
    hub.add(kept)
    app.register_blueprint(matches_rest)
    hub.lifecycle.closing.append(kept.close)
    hub.status["tracking_matches"] = kept.counts
    hub.warning_sources.append(kept.warnings)
    hub.supervisor.keep("matches of persons", kept.run)
    hub.supervisor.keep("deletions of persons", kept.run_deletions)
    hub.expiring.append(expiring_matches(hub.settings))
    return kept
