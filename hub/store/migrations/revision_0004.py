"""Revision 4: devices that wait, were let in or are blocked, and the tokens of devices."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, MetaData, Table, Text, UniqueConstraint

from hub.store.migrations.schema import Schema

METADATA = MetaData()

DEVICES = Table(
    "access_devices",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("claimed", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent", Text, nullable=False),
    UniqueConstraint("address", "claimed"),
)

TOKENS = Table(
    "access_tokens",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("last_used", Float),
    Column("revoked_at", Float),
)


def upgrade(schema: Schema) -> None:
    """Create both tables."""
    schema.create_table(DEVICES)
    schema.create_table(TOKENS)
