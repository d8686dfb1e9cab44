"""AprilTag readings as records that expire."""

from __future__ import annotations

from hub.apriltag.repository import READINGS
from hub.settings.model import Settings
from hub.store.expiring import Expiring


def expiring_readings(settings: Settings) -> Expiring:
    """What `hub.retention` needs to know of readings."""
    return Expiring("readings", READINGS, settings.apriltag.reading_days, "apriltag.reading_days")
