"""Registration of person tracking with the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.tracking.matches_register import add_matches


def register(app: Flask, hub: Hub) -> None:
    """Add stored matches of persons."""
    add_matches(app, hub)
