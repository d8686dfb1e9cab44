"""One alert, as it is stored, shown and sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.contract.alerts import AlertKind, is_told
from hub.contract.bounds import Limits, bounded
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.store.backend import Row

DETAILS = Limits(depth=4, key=60, text=500, items=50, size=4096)
MAX_SUBJECT, MAX_SENTENCE = 200, 500  # characters
QUIET = "rule"  # who has "seen" an alert that is not for the pages
RAISED, CLEARED, REPORTED = "raised", "cleared", "reported"
STATES = (RAISED, CLEARED, REPORTED)


@dataclass
class Alert:
    """An alert. Times are epoch seconds."""

    kind: str
    subject: str
    sentence: str
    details: dict[str, Any]
    state: str
    raised_at: float
    last_at: float
    count: int = 1
    cleared_at: float | None = None
    acknowledged_at: float | None = None  # when somebody said that they have seen it
    acknowledged_by: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def key(self) -> tuple[str, str]:
        """What it is about: kind and subject."""
        return self.kind, self.subject

    def row(self) -> dict[str, Any]:
        """The columns of its row."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "sentence": self.sentence,
            "details": orjson.dumps(self.details).decode(),
            "state": self.state,
            "received_at": self.raised_at,
            "last_at": self.last_at,
            "count": self.count,
            "cleared_at": self.cleared_at,
            "acknowledged_at": self.acknowledged_at,
            "acknowledged_by": self.acknowledged_by,
        }

    def shown(self) -> dict[str, Any]:
        """The alert as pages and the API show it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "sentence": self.sentence,
            "details": self.details,
            "state": self.state,
            "raised_at": utc_text(self.raised_at),
            "last_at": utc_text(self.last_at),
            "count": self.count,
            "cleared_at": utc_text(self.cleared_at),
            "acknowledged_at": utc_text(self.acknowledged_at),
            "acknowledged_by": self.acknowledged_by or None,
        }

    def message(self, now: float, hub_name: str) -> dict[str, Any]:
        """The row of the message that says what has just changed: the alert as shown, with an id of its own."""
        message_id = str(uuid.uuid4())
        alert = self.shown()
        alert["alert_id"] = alert.pop("id")
        del alert["acknowledged_at"], alert["acknowledged_by"]  # that somebody has seen it is sent to nobody
        body = {"id": message_id, "time": utc_text(now), "hub": hub_name, **alert}
        return {
            "id": message_id,
            "kind": self.kind,
            "received_at": now,
            "body": orjson.dumps(body).decode(),
        }


def new_alert(
    kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None, state: str, now: float
) -> Alert:
    """An alert with every text bounded."""
    quiet = not is_told({"details": details}, "banner")  # told to others; nobody here has to see it
    kept = bounded({str(key): value for key, value in (details or {}).items()}, "", [], DETAILS)
    alert = Alert(kind.value, bounded_subject(subject), clean(sentence)[:MAX_SENTENCE], kept, state, now, now)
    if quiet:
        alert.acknowledged_at, alert.acknowledged_by = now, QUIET
    return alert


def bounded_subject(subject: str) -> str:
    """A subject as it is stored and compared."""
    return clean(subject)[:MAX_SUBJECT]


def loaded(row: Row) -> Alert:
    """The alert of a stored row."""
    details = orjson.loads(row["details"])
    if not isinstance(details, dict):
        raise ValueError("details is no object")
    return Alert(
        row["kind"],
        row["subject"],
        row["sentence"],
        details,
        row["state"],
        row["received_at"],
        row["last_at"],
        row["count"],
        row["cleared_at"],
        row["acknowledged_at"],
        row["acknowledged_by"],
        row["id"],
    )
