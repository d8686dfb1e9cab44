"""Tables of licence-plate cameras. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, LargeBinary, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class LprRecord(Model):
    """A detection of a licence-plate camera (docs/wire/lpr.md 1). `body` holds what is shown and not searched.

    `protected`: it never expires. `pack`: the number of the file that has its pictures, 0 for none; `picture_bytes`: of
    its pictures there. Both are NULL in rows of older versions until they are counted. `unsure`: no plate was read, or
    none that the camera was sure of (`hub.contract.plates.UNSURE_BELOW`).
    """

    __tablename__ = "lpr_records"
    __table_args__ = (
        Index("lpr_records_camera", "camera_id", "seq"),
        Index("lpr_records_checkpoint", "checkpoint_id", "seq"),
        Index("lpr_records_occurred", "occurred_at"),
        Index("lpr_records_camera_time", "camera_id", "occurred_at", "checkpoint_id"),
        Index("lpr_records_checkpoint_time", "checkpoint_id", "occurred_at"),
        Index("lpr_records_expiring", "protected", "seq", "received_at", "picture_bytes"),
        Index("lpr_records_pack", "pack", "seq", "picture_bytes"),
        Index(
            "lpr_records_unsure",
            "occurred_at",
            sqlite_where=text("unsure <> 0"),
            postgresql_where=text("unsure <> false"),
        ),
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
    protected: Mapped[bool] = mapped_column(Boolean, server_default=false())
    pack: Mapped[int | None] = mapped_column(Integer)
    picture_bytes: Mapped[int | None] = mapped_column(Integer)
    unsure: Mapped[bool] = mapped_column(Boolean, server_default=false())


class LprPlate(Model):
    """Every plate of a record, for searching.

    `camera_id`, `checkpoint_id` and `occurred_at` are those of the record: the index has all that lists are filtered
    and ordered by, so that records that do not match are not read.
    """

    __tablename__ = "lpr_plates"
    __table_args__ = (Index("lpr_plates_plate", "plate", "record_seq", "occurred_at", "camera_id", "checkpoint_id"),)

    record_seq: Mapped[int] = mapped_column(ForeignKey("lpr_records.seq", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    plate: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float | None] = mapped_column(Float)
    box: Mapped[str | None] = mapped_column(Text)
    camera_id: Mapped[str | None] = mapped_column(Text)
    checkpoint_id: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[float | None] = mapped_column(Float)


class LprHealth(Model):
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


class LprCamera(Model):
    """A camera, from its first contact on."""

    __tablename__ = "lpr_cameras"

    camera_id: Mapped[str] = mapped_column(Text, primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[float] = mapped_column(Float)
    last_seen: Mapped[float] = mapped_column(Float)
    address: Mapped[str] = mapped_column(Text)
    door: Mapped[str] = mapped_column(Text)


class LprComponent(Model):
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


class LprCounter(Model):
    """Exact counters that grow with the records, so that no request counts rows.

    `kind`: detections, detections_day, health, health_day, camera, camera_health, checkpoint, plate. Those of
    detections and camera go on growing when records expire; detections_expired and camera_expired count the expired.
    """

    __tablename__ = "lpr_tallies"
    __table_args__ = {"sqlite_with_rowid": False}

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
