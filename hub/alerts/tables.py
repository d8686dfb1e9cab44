"""The tables of alerts. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class AlertRow(Model):
    """An alert as it is now: `state` is raised, cleared, or reported for an event that has no end.

    `count`: how often it was seen; `last_at`: when last. `acknowledged_at`: when somebody said that they have seen it,
    NULL until then; `acknowledged_by`: their name, "" for alerts of versions that did not ask. Kept for `alerts.days`.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        Index("alerts_received", "received_at"),
        Index("alerts_acknowledged", "acknowledged_at", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    last_at: Mapped[float] = mapped_column(Float)
    count: Mapped[int] = mapped_column(Integer)
    cleared_at: Mapped[float | None] = mapped_column(Float)
    acknowledged_at: Mapped[float | None] = mapped_column(Float)
    acknowledged_by: Mapped[str] = mapped_column(Text, server_default="")


class AlertMessage(Model):
    """What is sent when an alert is raised, cleared or reported: the queue of the webhook and of MQTT."""

    __tablename__ = "alert_messages"
    __table_args__ = (Index("alert_messages_received", "received_at"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    body: Mapped[str] = mapped_column(Text)
