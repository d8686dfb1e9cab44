"""Revision 8: who has seen an alert, and when."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text, update

from hub.store.migrations.schema import Schema

# Only what the new index and the update name.
ALERTS = Table(
    "alerts",
    MetaData(),
    Column("seq", Integer),
    Column("state", Text),
    Column("last_at", Float),
    Column("acknowledged_at", Float),
    Index("alerts_acknowledged", "acknowledged_at", "seq"),
)
RAISED = "raised"


def upgrade(schema: Schema) -> None:
    """Add the columns. Alerts that are over count as seen: nobody could say so, and they are no alarm today."""
    schema.add_column("alerts", Column("acknowledged_at", Float))
    schema.add_column("alerts", Column("acknowledged_by", Text, nullable=False, server_default=""))
    columns = ALERTS.columns
    schema.execute(update(ALERTS).where(columns.state != RAISED).values(acknowledged_at=columns.last_at))
    schema.create_index(ALERTS, "alerts_acknowledged")
