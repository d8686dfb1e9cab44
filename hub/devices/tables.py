"""The tables of device registrations, of devices that wait or were let in, of tokens, and of operators' labels.

Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Float, Integer, Text, UniqueConstraint
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


class AccessDevice(Model):
    """A device that waits, was let in or is blocked. `claimed`: the id it gives itself, "" for its whole address."""

    __tablename__ = "access_devices"
    __table_args__ = (UniqueConstraint("address", "claimed"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    claimed: Mapped[str] = mapped_column(Text)
    transport: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)  # waiting, admitted, blocked
    first_seen: Mapped[float] = mapped_column(Float)
    last_seen: Mapped[float] = mapped_column(Float)
    tries: Mapped[int] = mapped_column(Integer)
    sent: Mapped[str] = mapped_column(Text)  # JSON


class AccessToken(Model):
    """A token of a device, of which only the SHA-256 digest is stored, in hexadecimal."""

    __tablename__ = "access_tokens"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[float] = mapped_column(Float)
    last_used: Mapped[float | None] = mapped_column(Float)
    revoked_at: Mapped[float | None] = mapped_column(Float)


class DeviceLabel(Model):
    """What an operator calls a device of a kind, which checkpoint it belongs to, and which way it faces."""

    __tablename__ = "device_labels"
    __table_args__ = (UniqueConstraint("kind", "device"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    device: Mapped[str] = mapped_column(Text)  # the id that it has within its kind
    name: Mapped[str] = mapped_column(Text)
    checkpoint: Mapped[str] = mapped_column(Text)
    facing: Mapped[str] = mapped_column(Text)  # in, out, both; "" where nobody has said so
    changed_at: Mapped[float] = mapped_column(Float)
