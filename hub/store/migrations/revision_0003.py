"""Revision 3: accounts, sessions that were logged out, and the audit log."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text

from hub.store.migrations.schema import Schema

METADATA = MetaData()

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("session_version", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)

ENDED_SESSIONS = Table(
    "ended_sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("expires_at", Float, nullable=False),
)

AUDIT_LOG = Table(
    "audit_log",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("received_at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_log_received", "received_at"),
    sqlite_autoincrement=True,
)


def upgrade(schema: Schema) -> None:
    """Create the three tables."""
    schema.create_table(ACCOUNTS)
    schema.create_table(ENDED_SESSIONS)
    schema.create_table(AUDIT_LOG)
