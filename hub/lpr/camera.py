"""One licence-plate camera: when it was heard, its counters, its components and its clock."""

from __future__ import annotations

from typing import Any

import orjson

from hub.contract.clock_offset import ClockOffset
from hub.contract.device_state import DeviceDetails
from hub.contract.times import utc_text

WORST = ("error", "warning", "ok")
MAX_REPORTED = 3  # components that are named as what is wrong with a camera


class Camera:
    """One camera as the hub knows it. Times are epoch seconds."""

    def __init__(self, camera_id: str, checkpoint_id: str, registered_at: float) -> None:
        self.camera_id, self.checkpoint_id, self.registered_at = camera_id, checkpoint_id, registered_at
        self.last_seen = registered_at
        self.address, self.door = "", ""
        self.heard = 0.0  # monotonic
        self.heard_here = float("-inf")  # the same, by this hub itself
        self.online = False
        self.detections = self.health_reports = 0
        self.components: dict[str, dict[str, Any]] = {}  # the one that was silent longest first
        self.connections: set[object] = set()
        self.clock = ClockOffset()
        self.untold_counts: dict[str, int] = {}  # stored records that other hubs do not know of yet, by attribute
        self.untold_components: set[str] = set()

    def row(self) -> dict[str, Any]:
        """The row of the table of cameras."""
        return {
            "camera_id": self.camera_id,
            "checkpoint_id": self.checkpoint_id,
            "registered_at": self.registered_at,
            "last_seen": self.last_seen,
            "address": self.address,
            "door": self.door,
        }

    def shown(self) -> dict[str, Any]:
        """The camera as /api/cameras shows it."""
        return {
            "camera_id": self.camera_id,
            "checkpoint_id": self.checkpoint_id,
            "registered_at": utc_text(self.registered_at),
            "last_seen": utc_text(self.last_seen),
            "status": "active" if self.online else "offline",
            "online": self.online,
            "detection_count": self.detections,
            "health_count": self.health_reports,
            "health_status": self.health,
            "components": [
                {key: value for key, value in self.components[name].items() if key != "at"}
                for name in sorted(self.components.copy())
            ],
            "door": self.door,
            "address": self.address,
        }

    @property
    def trouble(self) -> str:
        """What the components that are not well report; "" where all are."""
        if not self.components:
            return ""
        bad = [one for one in list(self.components.values()) if one["status"] in ("error", "warning")]
        bad.sort(key=lambda one: (one["status"] != "error", one["component"]))
        return "; ".join(f"{one['component']}: {one['message'] or one['status']}" for one in bad[:MAX_REPORTED])[:300]

    @property
    def details(self) -> DeviceDetails:
        """What is known of the camera beside its being online."""
        return DeviceDetails(
            "active" if self.online else "offline",
            self.trouble,
            self.address,
            self.door,
            self.checkpoint_id,
            clock_offset=self.clock.seconds,
        )

    @property
    def health(self) -> str:
        """The worst status of the components; an unknown status ranks between ok and warning."""
        components = list(self.components.values())  # a copy: metrics are made on a native thread
        if not components:
            return "unknown"
        states = {component["status"] for component in components}
        strange = sorted(states - set(WORST))
        return (
            next((state for state in ("error", "warning", *strange, "ok") if state in states), "unknown") or "unknown"
        )


def component_of(row: dict[str, Any]) -> dict[str, Any]:
    """A component as shown, from its row; `at` is for comparison only."""
    return {
        "component": row["component"],
        "status": row["status"],
        "message": row["message"],
        "details": orjson.loads(row["details"]),
        "occurred_at": utc_text(row["occurred_at"]),
        "received_at": utc_text(row["received_at"]),
        "at": row["occurred_at"],
    }
