"""The tables of person tracking. Times are epoch seconds in UTC."""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class TrackingMatch(Model):
    """A stored sighting of a person; kept for `tracking.keep_days`.

    `person`: the random id inside the embedding (a UUID). The box is in pixels of the frame, `width` x `height`.
    `crop`: a JPEG of `crop_size` bytes, or NULL and 0. It is the last column, so that lists do not read its pages.
    """

    __tablename__ = "tracking_matches"
    __table_args__ = (
        Index("tracking_matches_person", "person", "seq"),
        Index("tracking_matches_session", "session_id", "seq"),
        Index("tracking_matches_received", "received_at"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    person: Mapped[str] = mapped_column(Text)
    session_id: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    x1: Mapped[float] = mapped_column(Float)
    y1: Mapped[float] = mapped_column(Float)
    x2: Mapped[float] = mapped_column(Float)
    y2: Mapped[float] = mapped_column(Float)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    distance: Mapped[float] = mapped_column(Float)
    confidence: Mapped[float] = mapped_column(Float)
    crop_size: Mapped[int] = mapped_column(Integer)
    crop: Mapped[bytes | None] = mapped_column(LargeBinary)


class TrackingDeletion(Model):
    """A person that was deleted: embeddings with this id are refused from then on."""

    __tablename__ = "tracking_deletions"

    person: Mapped[str] = mapped_column(Text, primary_key=True)
    deleted_at: Mapped[float] = mapped_column(Float)
