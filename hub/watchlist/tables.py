"""The table of the watchlist. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Float, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class WatchlistEntry(Model):
    """A plate that an operator watches for."""

    __tablename__ = "watchlist"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    plate: Mapped[str] = mapped_column(Text)
    normalised: Mapped[str] = mapped_column(Text, index=True)
    action: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    match: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[float | None] = mapped_column(Float)
    created_at: Mapped[float] = mapped_column(Float)
