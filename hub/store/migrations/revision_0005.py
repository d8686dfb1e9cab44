"""Revision 5: alerts, the messages about them, events for MQTT, and how far deliveries have come."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text

from hub.store.migrations.schema import Schema

METADATA = MetaData()

ALERTS = Table(
    "alerts",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("cleared_at", Float),
    Index("alerts_received", "received_at"),
    sqlite_autoincrement=True,
)

MESSAGES = Table(
    "alert_messages",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("alert_messages_received", "received_at"),
    sqlite_autoincrement=True,
)

EVENTS = Table(
    "mqtt_events",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("mqtt_events_received", "received_at"),
    sqlite_autoincrement=True,
)

POSITIONS = Table(
    "feed_positions",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
)


def upgrade(schema: Schema) -> None:
    """Create the tables."""
    for table in (ALERTS, MESSAGES, EVENTS, POSITIONS):
        schema.create_table(table)
