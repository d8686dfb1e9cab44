"""Metrics of licence-plate cameras: records, and cameras by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hub.lpr.camera import Camera
from hub.lpr.cameras import Cameras
from hub.lpr.statistics import Statistics
from hub.runtime.metrics import Family, Row

HEALTH = ("ok", "warning", "error", "unknown")
RECORDS = {"detections": "detection", "health": "health_report"}


def camera_metrics(cameras: Cameras, statistics: Statistics) -> Iterator[Family]:
    """The families; those of each camera are bounded by the number of cameras that the hub lists."""
    counted = [((RECORDS[kind],), float(count)) for kind, count in statistics.totals.items()]
    yield Family("records", "counter", "New records that were stored.", counted, ("kind",))
    every = cameras.listed()
    yield Family("cameras", "gauge", "Licence-plate cameras by state.", _states(every), ("state",))
    yield Family("cameras_by_health", "gauge", "The same by their worst component.", _health(every), ("health",))
    online = (((camera.camera_id,), float(camera.online)) for camera in every)
    yield Family("camera_online", "gauge", "1 while the camera sends.", online, ("camera",))


def _states(cameras: list[Camera]) -> Iterator[Row]:
    online = sum(camera.online for camera in cameras)
    yield ("online",), online
    yield ("offline",), len(cameras) - online


def _health(cameras: list[Camera]) -> Iterator[Row]:
    """A camera may name any status: what the hub does not know counts as unknown."""
    counts = Counter(camera.health for camera in cameras)
    known = {health: counts.pop(health, 0) for health in HEALTH}
    known["unknown"] += counts.total()
    for health, count in known.items():
        yield (health,), count
