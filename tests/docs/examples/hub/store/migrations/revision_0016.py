"""Revision 16: the rings of doorbells."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, MetaData, Table, Text, UniqueConstraint

from hub.store.migrations.schema import Schema

RINGS = Table(
    "doorbell_rings",
    MetaData(),
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("bell", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("timestamp", Text, nullable=False),
    Column("rang_at", Float),
    Column("received_at", Float, nullable=False),
    UniqueConstraint("bell", "event_id"),
)


def upgrade(schema: Schema) -> None:
    """Create the table."""
    schema.create_table(RINGS)
