"""Revision 2: stored matches of person tracking, and the persons that were deleted."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

from hub.store.migrations.schema import Schema

METADATA = MetaData()

MATCHES = Table(
    "tracking_matches",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("person", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("x1", Float, nullable=False),
    Column("y1", Float, nullable=False),
    Column("x2", Float, nullable=False),
    Column("y2", Float, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("distance", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("crop_size", Integer, nullable=False),
    Column("crop", LargeBinary),
    Index("tracking_matches_person", "person", "seq"),
    Index("tracking_matches_session", "session_id", "seq"),
    Index("tracking_matches_received", "received_at"),
    sqlite_autoincrement=True,
)

DELETIONS = Table(
    "tracking_deletions",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("deleted_at", Float, nullable=False),
)


def upgrade(schema: Schema) -> None:
    """Create both tables."""
    schema.create_table(MATCHES)
    schema.create_table(DELETIONS)
