"""Tables of weighbridge stations. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model

UNREAD_TRUTH = "NOT (success <> false AND number <> '')"  # of PostgreSQL
UNREAD_WHERE = "NOT (success <> 0 AND number <> '')"  # an OR would be searched by two indexes, and sorted


class Capture(Model):
    """A capture result of a weighbridge station (docs/wire/station.md "The capture result").

    `protected`: it never expires. `picture_bytes`: of its picture files, NULL in rows of older versions until they are
    counted.
    """

    __tablename__ = "captures"
    __table_args__ = (
        UniqueConstraint("station", "event_id"),
        Index("captures_number", "number", "seq", "captured_at", "station", "success"),
        Index("captures_captured", "captured_at"),
        Index("captures_expiring", "protected", "seq", "received_at", "picture_bytes"),
        Index("captures_station", "station", "seq"),
        Index("captures_success", "success", "seq"),
        Index("captures_station_time", "station", "captured_at"),
        Index("captures_success_time", "success", "captured_at"),
        Index("captures_unread", "captured_at", sqlite_where=text(UNREAD_WHERE), postgresql_where=text(UNREAD_TRUTH)),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    event_id: Mapped[str] = mapped_column(Text)
    station: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    captured_at: Mapped[float] = mapped_column(Float)
    timestamp: Mapped[str] = mapped_column(Text)
    tag: Mapped[str] = mapped_column(Text)
    tags: Mapped[str] = mapped_column(Text)
    tag_source: Mapped[str] = mapped_column(Text)
    tag_timestamp_iso: Mapped[str] = mapped_column(Text)
    started_ts: Mapped[float | None] = mapped_column(Float)
    finished_ts: Mapped[float | None] = mapped_column(Float)
    success: Mapped[bool] = mapped_column(Boolean)
    number: Mapped[str] = mapped_column(Text)
    raw_text: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    errors: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    primary_image: Mapped[str] = mapped_column(Text)
    secondary_image: Mapped[str] = mapped_column(Text)
    label_image: Mapped[str] = mapped_column(Text)
    warnings: Mapped[str] = mapped_column(Text)
    unread: Mapped[str] = mapped_column(Text)
    protected: Mapped[bool] = mapped_column(Boolean, server_default=false())
    picture_bytes: Mapped[int | None] = mapped_column(Integer)


class CaptureTag(Model):
    """Every tag that was read during a capture, for searching.

    `captured_at`, `station` and `success` are those of the capture: the index has all that lists are filtered and
    ordered by, so that captures that do not match are not read.
    """

    __tablename__ = "capture_tags"
    __table_args__ = (Index("capture_tags_tag", "tag", "capture_seq", "captured_at", "station", "success"),)

    capture_seq: Mapped[int] = mapped_column(ForeignKey("captures.seq", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True)
    captured_at: Mapped[float | None] = mapped_column(Float)
    station: Mapped[str | None] = mapped_column(Text)
    success: Mapped[bool | None] = mapped_column(Boolean)


class Station(Model):
    """The last status that a station sent, for a restarted hub."""

    __tablename__ = "stations"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[float] = mapped_column(Float)
