"""Revision 6: protected captures and detections, where their pictures are, and what retention has deleted."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text, false

from hub.store.migrations.schema import Schema

METADATA = MetaData()

EXPIRED_FILES = Table(
    "expired_files",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("bytes", Integer, nullable=False),
)

TOTALS = Table(
    "retention_totals",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("records", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("last_at", Float),
    Column("last_records", Integer, nullable=False),
    Column("last_bytes", Integer, nullable=False),
)

# Only what the new indexes name.
CAPTURES = Table(
    "captures",
    MetaData(),
    Column("seq", Integer),
    Column("station", Text),
    Column("success", Boolean),
    Column("received_at", Float),
    Column("protected", Boolean),
    Column("picture_bytes", Integer),
    Index("captures_expiring", "protected", "seq", "received_at", "picture_bytes"),
    Index("captures_station", "station", "seq"),
    Index("captures_success", "success", "seq"),
)
RECORDS = Table(
    "lpr_records",
    MetaData(),
    Column("seq", Integer),
    Column("camera_id", Text),
    Column("checkpoint_id", Text),
    Column("occurred_at", Float),
    Column("received_at", Float),
    Column("protected", Boolean),
    Column("pack", Integer),
    Column("picture_bytes", Integer),
    Index("lpr_records_camera_time", "camera_id", "occurred_at", "checkpoint_id"),
    Index("lpr_records_checkpoint_time", "checkpoint_id", "occurred_at"),
    Index("lpr_records_expiring", "protected", "seq", "received_at", "picture_bytes"),
    Index("lpr_records_pack", "pack", "seq", "picture_bytes"),
)


def upgrade(schema: Schema) -> None:
    """Add the columns with their indexes, and the tables. What older rows have in pictures is counted later."""
    for name in ("captures", "lpr_records"):
        schema.add_column(name, Column("protected", Boolean, nullable=False, server_default=false()))
    schema.add_column("captures", Column("picture_bytes", Integer))
    schema.add_column("lpr_records", Column("pack", Integer))
    schema.add_column("lpr_records", Column("picture_bytes", Integer))
    for table in (CAPTURES, RECORDS):
        for index in sorted(str(index.name) for index in table.indexes):
            schema.create_index(table, index)
    schema.create_table(EXPIRED_FILES)
    schema.create_table(TOTALS)
