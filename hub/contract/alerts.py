"""The interface of alerts: what an operator must hear of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class AlertKind(StrEnum):
    """What an alert is about; the value is what webhooks, topics and the API show."""

    WATCHLIST_HIT = "watchlist_hit"
    CAPTURE_FAILED = "capture_failed"
    CAMERA_OFFLINE = "camera_offline"
    STATION_OFFLINE = "station_offline"
    BOARD_OFFLINE = "board_offline"
    DEVICE_OFFLINE = "device_offline"
    SCALE_OFFLINE = "scale_offline"
    DISK_LOW = "disk_low"
    BACKUP_FAILED = "backup_failed"
    VISIT_DENIED = "visit_denied"
    VISIT_MISMATCH = "visit_mismatch"
    BARRIER_FAILED = "barrier_failed"
    RULE = "rule"
    TEST = "test"


DESCRIPTIONS = {
    AlertKind.WATCHLIST_HIT: "A plate on the watchlist was read.",
    AlertKind.CAPTURE_FAILED: "A station captured a vehicle and read no number.",
    AlertKind.CAMERA_OFFLINE: "A licence-plate camera sends nothing.",
    AlertKind.STATION_OFFLINE: "A station sends nothing.",
    AlertKind.BOARD_OFFLINE: "An AprilTag board that had a WebSocket has none.",
    AlertKind.DEVICE_OFFLINE: "A station does not reach its reader or a camera.",
    AlertKind.SCALE_OFFLINE: "The indicator of a scale sends nothing.",
    AlertKind.DISK_LOW: "The disk of the instance folder is nearly full, or the hub cannot store.",
    AlertKind.BACKUP_FAILED: "A backup failed.",
    AlertKind.VISIT_DENIED: "A vehicle came that is not to be let in.",
    AlertKind.VISIT_MISMATCH: "Tag, number and plate of a visit belong to different vehicles.",
    AlertKind.BARRIER_FAILED: "The relay of a barrier did not do what it was asked.",
    AlertKind.RULE: "A rule of the operator applies.",
    AlertKind.TEST: "Somebody asked for it, to try the way.",
}


def is_told(body: Mapping[str, Any], channel: str) -> bool:
    """Whether an alert or a message about one is for a channel: banner, webhook or mqtt. All are, unless it says no."""
    details = body.get("details")
    tell = details.get("tell") if isinstance(details, Mapping) else None
    return not (isinstance(tell, Mapping) and tell.get(channel) is False)


class Condition(NamedTuple):
    """Something that is in order or not, as it is now. `sentence` is for operators and used while it is not."""

    kind: AlertKind
    subject: str
    active: bool
    sentence: str


class Notable(NamedTuple):
    """A stored record that is an alert."""

    kind: AlertKind
    subject: str
    sentence: str
    details: dict[str, Any]


class NotableRecords(Protocol):
    """The stored records of one kind, as far as they are alerts. Its methods wait for the database."""

    def newest(self) -> int:
        """The sequence number of the newest record, 0 without one."""

    def notable(self, after: int, until: int) -> list[Notable]:
        """What is notable among the records with a sequence number above `after` and up to `until`, in their order."""


class Alerts(Protocol):
    """Keeps alerts and has them delivered. No method blocks or raises; each is for the event loop's thread.

    `subject`: what it is about, such as the id of a camera. `sentence`: for operators, with the next step. `details`:
    JSON values, never a secret; they are cut to a few KB.
    """

    def raise_alert(
        self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Raise an alert, which stays until it is cleared. One that is raised already is counted once more."""

    def clear_alert(self, kind: AlertKind, subject: str, sentence: str = "") -> None:
        """Clear an alert that was raised; does nothing where there is none."""

    def report(self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None) -> None:
        """Report an event, which has no end. The same kind and subject a moment later is counted with the first."""


class NoAlerts:
    """Keeps nothing: a hub without alerts."""

    def raise_alert(
        self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Leave it out."""

    def clear_alert(self, kind: AlertKind, subject: str, sentence: str = "") -> None:
        """Leave it out."""

    def report(self, kind: AlertKind, subject: str, sentence: str, details: Mapping[str, Any] | None = None) -> None:
        """Leave it out."""
