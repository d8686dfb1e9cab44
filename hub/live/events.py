"""Names and payloads of the events on the bus. Events about records are published after commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

CAPTURE_STORED = "capture stored"  # CaptureStored
DETECTION_STORED = "detection stored"  # RecordStored
HEALTH_STORED = "health stored"  # RecordStored
CAMERA_STATUS = "camera status"  # {camera_id, checkpoint_id, status: online | offline, timestamp}
WATCHLIST_ALERT = "watchlist alert"  # a listed plate was read, as the dashboard receives it
TAG_READING = "tag reading"  # TagReading; published on receipt, before the reading is stored
STATION_CHANGED = "station changed"  # the station's status as shown


@dataclass(frozen=True)
class CaptureStored:
    """What the bus carries of a new capture."""

    row: dict[str, Any]
    origin: object  # the listener that it came from, which is answered and not told again
    show: Callable[[str], dict[str, Any]]  # the capture for a reader who knows the hub by this host name


@dataclass(frozen=True)
class RecordStored:
    """What the bus carries: `shown` is what rooms and pages get (made only when somebody looks), `origin` the connection that it came from."""

    show: Callable[[], dict[str, Any]]
    origin: object
    watchlist: list[dict[str, Any]] = field(default_factory=list)  # entries that its plates match

    @cached_property
    def shown(self) -> dict[str, Any]:
        return self.show()


@dataclass(frozen=True)
class TagReading:
    """What the bus tells of a reading. `message`: the `apriltag_data` for games. `received_at`: epoch seconds."""

    message: dict[str, Any]
    board: str
    tag_id: int | None
    received_at: float
