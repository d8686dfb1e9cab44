"""Every event of the bus: its name, when it is published, and the class of its payload.

Events about records are published after commit, so a subscriber can read the record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.contract.json_text import encode_text
from hub.contract.times import utc_text
from hub.live.bus import EventName
from hub.live.links import LOOPBACK


@dataclass(frozen=True)
class CaptureStored:
    """A new capture result of a weighbridge station, stored for the first time."""

    row: dict[str, Any]  # as stored
    origin: object  # the listener that pushed it, which is answered and not notified
    show: Callable[[str], dict[str, Any]]  # (host name by which the reader knows the hub) -> the capture as shown


@dataclass(frozen=True)
class RecordStored:
    """A new record of a licence-plate camera, stored for the first time."""

    show: Callable[[str], dict[str, Any]]  # (host name by which the reader knows the hub) -> the record as shown
    origin: object  # the connection that it came from
    watchlist: list[dict[str, Any]] = field(default_factory=list)  # watchlist entries that its plates match

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The record as rooms receive it, made when the first of them needs it; its links are for this machine."""
        return self.show(LOOPBACK)


@dataclass(frozen=True)
class TagReading:
    """A reading of an AprilTag board, or of the hub's own tag detection."""

    message: dict[str, Any]  # the event `apriltag_data` as games receive it
    board: str  # its address, or the id of a camera
    tag_id: int | None
    received_at: float  # epoch seconds
    mono: float = field(default_factory=time.monotonic)  # the same moment by the monotonic clock
    here: bool = True  # False: another hub has received it

    @cached_property
    def text(self) -> str:
        """The message as JSON, made once for games and for other hubs."""
        return encode_text(self.message)


@dataclass(frozen=True)
class Vehicle:
    """A vehicle in a picture of `width` x `height` pixels: box [x1, y1, x2, y2] in pixels, confidence 0 to 1."""

    kind: str
    confidence: float
    box: tuple[float, ...]
    width: int
    height: int

    @property
    def shown(self) -> dict[str, Any]:
        """The vehicle as pages and programs receive it."""
        return {
            "kind": self.kind,
            "confidence": round(self.confidence, 3),
            "box": [round(edge, 1) for edge in self.box],
            "width": self.width,
            "height": self.height,
        }


@dataclass(frozen=True)
class VehicleArrived:
    """A vehicle is present in front of a camera; it is not stored. Times are epoch seconds of pictures' receipt."""

    stay: str  # its id, the same when the vehicle leaves
    camera: str
    time: float  # of the picture that decided
    since: float  # of the first picture that showed it
    vehicle: Vehicle  # as the picture that decided shows it
    arrival_seen: bool  # False where it was there when the pictures began, or began again

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The event as pages, rooms and /api/presence receive it."""
        return {
            "change": "arrived",
            "camera": self.camera,
            "stay": self.stay,
            "time": utc_text(self.time),
            "since": utc_text(self.since),
            "arrival_seen": self.arrival_seen,
            **self.vehicle.shown,
        }


@dataclass(frozen=True)
class VehicleLeft:
    """The vehicle of a stay is no longer present. Times are epoch seconds of pictures' receipt."""

    stay: str
    camera: str
    time: float  # of the picture that decided; of the decision where there was none
    since: float
    last_seen: float
    stayed_seconds: float  # from the first picture that showed it to the last
    kind: str
    reason: str  # "not seen", or "not watched" where no picture could be examined for too long

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The event as pages, rooms and /api/presence receive it."""
        return {
            "change": "left",
            "camera": self.camera,
            "stay": self.stay,
            "time": utc_text(self.time),
            "since": utc_text(self.since),
            "last_seen": utc_text(self.last_seen),
            "stayed_seconds": round(self.stayed_seconds, 1),
            "kind": self.kind,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class BackupEnded:
    """A backup was made, or failed; `message` is a sentence for the operator."""

    good: bool
    message: str
    trigger: str  # "by hand" or "by schedule"
    file: str  # "" where it failed


@dataclass(frozen=True)
class VisitChanged:
    """A visit is new, has more evidence, was judged again or decided about; it is stored."""

    shown: dict[str, Any]  # hub.contract.visits
    new: bool  # announced for the first time
    before: str  # its state before, "" for a new one


@dataclass(frozen=True)
class RegisterChanged:
    """Vehicles of the register were added, changed, retired, restored or imported; that is stored."""

    by: str  # who has changed them


@dataclass(frozen=True)
class WeightSettled:
    """A scale has settled on a weight, or went back to zero (`kg` 0). `at`: epoch seconds."""

    scale: str
    checkpoint: str
    kg: float
    at: float
    text: str  # the line of the indicator

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The event as rooms receive it."""
        return {"scale": self.scale, "checkpoint": self.checkpoint, "kg": self.kg, "at": utc_text(self.at)}


# A new capture result was stored.
CAPTURE_STORED: EventName[CaptureStored] = EventName("capture stored")
# A new detection was stored.
DETECTION_STORED: EventName[RecordStored] = EventName("detection stored")
# A new health report was stored.
HEALTH_STORED: EventName[RecordStored] = EventName("health stored")
# A camera went online or offline: {camera_id, checkpoint_id, status: "online" or "offline", timestamp}.
CAMERA_STATUS: EventName[dict[str, Any]] = EventName("camera status")
# A plate of a new detection is on the watchlist: the alert as dashboards receive it.
WATCHLIST_ALERT: EventName[dict[str, Any]] = EventName("watchlist alert")
# A reading was received; it is not stored yet.
TAG_READING: EventName[TagReading] = EventName("tag reading")
# A station reported, or has been silent for too long: its status as shown.
STATION_CHANGED: EventName[dict[str, Any]] = EventName("station changed")
# A vehicle is present in front of a watched camera.
VEHICLE_ARRIVED: EventName[VehicleArrived] = EventName("vehicle arrived")
# It is no longer present.
VEHICLE_LEFT: EventName[VehicleLeft] = EventName("vehicle left")
# An alert was raised, cleared or reported, and is stored: the alert as shown.
ALERT_CHANGED: EventName[dict[str, Any]] = EventName("alert changed")
# A rule has fired, and that is stored: its name.
RULE_FIRED: EventName[str] = EventName("rule fired")
# Alerts were stored or seen: those that nobody has seen yet, as pages show them.
ALARMS_CHANGED: EventName[dict[str, Any]] = EventName("alarms changed")
# Which devices wait or were let in has changed: how many are in each state (waiting, admitted, blocked).
DEVICES_CHANGED: EventName[dict[str, int]] = EventName("devices changed")
# An operator has said something else about a device: its label as shown.
LABEL_CHANGED: EventName[dict[str, Any]] = EventName("label changed")
# Records are refused for want of room, or are stored again: the sentence for operators, "" where there is room.
STORAGE_CHANGED: EventName[str] = EventName("storage changed")
# Somebody has corrected what a device has read: the correction as shown.
CORRECTION_MADE: EventName[dict[str, Any]] = EventName("correction made")
# A backup that the hub had made was completed, or failed.
BACKUP_ENDED: EventName[BackupEnded] = EventName("backup ended")
# A visit is new or has changed.
VISIT_CHANGED: EventName[VisitChanged] = EventName("visit changed")
# The register of vehicles has changed.
REGISTER_CHANGED: EventName[RegisterChanged] = EventName("register changed")
# A barrier was opened or failed, or all of them were stopped or released: their state as pages show it.
BARRIERS_CHANGED: EventName[dict[str, Any]] = EventName("barriers changed")
# A scale has settled on a weight.
WEIGHT_SETTLED: EventName[WeightSettled] = EventName("weight settled")
