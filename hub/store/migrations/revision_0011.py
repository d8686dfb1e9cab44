"""Revision 11: rules, and what they have fired for."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text

from hub.store.migrations.schema import Schema

METADATA = MetaData()

RULES = Table(
    "rules",
    METADATA,
    Column("id", Text, primary_key=True, nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_at", Float, nullable=False),
)
FIRINGS = Table(
    "rule_firings",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("rule_id", Text, nullable=False),
    Column("rule_name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("mail_to", Text, nullable=False),
    Column("mail_state", Text, nullable=False),
    Column("mail_problem", Text, nullable=False),
    Column("mail_at", Float),
    Index("rule_firings_received", "received_at"),
    Index("rule_firings_mail", "mail_state", "seq"),
    sqlite_autoincrement=True,
)


def upgrade(schema: Schema) -> None:
    """Add the tables of rules."""
    schema.create_table(RULES)
    schema.create_table(FIRINGS)
