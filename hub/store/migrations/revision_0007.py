"""Revision 7: filled in by its part."""

from __future__ import annotations

from hub.store.migrations.schema import Schema


def upgrade(schema: Schema) -> None:
    """Nothing yet."""
