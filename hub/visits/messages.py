"""Visits as messages: for MQTT, and those that are alerts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import select

from hub.contract.alerts import AlertKind, Notable
from hub.contract.json_text import encode_text
from hub.contract.visits import DENIED, MISMATCH
from hub.store.backend import Row
from hub.store.feeds import FeedItem, RowFeed, newest_seq
from hub.store.reader import Reader
from hub.visits.repository import MESSAGES, VISITS
from hub.visits.tables import VisitMessage
from hub.visits.visit import WAITING, Visit

ALERT_FIELDS = ("id", "checkpoint", "direction", "state", "reasons", "tag", "number", "plate", "started_at", "last_at")


def alert_of(visit: Visit) -> str:
    """The kind of alert that a visit has become, "" where it is none or was announced as one already.

    A plate on the list of those to stop is an alert by its detection.
    """
    if visit.state not in WAITING or not visit.waits:
        visit.alarmed = ""
        return ""
    if visit.alarmed == visit.state:
        return ""
    visit.alarmed = visit.state
    if visit.state == DENIED and visit.listed:
        return ""
    return str(AlertKind.VISIT_DENIED if visit.state == DENIED else AlertKind.VISIT_MISMATCH)


def message_row(shown: dict[str, Any], before: str, alert: str, at: float) -> dict[str, Any]:
    """The row of a message about a visit. `before`: its state until now, "" of a new one. `at`: epoch seconds."""
    visit = {key: value for key, value in shown.items() if key != "seq"}  # a new one has none before it is stored
    body = {"event": "visit_update" if before else "visit", "visit": visit, "before": before}
    return {
        "visit": shown["id"],
        "checkpoint": shown["checkpoint"],
        "received_at": at,
        "alert": alert,
        "body": encode_text(body),
    }


def message_body(row: Row) -> dict[str, Any]:
    """The body of a row. Raises ValueError, TypeError or LookupError where it cannot be read."""
    body = orjson.loads(row["body"])
    if not isinstance(body["visit"]["id"], str):
        raise ValueError("body is no message about a visit")
    return dict(body)


def visit_feed(reader: Reader) -> RowFeed:
    """Every message about a visit, in its order."""

    def show(row: Row) -> FeedItem:
        body = message_body(row)
        body.pop("before", None)
        return FeedItem(row["seq"], row["checkpoint"], row["received_at"], body)

    return RowFeed(reader, MESSAGES, show)


def newest_message(reader: Reader, until: float | None = None) -> int:
    """The sequence number of the newest message, 0 without one. `until`: of those stored up to then, epoch seconds."""
    if until is None:
        return newest_seq(reader, MESSAGES)
    settled = select(VisitMessage.seq).where(VisitMessage.received_at <= until)
    rows = reader.all(settled.order_by(VisitMessage.seq.desc()).limit(1))
    return int(rows[0]["seq"]) if rows else 0


class VisitAlerts:
    """Visits that have become one kind of alert. Implements `hub.contract.alerts.NotableRecords`.

    `settle_seconds`: a message is looked at when it is this old, and is an alert where its visit still waits as it did.
    """

    def __init__(
        self,
        reader: Reader,
        kind: AlertKind,
        settle_seconds: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._reader, self._kind, self._settle, self._now = reader, kind, settle_seconds, now

    def newest(self) -> int:
        """The sequence number of the newest message that has settled, 0 without one."""
        return newest_message(self._reader, self._now() - self._settle if self._settle else None)

    def notable(self, after: int, until: int) -> list[Notable]:
        """Those messages that are alerts, in their order."""
        wanted = select(MESSAGES).where(
            VisitMessage.seq > after, VisitMessage.seq <= until, VisitMessage.alert == self._kind.value
        )
        if self._settle:
            state = DENIED if self._kind is AlertKind.VISIT_DENIED else MISMATCH
            visits = VISITS.columns
            still = select(visits.id).where(visits.id == VisitMessage.visit, visits.state == state, visits.waits)
            wanted = wanted.where(still.exists())
        rows = self._reader.all(wanted.order_by(VisitMessage.seq))
        return self._reader.unreadable.readable(rows, _notable, MESSAGES)


def _notable(row: Row) -> Notable:
    visit = message_body(row)["visit"]
    kind = AlertKind(row["alert"])
    who = visit["vehicle"]["name"] if visit["vehicle"] else visit["plate"] or visit["tag"] or visit["number"]
    what = "is not to be let in" if kind is AlertKind.VISIT_DENIED else "is not what it says it is"
    sentence = (
        f"A vehicle at {visit['checkpoint']} {what}. {' '.join(visit['reasons'][:1])} "
        "Look at its visit and confirm, correct or reject it."
    )
    details = {f"visit_{key}" if key == "id" else key: visit[key] for key in ALERT_FIELDS}
    return Notable(kind, f"{who} at {visit['checkpoint']}", sentence, details)
