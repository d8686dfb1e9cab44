"""The parsed forms of what licence-plate cameras send (docs/wire/lpr.md 1 and 2); `parser` makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.contract.plates import Plate


@dataclass(frozen=True)
class SentPicture:
    """One picture inside a record.

    `field` is original_image, annotated_image, image or cropped_plates (`index` within it). `suffix` is that of the
    image format (`.jpg`, `.png`, ...), detected from the first bytes.
    """

    field: str
    index: int
    data: bytes
    suffix: str


@dataclass
class Sender:
    """The sender's ids, cleaned and bounded. `named` is False where only the peer's address identifies the camera."""

    camera_id: str
    checkpoint_id: str
    named: bool = True
    echo: dict[str, Any] = field(default_factory=dict)  # both ids in the sender's own types, for replies


@dataclass
class Record:
    """The common part of detections and health reports. Times are epoch seconds, UTC."""

    sender: Sender
    event_id: str  # the sender's own, "" where it sent none
    event_key: bytes  # idempotency key, 16 bytes: equal content over any transport (docs/wire/lpr.md 1.1)
    timestamp: str  # the sender's text as sent, "" where it sent none
    created_at: str  # the same of created_at (UTC at the sender)
    occurred_at: float  # time of the event by the sender's clock, else the time of receipt
    received_at: float
    timeless: bool  # without a usable timestamp and event id: equal content is a duplicate for 5 minutes only
    warnings: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)  # unknown fields and undecodable values, as sent (bounded)
    clock_at: float | None = None  # the last moment that the record names, by the sender's clock


@dataclass
class Detection(Record):
    """Vehicles and plates of one frame."""

    vehicles_count: int = 0
    plates_count: int = 0
    ocr_results: list[Any] = field(default_factory=list)  # decoded, as sent
    vehicle_detections: list[Any] = field(default_factory=list)
    plate_detections: list[Any] = field(default_factory=list)
    processing_time_ms: float | None = None
    plates: list[Plate] = field(default_factory=list)
    pictures: list[SentPicture] = field(default_factory=list)
    place: dict[str, Any] = field(default_factory=dict)  # latitude, longitude (floats), location (text), if sent


@dataclass
class HealthReport(Record):
    """The state of one component of a camera."""

    component: str = ""
    status: str = ""  # ok | warning | error, or an unknown status verbatim
    raw_status: str = ""
    message: str = ""
    details: Any = None  # decoded
    place: dict[str, Any] = field(default_factory=dict)


@dataclass
class Registration:
    """A camera registers itself."""

    sender: Sender
    timestamp: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass
class Test:
    """`type: "test"`: nothing to store."""

    sender: Sender
    message: str = ""
