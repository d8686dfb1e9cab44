"""Doorbells as a part of the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.doorbell.repository import RingRepository
from hub.doorbell.rest import doorbell_rest
from hub.doorbell.service import Doorbells


def register(app: Flask, hub: Hub) -> None:
    """Add doorbells with their transports."""
    hub.add(Doorbells(hub.writer, RingRepository(hub.backend, hub.reader), hub.bus))
    app.register_blueprint(doorbell_rest)
