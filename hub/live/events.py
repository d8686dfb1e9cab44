"""Every event of the bus: its name, when it is published, and the class of its payload.

Events about records are published after commit, so a subscriber can read the record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.live.bus import EventName


@dataclass(frozen=True)
class CaptureStored:
    """A new capture result of a weighbridge station, stored for the first time."""

    row: dict[str, Any]  # as stored
    origin: object  # the listener that pushed it, which is answered and not notified
    show: Callable[[str], dict[str, Any]]  # (host name by which the reader knows the hub) -> the capture as shown


@dataclass(frozen=True)
class RecordStored:
    """A new record of a licence-plate camera, stored for the first time."""

    show: Callable[[], dict[str, Any]]
    origin: object  # the connection that it came from
    watchlist: list[dict[str, Any]] = field(default_factory=list)  # watchlist entries that its plates match

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The record as rooms and pages receive it, made when the first of them needs it."""
        return self.show()


@dataclass(frozen=True)
class TagReading:
    """A reading of an AprilTag board, or of the hub's own tag detection."""

    message: dict[str, Any]  # the event `apriltag_data` as games receive it
    board: str  # its address, or the id of a camera
    tag_id: int | None
    received_at: float  # epoch seconds
    mono: float = field(default_factory=time.monotonic)  # the same moment by the monotonic clock


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
