"""Revision 17: the place of a ring."""

from __future__ import annotations

from sqlalchemy import Column, Text

from hub.store.migrations.schema import Schema


def upgrade(schema: Schema) -> None:
    """Add the column; rings from before have no place."""
    schema.add_column("doorbell_rings", Column("place", Text, nullable=False, server_default=""))
