"""Registration of corrections with the hub, after the kinds of records that may be corrected."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.corrections.repository import CorrectionRepository
from hub.corrections.rest import corrections_rest
from hub.corrections.service import Corrections


def register(app: Flask, hub: Hub) -> None:
    """Add the service of corrections with its routes."""
    repository = CorrectionRepository(hub.backend, hub.reader, hub.correctable.values())
    corrections = Corrections(hub.writer, repository, hub.corrected, hub.bus, hub.correctable)
    hub.add(corrections)
    hub.correct = corrections.correct
    app.register_blueprint(corrections_rest)
    hub.described_in.append("hub.corrections.operations")
