"""The tables of retention. Times are epoch seconds in UTC."""

from __future__ import annotations

from sqlalchemy import Float, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class ExpiredFile(Model):
    """A picture file, or a pack `NNNNNN.pack`, of which expired records gave up `bytes` that still lie on the disk."""

    __tablename__ = "expired_files"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    bytes: Mapped[int] = mapped_column(Integer)


class RetentionTotal(Model):
    """What was deleted of a kind of record: in all, and by the last run that deleted something."""

    __tablename__ = "retention_totals"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    records: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[float | None] = mapped_column(Float)
    last_records: Mapped[int] = mapped_column(Integer)
    last_bytes: Mapped[int] = mapped_column(Integer)
