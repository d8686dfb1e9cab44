"""Revision 12: visits, which evidence belongs to them, and the messages about them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

from hub.store.migrations.schema import Schema

METADATA = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


VISITS = Table(
    "visits",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("change", Integer, nullable=False),
    Column("received_at", Float, nullable=False),
    _text("checkpoint"),
    _text("place"),
    _text("identity"),
    Column("started_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    _text("direction"),
    _text("state"),
    Column("waits", Boolean, nullable=False),
    _text("vehicle"),
    _text("tag"),
    _text("number"),
    _text("plate"),
    _text("body"),
    Index("visits_change", "change", unique=True),
    Index("visits_place", "place", "last_at"),
    Index("visits_identity", "identity", "started_at"),
    Index("visits_started", "started_at"),
    Index("visits_state", "state", "seq"),
    Index("visits_waits", "waits", "seq"),
    Index("visits_vehicle", "vehicle", "seq"),
    Index("visits_tag", "tag", "seq"),
    Index("visits_number", "number", "seq"),
    Index("visits_plate", "plate", "seq"),
    sqlite_autoincrement=True,
)

EVIDENCE = Table(
    "visit_evidence",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("visit_seq", Integer, ForeignKey("visits.seq", ondelete="CASCADE"), nullable=False),
    Index("visit_evidence_visit", "visit_seq"),
)

MESSAGES = Table(
    "visit_messages",
    METADATA,
    Column("seq", Integer, primary_key=True),
    _text("visit"),
    _text("checkpoint"),
    Column("received_at", Float, nullable=False),
    _text("alert"),
    _text("body"),
    Index("visit_messages_received", "received_at"),
    sqlite_autoincrement=True,
)


def upgrade(schema: Schema) -> None:
    """Add the tables of visits."""
    for table in (VISITS, EVIDENCE, MESSAGES):
        schema.create_table(table)
