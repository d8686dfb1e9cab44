"""Decides what becomes an alert and a message: repeated ones are counted, not sent again. Does no I/O."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from hub.alerts.alert import CLEARED, RAISED, REPORTED, Alert, bounded_subject, new_alert
from hub.contract.alerts import AlertKind

MAX_RAISED = 20_000
MAX_RECENT = 10_000
MAX_UNSAVED = 1000  # messages that are not stored yet
# Kinds of which one more is news as soon as somebody has seen those before: each is about another vehicle.
NEW_AFTER_SEEN = frozenset({AlertKind.CAPTURE_FAILED.value})
REMIND_SECONDS = 12 * 3600.0  # an alert that is raised again after this long is sent again


class AlertBook:
    """The alerts that are raised, the events of the last moments, and what is still to be stored."""

    def __init__(
        self,
        repeat_seconds: float,
        off: Collection[str] = (),
        hub_name: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        """`off`: kinds that are left out. `hub_name`: who sends the messages."""
        self.repeat_seconds, self._off, self._hub_name, self._now = repeat_seconds, frozenset(off), hub_name, now
        self._raised: dict[tuple[str, str], Alert] = {}
        self._sent_at: dict[tuple[str, str], float] = {}  # when a raised alert was last sent, since the start
        self._recent: OrderedDict[tuple[str, str], Alert] = OrderedDict()
        self._changed: dict[str, Alert] = {}
        self._messages: list[tuple[dict[str, Any], dict[str, Any]]] = []  # rows, and the alerts as shown
        self.left_out = 0  # alerts and messages beyond a bound

    def load(self, alerts: Iterable[Alert]) -> None:
        """Go on with stored alerts: those that are raised, and the newest events."""
        self._raised.clear()
        self._recent.clear()
        self._sent_at.clear()
        for alert in alerts:
            if alert.state == RAISED and len(self._raised) < MAX_RAISED:
                self._raised[alert.key] = alert
                self._sent_at[alert.key] = alert.raised_at
            elif alert.state == REPORTED:
                self._remember(alert)

    def is_raised(self, kind: AlertKind, subject: str) -> bool:
        """Whether an alert is raised now."""
        return (kind.value, bounded_subject(subject)) in self._raised

    def raised(self) -> list[Alert]:
        """Every alert that is raised now."""
        return list(self._raised.values())

    def raise_(self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None) -> None:
        """Raise an alert, or count one that is raised; after REMIND_SECONDS it is sent again."""
        if kind.value in self._off:
            return
        now = self._now()
        before = self._raised.get((kind.value, bounded_subject(subject)))
        if before is None:
            if len(self._raised) >= MAX_RAISED:
                self.left_out += 1
                return
            alert = self._raised[kind.value, bounded_subject(subject)] = new_alert(
                kind, subject, sentence, details, RAISED, now
            )
            self._send(alert, now)
            return
        again = new_alert(kind, subject, sentence, details, RAISED, now)
        before.count, before.last_at = before.count + 1, now
        before.sentence, before.details = again.sentence, again.details
        self._changed[before.id] = before
        if not 0 <= now - self._sent_at[before.key] < REMIND_SECONDS:
            self._send(before, now)

    def clear(self, kind: AlertKind, subject: str, sentence: str = "") -> None:
        """Clear an alert that is raised."""
        alert = self._raised.pop((kind.value, bounded_subject(subject)), None)
        if alert is None:
            return
        now = self._now()
        if sentence:
            alert.sentence = sentence
        alert.state, alert.cleared_at = CLEARED, now
        self._send(alert, now)
        self._sent_at.pop(alert.key, None)

    def report(self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None) -> None:
        """An event: sent, or counted with the one of the same kind and subject that was sent a moment ago."""
        if kind.value in self._off:
            return
        now = self._now()
        key = (kind.value, bounded_subject(subject))
        before = self._recent.get(key)
        if before is not None and before.acknowledged_at is not None and kind.value in NEW_AFTER_SEEN:
            before = None
        if before is not None and 0 <= now - before.raised_at < self.repeat_seconds:
            before.count, before.last_at = before.count + 1, now
            self._changed[before.id] = before
            return
        alert = new_alert(kind, subject, sentence, details, REPORTED, now)
        self._remember(alert)
        self._send(alert, now)

    def acknowledged(self, ids: Collection[str], at: float, by: str) -> None:
        """Somebody has seen these alerts, which are stored so already."""
        for alert in (*self._raised.values(), *self._recent.values()) if ids else ():
            if alert.id in ids and alert.acknowledged_at is None:
                alert.acknowledged_at, alert.acknowledged_by = at, by

    def _remember(self, alert: Alert) -> None:
        self._recent[alert.key] = alert
        self._recent.move_to_end(alert.key)
        if len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)

    def _send(self, alert: Alert, now: float) -> None:
        self._changed[alert.id] = alert
        self._sent_at[alert.key] = now
        self._messages.append((alert.message(now, self._hub_name), alert.shown()))
        if alert.state == REPORTED:
            self._sent_at.pop(alert.key, None)
        if len(self._messages) > MAX_UNSAVED:
            del self._messages[0]
            self.left_out += 1

    @property
    def is_full(self) -> bool:
        """Whether as many messages wait to be stored as may."""
        return len(self._messages) >= MAX_UNSAVED

    def unsaved(self) -> tuple[list[dict[str, Any]], list[tuple[dict[str, Any], dict[str, Any]]]]:
        """Rows of changed alerts; rows of messages, each with its alert as shown."""
        return [alert.row() for alert in self._changed.values()], list(self._messages)

    def saved(self, rows: list[dict[str, Any]], messages: int) -> None:
        """These rows of alerts and so many messages are stored."""
        for row in rows:
            alert = self._changed.get(row["id"])
            if alert is not None and alert.row() == row:
                del self._changed[row["id"]]
        del self._messages[:messages]
