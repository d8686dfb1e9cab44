"""Tables of visits. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class VisitRow(Model):
    """A visit as it is now. `body` holds its evidence and what is not searched.

    `change`: grows with every change of any visit. `place`: the checkpoint as names are compared. `identity`: by what
    visits of one vehicle find each other. `tag`, `number`, `plate`: what was read, as it is searched.
    """

    __tablename__ = "visits"
    __table_args__ = (
        Index("visits_change", "change", unique=True),
        Index("visits_place", "place", "last_at"),
        Index("visits_identity", "identity", "started_at"),
        Index("visits_started", "started_at"),
        Index("visits_state", "state", "seq"),
        Index("visits_waits", "waits", "seq"),
        Index("visits_vehicle", "vehicle", "seq"),
        Index("visits_tag", "tag", "seq"),
        Index("visits_number", "number", "seq"),
        Index("visits_plate", "plate", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    change: Mapped[int] = mapped_column(Integer)
    received_at: Mapped[float] = mapped_column(Float)
    checkpoint: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    identity: Mapped[str] = mapped_column(Text)
    started_at: Mapped[float] = mapped_column(Float)
    last_at: Mapped[float] = mapped_column(Float)
    direction: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    waits: Mapped[bool] = mapped_column(Boolean)
    vehicle: Mapped[str] = mapped_column(Text)
    tag: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    plate: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)


class VisitEvidence(Model):
    """Which visit a capture or a detection belongs to; it goes with the visit."""

    __tablename__ = "visit_evidence"
    __table_args__ = (Index("visit_evidence_visit", "visit_seq"),)

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[str] = mapped_column(Text, primary_key=True)
    visit_seq: Mapped[int] = mapped_column(ForeignKey("visits.seq", ondelete="CASCADE"))


class VisitMessage(Model):
    """A visit as it was announced, for MQTT and for alerts. `alert`: the kind of alert that it is, "" for none."""

    __tablename__ = "visit_messages"
    __table_args__ = (Index("visit_messages_received", "received_at"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    visit: Mapped[str] = mapped_column(Text)
    checkpoint: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    alert: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
