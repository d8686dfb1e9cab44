"""The table of AprilTag readings. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class TagReadingRow(Model):
    """A stored reading of an AprilTag board; kept for `apriltag.reading_days`.

    `payload`: JSON, all that the board sent.
    """

    __tablename__ = "tag_readings"
    __table_args__ = (
        Index("tag_readings_tag", "tag_id", "received_at"),
        Index("tag_readings_board", "board", "received_at"),
        Index("tag_readings_received", "received_at"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    board: Mapped[str] = mapped_column(Text)
    tag_id: Mapped[int | None] = mapped_column(Integer)
    received_at: Mapped[float] = mapped_column(Float)
    clock: Mapped[float | None] = mapped_column(Float)
    door: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
