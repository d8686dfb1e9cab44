"""Revision 15: plates and tags carry what lists are filtered and ordered by, and so do the indexes of their values.

A list of one plate at one camera, or of one tag in some weeks, then reads no record that does not belong to it.
Detections without a plate that the camera was sure of, which somebody is to read, have an index of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from time import monotonic

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    exists,
    false,
    func,
    or_,
    select,
    text,
    true,
    update,
)

from hub.store.migrations.schema import Schema

log = logging.getLogger(__name__)

METADATA = MetaData()
STEP = 100_000  # records of one statement: what is damaged costs only its own step
SAY_SECONDS = 5.0
SURE_FROM = 0.5  # confidence

# Only what is named here.
RECORDS = Table(
    "lpr_records",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("camera_id", Text),
    Column("checkpoint_id", Text),
    Column("occurred_at", Float),
    Column("unsure", Boolean, nullable=False, server_default=false()),
    Index(
        "lpr_records_unsure",
        "occurred_at",
        sqlite_where=text("unsure <> 0"),
        postgresql_where=text("unsure <> false"),
    ),
)
PLATES = Table(
    "lpr_plates",
    METADATA,
    Column("record_seq", Integer),
    Column("plate", Text),
    Column("confidence", Float),
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
        own = values.columns[key]
        filled = (
            update(values).values({name: records.columns[name] for name in names}).where(own == records.columns.seq)
        )
        for first, last in _steps(schema, records):
            schema.execute_if_readable(filled.where(own.between(first, last)))
    _mark_unsure(schema)
    for table in (RECORDS, PLATES, CAPTURES, TAGS):
        for index in table.indexes:
            log.info("%s: creating the index %s.", table.name, index.name)
            schema.create_index(table, str(index.name))


def _mark_unsure(schema: Schema) -> None:
    schema.add_column(RECORDS.name, Column("unsure", Boolean, nullable=False, server_default=false()))
    seq, confidence = RECORDS.columns.seq, PLATES.columns.confidence
    sure = exists().where(PLATES.columns.record_seq == seq, or_(confidence.is_(None), confidence >= SURE_FROM))
    marked = update(RECORDS).values(unsure=true()).where(~sure)
    for first, last in _steps(schema, RECORDS):
        schema.execute_if_readable(marked.where(seq.between(first, last)))


def _steps(schema: Schema, records: Table) -> Iterator[tuple[int, int]]:
    """The first and the last sequence number of each step through the records of a table; says how far it is."""
    seq = records.columns.seq
    ends = schema.readable_rows(select(func.min(seq).label("first"), func.max(seq).label("last")))
    if not ends or ends[0]["first"] is None:
        return
    first, last = ends[0]["first"], ends[0]["last"]
    said = monotonic()
    for start in range(first, last + 1, STEP):
        yield start, start + STEP - 1
        if monotonic() - said > SAY_SECONDS:
            done = min(start + STEP, last + 1) - first
            log.info("%s: %d of %d rows are done.", records.name, done, last + 1 - first)
            said = monotonic()
