"""The table of doorbells. Times are epoch seconds in UTC."""

from __future__ import annotations

from sqlalchemy import Float, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class DoorbellRing(Model):
    """A ring; the same event id of the same bell is stored once."""

    __tablename__ = "doorbell_rings"
    __table_args__ = (UniqueConstraint("bell", "event_id"),)

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    bell: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    timestamp: Mapped[str] = mapped_column(Text)
    rang_at: Mapped[float | None] = mapped_column(Float)
    received_at: Mapped[float] = mapped_column(Float)
