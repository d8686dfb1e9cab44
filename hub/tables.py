"""Every table of the hub: importing this module declares them all."""

from __future__ import annotations

from hub.store.tables import db

__all__ = ["METADATA"]

METADATA = db.metadata
