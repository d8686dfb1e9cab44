"""The tables. Times are epoch seconds in UTC; the sender's own text is kept beside. JSON columns hold UTF-8 text."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

db = SQLAlchemy()


class Capture(db.Model):
    """A capture result of a weighbridge station (wire/station.md "The capture result")."""

    __tablename__ = "captures"
    __table_args__ = (
        UniqueConstraint("station", "event_id"),
        Index("captures_number", "number", "seq"),
        Index("captures_captured", "captured_at"),
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


class CaptureTag(db.Model):
    """Every tag that was read during a capture, so that each finds it."""

    __tablename__ = "capture_tags"
    __table_args__ = (Index("capture_tags_tag", "tag", "capture_seq"),)

    capture_seq: Mapped[int] = mapped_column(ForeignKey("captures.seq", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True)


class Station(db.Model):
    """The last status that a station sent, so that a restarted hub still knows it."""

    __tablename__ = "stations"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[float] = mapped_column(Float)


class LprRecord(db.Model):
    """A detection of a licence-plate camera (wire/lpr.md 1). `body` holds what is shown and not searched."""

    __tablename__ = "lpr_records"
    __table_args__ = (
        Index("lpr_records_camera", "camera_id", "seq"),
        Index("lpr_records_checkpoint", "checkpoint_id", "seq"),
        Index("lpr_records_occurred", "occurred_at"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    event_key: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    event_id: Mapped[str] = mapped_column(Text)
    camera_id: Mapped[str] = mapped_column(Text)
    checkpoint_id: Mapped[str] = mapped_column(Text)
    timestamp: Mapped[str] = mapped_column(Text)
    created_at: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[float] = mapped_column(Float)
    received_at: Mapped[float] = mapped_column(Float)
    vehicles_count: Mapped[int] = mapped_column(Integer)
    plates_count: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)


class LprPlate(db.Model):
    """Every plate of a record, so that each finds it."""

    __tablename__ = "lpr_plates"
    __table_args__ = (Index("lpr_plates_plate", "plate", "record_seq"),)

    record_seq: Mapped[int] = mapped_column(ForeignKey("lpr_records.seq", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    plate: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float | None] = mapped_column(Float)
    box: Mapped[str | None] = mapped_column(Text)


class LprHealth(db.Model):
    """A health report of one component of a camera; kept for `lpr.health_days`."""

    __tablename__ = "lpr_health"
    __table_args__ = (
        Index("lpr_health_camera", "camera_id", "seq"),
        Index("lpr_health_received", "received_at"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    event_key: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    event_id: Mapped[str] = mapped_column(Text)
    camera_id: Mapped[str] = mapped_column(Text)
    checkpoint_id: Mapped[str] = mapped_column(Text)
    component: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    raw_status: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)
    timestamp: Mapped[str] = mapped_column(Text)
    created_at: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[float] = mapped_column(Float)
    received_at: Mapped[float] = mapped_column(Float)
    warnings: Mapped[str] = mapped_column(Text)


class LprCamera(db.Model):
    """A camera, known from its first contact on."""

    __tablename__ = "lpr_cameras"

    camera_id: Mapped[str] = mapped_column(Text, primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[float] = mapped_column(Float)
    last_seen: Mapped[float] = mapped_column(Float)
    address: Mapped[str] = mapped_column(Text)
    door: Mapped[str] = mapped_column(Text)


class LprComponent(db.Model):
    """The newest health report of each component by event time."""

    __tablename__ = "lpr_components"

    camera_id: Mapped[str] = mapped_column(Text, primary_key=True)
    component: Mapped[str] = mapped_column(Text, primary_key=True)
    health_seq: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[float] = mapped_column(Float)
    received_at: Mapped[float] = mapped_column(Float)


class LprTally(db.Model):
    """Exact counts that grow with the records, so that nothing is ever counted by reading rows.

    `kind`: detections, detections_day, health, health_day, camera, camera_health, checkpoint, plate.
    """

    __tablename__ = "lpr_tallies"
    __table_args__ = {"sqlite_with_rowid": False}

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


class WatchlistEntry(db.Model):
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


class DeviceRegistration(db.Model):
    """A device that asked to be known (wire/lpr.md 1.7)."""

    __tablename__ = "device_registrations"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    serial: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(Text)
    fields: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[float] = mapped_column(Float)
    last_seen: Mapped[float] = mapped_column(Float)


class TagReadingRow(db.Model):
    """A stored reading of an AprilTag board; kept for `apriltag.reading_days`. `payload`: JSON, all that the board sent."""

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
