"""The tables of accounts and of the audit log. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Boolean, Float, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class AccountRow(Model):
    """A person's account. It is never deleted, so that the audit log stays readable; `disabled` closes it.

    `name_key`: the name as it is compared (`hub.accounts.contract.name_key`). `password_hash`: scrypt with its
    parameters and salt. `session_version`: sessions of another version have ended.
    """

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    disabled: Mapped[bool] = mapped_column(Boolean)
    session_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[float] = mapped_column(Float)


class EndedSession(Model):
    """A session that was logged out, kept until its cookie expires anyway."""

    __tablename__ = "ended_sessions"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    expires_at: Mapped[float] = mapped_column(Float)


class AuditEntry(Model):
    """A change: who made it, from which address, what it was. Kept for `accounts.audit_days`."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_log_received", "received_at"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    received_at: Mapped[float] = mapped_column(Float)
    who: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
