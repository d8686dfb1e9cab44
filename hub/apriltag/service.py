"""AprilTag readings: published at once, stored later.

An acknowledgement means received, not stored (docs/wire/apriltag.md 5.3).
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Any

from hub.apriltag.boards import Boards
from hub.apriltag.contract.reading import Reading
from hub.apriltag.readings import Readings
from hub.live.bus import Bus
from hub.live.events import TAG_READING, TagReading

POLLED = 50  # readings kept for games that poll (docs/wire/apriltag.md 2.3)
POLL_NUMBERS = ("tag_id", "yaw", "pitch", "roll", "x_cm", "y_cm", "z_cm", "tag_size_percent", "distance_cm")


class AprilTags:
    """Accepts the readings of every transport."""

    def __init__(
        self,
        bus: Bus,
        boards: Boards,
        readings: Readings,
        alias_fields: bool = False,
        now: Callable[[], float] = time.time,
        *,
        max_tags: int,
    ) -> None:
        """`max_tags`: boards and tags whose newest reading is kept."""
        self._bus, self._boards, self.readings, self._alias_fields, self._now = bus, boards, readings, alias_fields, now
        self._max_tags = max_tags
        self._newest: dict[str, Any] | None = None
        self._latest: OrderedDict[tuple[str, int | None], TagReading] = OrderedDict()
        self._polled: deque[dict[str, Any]] = deque(maxlen=POLLED)
        self.received = 0
        self.ignored: Counter[str] = Counter()  # rejected readings by "door: reason" (fixed texts)

    def accept(self, reading: Reading, board: str, door: str, source: str | None = None) -> None:
        """Accept a reading of `board` (its address or camera id), which is then online. Never blocks.

        `door`: http, websocket, udp, detection. `source` marks readings that a board did not send.
        """
        received_at = self._now()
        message = {"event": "apriltag_data", **reading.payload, "server_timestamp": received_at}
        if self._alias_fields and "distance_cm" not in message and "range_cm" in message:
            message["distance_cm"] = message["range_cm"]
        if source is not None:
            message["source"] = source
        event = TagReading(message, board, reading.tag_id, received_at)
        self.received += 1
        self._boards.received(board, door, reading.clock, reading.camera_name)
        self.show(event)
        self.readings.keep(reading, board, door, source, received_at)

    def show(self, event: TagReading) -> None:
        """Publish a reading of this hub or of another one, and keep it as the newest. Never blocks."""
        self._newest = event.message
        self._polled.append(event.message)
        key = (event.board, event.tag_id)
        self._latest[key] = event
        self._latest.move_to_end(key)
        if len(self._latest) > self._max_tags:
            self._latest.popitem(last=False)
        self._bus.publish(TAG_READING, event)

    def ignore(self, door: str, reason: str) -> None:
        """Count a rejected reading. `reason` is one of a transport's fixed texts, never a client's."""
        self.ignored[f"{door}: {reason}"] += 1

    def newest(self) -> dict[str, Any] | None:
        """The last reading as games get it, for a game that has just connected."""
        return self._newest

    def latest(self) -> list[TagReading]:
        """The newest reading of each board and tag, the newest of all first."""
        return list(reversed(self._latest.values()))

    def poll(self) -> dict[str, Any]:
        """Remove and return the oldest of the last readings (docs/wire/apriltag.md 2.3); tag_id is -1 without one."""
        message = self._polled.popleft() if self._polled else {}
        shown: dict[str, Any] = {"event": message.get("event", ""), "smartcam_ip": message.get("smartcam_ip") or ""}
        shown |= {key: message.get(key) or 0 for key in POLL_NUMBERS}
        shown["timestamp"] = message.get("server_timestamp", self._now())
        if not message:
            shown |= {"tag_id": -1, "list_remaining": 0}
        return shown

    def status(self) -> dict[str, Any]:
        """For the status page: accepted, rejected and stored readings."""
        return {
            "received": self.received,
            "ignored": dict(self.ignored),
            "tags": len(self._latest),
            **self.readings.status(),
            "not_stored_by": dict(self.readings.lost_by),
        }
