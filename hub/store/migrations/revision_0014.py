"""Revision 14: captures of a station, and those that were not read, are found in the order of their time."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, MetaData, Table, Text, text

from hub.store.migrations.schema import Schema

# Only what the new indexes name.
CAPTURES = Table(
    "captures",
    MetaData(),
    Column("station", Text),
    Column("success", Boolean),
    Column("number", Text),
    Column("captured_at", Float),
    Index("captures_station_time", "station", "captured_at"),
    Index("captures_success_time", "success", "captured_at"),
    Index("captures_unread", "captured_at", sqlite_where=text("NOT (success <> 0 AND number <> '')")),
)


def upgrade(schema: Schema) -> None:
    """Add the indexes."""
    for name in sorted(str(index.name) for index in CAPTURES.indexes):
        schema.create_index(CAPTURES, name)
