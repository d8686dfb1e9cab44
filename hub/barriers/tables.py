"""The table of barriers. Times are epoch seconds in UTC."""

from __future__ import annotations

from sqlalchemy import Boolean, Float, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class BarrierPulse(Model):
    """A pulse, stored before it is sent: `ended_at` is NULL while it lasts, and after a crash in the middle of it.

    `visit` and `problem` may be "". `request`: JSON text of the values of placeholders.
    """

    __tablename__ = "barrier_pulses"
    __table_args__ = (
        Index("barrier_pulses_visit", "visit", "barrier"),
        Index("barrier_pulses_received", "received_at"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    barrier: Mapped[str] = mapped_column(Text)
    visit: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    automatic: Mapped[bool] = mapped_column(Boolean)
    request: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    ended_at: Mapped[float | None] = mapped_column(Float)
    problem: Mapped[str] = mapped_column(Text, server_default="")
