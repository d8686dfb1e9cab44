"""What rules have fired for, as rows, as alerts, and as readers see it."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from sqlalchemy import select

from hub.contract.alerts import AlertKind, Notable
from hub.contract.times import utc_text
from hub.rules.engine import MAX_SUBJECT, Fired
from hub.rules.repository import FIRINGS, WAITING
from hub.store.backend import Row
from hub.store.feeds import newest_seq
from hub.store.reader import Reader

MAX_SENTENCE = 500
CHANNELS = ("banner", "webhook", "mqtt")  # those of alerts
NAMESPACE = uuid.UUID("0f0a9f0e-5a3b-4f0e-9a54-6f1d3c7b21d8")


def firing_row(fired: Fired) -> dict[str, Any]:
    """The row of what a rule has fired for. Its id is the same for one rule and one record."""
    told, rule, happening = fired.told, fired.rule, fired.happening
    channels = [name for name in CHANNELS if getattr(told, name)]
    channels += ["mail"] if told.mail else []
    made = uuid.uuid5(NAMESPACE, f"{rule.id} {happening.key}") if happening.key else uuid.uuid4()
    return {
        "id": str(made),
        "rule_id": rule.id,
        "rule_name": rule.name,
        "subject": happening.subject[:MAX_SUBJECT],
        "sentence": happening.sentence[:MAX_SENTENCE],
        "channels": orjson.dumps({"told": channels, "details": happening.details}).decode(),
        "received_at": happening.at,
        "mail_to": "\n".join(told.mail),
        "mail_state": WAITING if told.mail else "",
        "mail_problem": "",
        "mail_at": None,
    }


def _told(row: Row) -> tuple[list[str], dict[str, Any]]:
    """Who was told, and the details for the alert. Raises ValueError where they cannot be read."""
    stored = orjson.loads(row["channels"])
    told, details = (stored.get("told"), stored.get("details")) if isinstance(stored, dict) else (stored, {})
    if not isinstance(told, list) or not isinstance(details, dict):
        raise ValueError("channels cannot be read")
    return told, details


def firing_shown(row: Row) -> dict[str, Any]:
    """What a rule has fired for, as readers see it. Raises ValueError where it cannot be read."""
    channels, _ = _told(row)
    return {
        "id": row["id"],
        "seq": row["seq"],
        "rule_id": row["rule_id"],
        "rule": row["rule_name"],
        "subject": row["subject"],
        "sentence": row["sentence"],
        "at": utc_text(row["received_at"]),
        "channels": channels,
        "quiet": not channels,
        "mail": {
            "to": row["mail_to"].split("\n") if row["mail_to"] else [],
            "state": row["mail_state"],
            "problem": row["mail_problem"],
            "at": utc_text(row["mail_at"]),
        },
    }


class FiringAlerts:
    """What rules have fired for, as far as it is an alert. Implements `hub.contract.alerts.NotableRecords`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def newest(self) -> int:
        """The sequence number of the newest row, 0 without one."""
        return newest_seq(self._reader, FIRINGS)

    def notable(self, after: int, until: int) -> list[Notable]:
        """Those that are told by more than mail, in their order."""
        columns = FIRINGS.columns
        some = select(FIRINGS).where(columns.seq > after, columns.seq <= until).order_by(columns.seq)
        found = self._reader.unreadable.readable(self._reader.all(some), _notable, FIRINGS)
        return [each for each in found if each is not None]


def _notable(row: Row) -> Notable | None:
    channels, details = _told(row)
    tell = {name: name in channels for name in CHANNELS}
    if not any(tell.values()):
        return None
    name = row["rule_name"]
    details = {"rule": name, "rule_id": row["rule_id"], "tell": tell, **details}
    return Notable(AlertKind.RULE, f"{name}: {row['subject']}", f"{name}: {row['sentence']}", details)
