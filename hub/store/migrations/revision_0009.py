"""Revision 9: what operators call devices, which checkpoint they belong to, and which way they face."""

from __future__ import annotations

from sqlalchemy import Column, Float, MetaData, Table, Text, UniqueConstraint

from hub.store.migrations.schema import Schema

METADATA = MetaData()

DEVICE_LABELS = Table(
    "device_labels",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("checkpoint", Text, nullable=False),
    Column("facing", Text, nullable=False),
    Column("changed_at", Float, nullable=False),
    UniqueConstraint("kind", "device"),
)


def upgrade(schema: Schema) -> None:
    """Add the table of labels."""
    schema.create_table(DEVICE_LABELS)
