"""Revision 7: corrections of what was read, and numbers, plates and tags that are searched by any part of them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

from hub.store.migrations.schema import Schema

METADATA = MetaData()

# The records that corrections belong to; they exist.
for _name in ("captures", "lpr_records"):
    Table(_name, METADATA, Column("seq", Integer, primary_key=True))

CORRECTIONS = Table(
    "corrections",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("capture_seq", Integer, ForeignKey("captures.seq", ondelete="CASCADE")),
    Column("detection_seq", Integer, ForeignKey("lpr_records.seq", ondelete="CASCADE")),
    Column("record_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("read", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("newest", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("who_kind", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Index("corrections_record", "record_id", "seq"),
    Index("corrections_capture", "capture_seq", "position"),
    Index("corrections_detection", "detection_seq", "position"),
    Index("corrections_value", "field", "newest", "folded", "capture_seq", "detection_seq"),
    sqlite_autoincrement=True,
)

VALUES = Table(
    "searched_values",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    UniqueConstraint("field", "value"),
)

FIELDS = Table(
    "searched_fields",
    METADATA,
    Column("field", Text, primary_key=True),
    Column("last", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
)

# field -> the table and the column of its values
SOURCES = {
    "number": ("captures", "number"),
    "tag": ("capture_tags", "tag"),
    "plate": ("lpr_plates", "plate"),
}
CORRECTED = ("number", "plate")


def upgrade(schema: Schema) -> None:
    """Create the tables, the index and the triggers. The values of older rows are added while the hub runs."""
    for table in (CORRECTIONS, VALUES, FIELDS):
        schema.create_table(table)
    for sql in schema.searched_index(SOURCES, CORRECTED):
        schema.execute_text(sql)
    for field, (table_name, _) in SOURCES.items():
        schema.execute_text(
            f"INSERT INTO searched_fields (field, last, complete) "
            f"SELECT '{field}', '', NOT EXISTS (SELECT 1 FROM {table_name})"
        )
