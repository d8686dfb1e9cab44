"""Revision 10: pulses of barriers."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text

from hub.store.migrations.schema import Schema

METADATA = MetaData()

BARRIER_PULSES = Table(
    "barrier_pulses",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("barrier", Text, nullable=False),
    Column("visit", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("request", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("problem", Text, nullable=False, server_default=""),
    Index("barrier_pulses_visit", "visit", "barrier"),
    Index("barrier_pulses_received", "received_at"),
    sqlite_autoincrement=True,
)


def upgrade(schema: Schema) -> None:
    """Add the table of pulses."""
    schema.create_table(BARRIER_PULSES)
