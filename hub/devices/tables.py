"""The table of device registrations. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Float, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class DeviceRegistration(Model):
    """A device that registered itself (docs/wire/lpr.md 1.7)."""

    __tablename__ = "device_registrations"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    serial: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(Text)
    fields: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[float] = mapped_column(Float)
    last_seen: Mapped[float] = mapped_column(Float)
