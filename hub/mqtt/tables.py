"""The table of events that are stored only to be sent. Times are epoch seconds in UTC; `body` is JSON."""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class MqttEvent(Model):
    """An arrival or a departure of a vehicle; it goes when it is a week old, sent or not."""

    __tablename__ = "mqtt_events"
    __table_args__ = (Index("mqtt_events_received", "received_at"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    subject: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    body: Mapped[str] = mapped_column(Text)
