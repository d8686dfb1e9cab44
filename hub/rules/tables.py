"""Tables of rules. Times are epoch seconds in UTC."""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class RuleRow(Model):
    """A rule; `body` is its JSON text (`hub.rules.rule.Rule`)."""

    __tablename__ = "rules"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[float] = mapped_column(Float)


class RuleFiring(Model):
    """What a rule has fired for, and the queue of its mail. Kept for `alerts.days`.

    `channels`: JSON object of `told`, a list that is empty during quiet hours, and `details` for the alert; older rows
    have the list alone. `mail_to`: addresses, one a line, "" for no mail;
    `mail_state`: "" without mail, waiting, delivered or failed; `mail_problem`: why it waits or has failed.
    """

    __tablename__ = "rule_firings"
    __table_args__ = (
        Index("rule_firings_received", "received_at"),
        Index("rule_firings_mail", "mail_state", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    rule_id: Mapped[str] = mapped_column(Text)
    rule_name: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)
    channels: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)
    mail_to: Mapped[str] = mapped_column(Text)
    mail_state: Mapped[str] = mapped_column(Text)
    mail_problem: Mapped[str] = mapped_column(Text)
    mail_at: Mapped[float | None] = mapped_column(Float)
