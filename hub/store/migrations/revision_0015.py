"""Revision 15: plates and tags carry what lists are filtered and ordered by, and so do the indexes of their values.

A list of one plate at one camera, or of one tag in some weeks, then reads no record that does not belong to it.
"""

from __future__ import annotations

import logging
from time import monotonic

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text, func, select, update

from hub.store.migrations.schema import Schema

log = logging.getLogger(__name__)

METADATA = MetaData()
STEP = 100_000  # records of one statement: what is damaged costs only its own step
SAY_SECONDS = 5.0

# Only what is named here.
RECORDS = Table(
    "lpr_records",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("camera_id", Text),
    Column("checkpoint_id", Text),
    Column("occurred_at", Float),
)
PLATES = Table(
    "lpr_plates",
    METADATA,
    Column("record_seq", Integer),
    Column("plate", Text),
    Column("camera_id", Text),
    Column("checkpoint_id", Text),
    Column("occurred_at", Float),
    Index("lpr_plates_plate", "plate", "record_seq", "occurred_at", "camera_id", "checkpoint_id"),
)
CAPTURES = Table(
    "captures",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("number", Text),
    Column("captured_at", Float),
    Column("station", Text),
    Column("success", Boolean),
    Index("captures_number", "number", "seq", "captured_at", "station", "success"),
)
TAGS = Table(
    "capture_tags",
    METADATA,
    Column("capture_seq", Integer),
    Column("tag", Text),
    Column("captured_at", Float),
    Column("station", Text),
    Column("success", Boolean),
    Index("capture_tags_tag", "tag", "capture_seq", "captured_at", "station", "success"),
)
REPEATED = (
    (RECORDS, PLATES, "record_seq", ("camera_id", "checkpoint_id", "occurred_at")),
    (CAPTURES, TAGS, "capture_seq", ("captured_at", "station", "success")),
)


def upgrade(schema: Schema) -> None:
    """Add the columns, fill them from the records, and make the indexes anew."""
    for table in (PLATES, CAPTURES, TAGS):
        for index in table.indexes:
            schema.execute_text(f"DROP INDEX IF EXISTS {index.name}")
    for records, values, key, names in REPEATED:
        for name in names:
            column = values.columns[name]
            schema.add_column(values.name, Column(name, column.type))
        _fill(schema, records, values, key, names)
    for table in (PLATES, CAPTURES, TAGS):
        for index in table.indexes:
            schema.create_index(table, str(index.name))


def _fill(schema: Schema, records: Table, values: Table, key: str, names: tuple[str, ...]) -> None:
    """Give each value the columns of its record."""
    seq = records.columns.seq
    ends = schema.readable_rows(select(func.min(seq).label("first"), func.max(seq).label("last")))
    if not ends or ends[0]["first"] is None:
        return
    first, last = ends[0]["first"], ends[0]["last"]
    said = monotonic()
    for start in range(first, last + 1, STEP):
        own = values.columns[key]
        filled = update(values).values({name: records.columns[name] for name in names})
        schema.execute_if_readable(filled.where(own == seq, own.between(start, start + STEP - 1)))
        if monotonic() - said > SAY_SECONDS:
            log.info("%s: %d of %d records are done.", values.name, start + STEP - first, last + 1 - first)
            said = monotonic()
