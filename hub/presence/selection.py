"""Which of the detected vehicles counts: that of the camera's region and size. No input or output here."""

from __future__ import annotations

from typing import Any

from hub.live.events import Vehicle
from hub.settings.presence import VehicleWatch


def select_vehicle(result: dict[str, Any], watch: VehicleWatch) -> Vehicle | None:
    """The most confident vehicle of a result of the vision process that lies in the region and is wide enough.

    `result`: {"width", "height", "vehicles": [{"box": [x1, y1, x2, y2] in pixels, "kind", "confidence"}]}.
    """
    width, height = result["width"], result["height"]
    found = [
        Vehicle(one["kind"], one["confidence"], tuple(one["box"]), width, height)
        for one in result["vehicles"]
        if one["confidence"] >= watch.min_confidence
    ]
    counted = [one for one in found if _is_wide_enough(one, watch.min_size) and _is_inside(one, watch.region)]
    return max(counted, key=lambda one: one.confidence, default=None)


def _is_wide_enough(vehicle: Vehicle, min_size: float) -> bool:
    return vehicle.box[2] - vehicle.box[0] >= min_size * vehicle.width


def _is_inside(vehicle: Vehicle, region: list[float]) -> bool:
    """Whether the centre of the box lies in the region, in fractions of the picture; an empty one is all of it."""
    if not region:
        return True
    x = (vehicle.box[0] + vehicle.box[2]) / 2 / max(1, vehicle.width)
    y = (vehicle.box[1] + vehicle.box[3]) / 2 / max(1, vehicle.height)
    return region[0] <= x <= region[2] and region[1] <= y <= region[3]
