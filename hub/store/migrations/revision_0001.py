"""Revision 1: the tables of the hub before it had schema revisions."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.migrations.schema import Schema

METADATA = MetaData()

Table(
    "captures",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("event_id", Text, nullable=False),
    Column("station", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("captured_at", Float, nullable=False),
    Column("timestamp", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("tag_source", Text, nullable=False),
    Column("tag_timestamp_iso", Text, nullable=False),
    Column("started_ts", Float),
    Column("finished_ts", Float),
    Column("success", Boolean, nullable=False),
    Column("number", Text, nullable=False),
    Column("raw_text", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("errors", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("primary_image", Text, nullable=False),
    Column("secondary_image", Text, nullable=False),
    Column("label_image", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("unread", Text, nullable=False),
    UniqueConstraint("station", "event_id"),
    Index("captures_captured", "captured_at"),
    Index("captures_number", "number", "seq"),
    sqlite_autoincrement=True,
)

Table(
    "device_registrations",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("serial", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("registered_at", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
)

Table(
    "lpr_cameras",
    METADATA,
    Column("camera_id", Text, primary_key=True),
    Column("checkpoint_id", Text, nullable=False),
    Column("registered_at", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("address", Text, nullable=False),
    Column("door", Text, nullable=False),
)

Table(
    "lpr_components",
    METADATA,
    Column("camera_id", Text, primary_key=True),
    Column("component", Text, primary_key=True),
    Column("health_seq", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("occurred_at", Float, nullable=False),
    Column("received_at", Float, nullable=False),
)

Table(
    "lpr_health",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("event_key", LargeBinary, nullable=False, unique=True),
    Column("event_id", Text, nullable=False),
    Column("camera_id", Text, nullable=False),
    Column("checkpoint_id", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("raw_status", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("timestamp", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("occurred_at", Float, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("warnings", Text, nullable=False),
    Index("lpr_health_camera", "camera_id", "seq"),
    Index("lpr_health_received", "received_at"),
    sqlite_autoincrement=True,
)

Table(
    "lpr_records",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("event_key", LargeBinary, nullable=False, unique=True),
    Column("event_id", Text, nullable=False),
    Column("camera_id", Text, nullable=False),
    Column("checkpoint_id", Text, nullable=False),
    Column("timestamp", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("occurred_at", Float, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("vehicles_count", Integer, nullable=False),
    Column("plates_count", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("lpr_records_camera", "camera_id", "seq"),
    Index("lpr_records_checkpoint", "checkpoint_id", "seq"),
    Index("lpr_records_occurred", "occurred_at"),
    sqlite_autoincrement=True,
)

Table(
    "lpr_tallies",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

Table(
    "stations",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("seen_at", Float, nullable=False),
)

Table(
    "tag_readings",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("board", Text, nullable=False),
    Column("tag_id", Integer),
    Column("received_at", Float, nullable=False),
    Column("clock", Float),
    Column("door", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Index("tag_readings_board", "board", "received_at"),
    Index("tag_readings_received", "received_at"),
    Index("tag_readings_tag", "tag_id", "received_at"),
    sqlite_autoincrement=True,
)

Table(
    "watchlist",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("plate", Text, nullable=False),
    Column("normalised", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("match", Text, nullable=False),
    Column("expires_at", Float),
    Column("created_at", Float, nullable=False),
    Index("ix_watchlist_normalised", "normalised"),
)

Table(
    "capture_tags",
    METADATA,
    Column("capture_seq", Integer, ForeignKey("captures.seq", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("capture_tags_tag", "tag", "capture_seq"),
)

Table(
    "lpr_plates",
    METADATA,
    Column("record_seq", Integer, ForeignKey("lpr_records.seq", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("plate", Text, nullable=False),
    Column("confidence", Float),
    Column("box", Text),
    Index("lpr_plates_plate", "plate", "record_seq"),
)


def upgrade(schema: Schema) -> None:
    """Create every table that is missing; an older version of the hub may have made some of them."""
    for table in METADATA.sorted_tables:
        schema.create_table(table)
