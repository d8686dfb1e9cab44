"""One camera that is watched for a vehicle: its state, its counters, and what operators read about it."""

from __future__ import annotations

import logging
import time
from typing import Any

from hub.contract.times import utc_text
from hub.presence.pace import Pace
from hub.presence.selection import select_vehicle
from hub.presence.state import Change, Observation, PresenceState
from hub.runtime.log_throttle import LogThrottle
from hub.settings.presence import VehicleWatch
from hub.video.frames import Frame
from hub.vision.durations import Durations

log = logging.getLogger(__name__)

LOG_SECONDS = 60.0
"""Failures of a camera are logged at most once in this time; the counters have them all."""


class WatchedCamera:
    """A camera of the settings. Times are epoch seconds."""

    def __init__(self, settings: VehicleWatch) -> None:
        self.settings = settings
        self.name = settings.camera
        self.state = PresenceState(settings, time.monotonic())
        self.pace = Pace(settings.per_second)
        self.examined = self.failed = self.skipped = 0
        self.picture_at: float | None = None  # of the last examined picture
        self.error = ""
        self._durations = Durations()
        self._throttle = LogThrottle(LOG_SECONDS)

    def record_result(self, frame: Frame, result: dict[str, Any], seconds: float) -> list[Change]:
        """Count an examined picture that took `seconds`; the changes of the state."""
        self.examined += 1
        self.picture_at, self.error = frame.received_at, ""
        self._durations.add(seconds)
        return self.state.observe(Observation(frame.mono, frame.received_at, select_vehicle(result, self.settings)))

    def record_failure(self, reason: str) -> None:
        """Count a picture that could not be examined; the state stays as it is."""
        self.failed, self.error = self.failed + 1, reason
        if self._throttle.due():
            log.warning("No vehicle was looked for in a picture of the camera %s: %s", self.name, reason)

    def tick(self) -> list[Change]:
        """Let time pass without a picture; the changes of the state."""
        return self.state.tick(time.monotonic(), time.time())

    @property
    def is_watched(self) -> bool:
        """Whether a picture was examined within `unknown_seconds`."""
        return self.state.is_watched(time.monotonic())

    def note(self, newest: Frame | None) -> str:
        """Why it is unknown whether a vehicle is there, as a sentence; "" where it is known.

        `newest`: the camera's newest picture, examined or not.
        """
        if self.state.present is not None:
            return ""
        if newest is None:
            return "no picture of it has come yet; compare its id with /api/frames."
        if newest.age >= self.settings.unknown_seconds:
            return f"its last picture came {newest.age:.0f} s ago; check the camera and its connection."
        if self.error:
            return f"its pictures could not be examined: {self.error}"
        return "its pictures are waiting to be examined."

    def row(self, newest: Frame | None) -> dict[str, Any]:
        """The camera as /api/presence and /status show it; kind, confidence and box as last seen in this stay."""
        stay = self.state.stay
        return {
            "camera": self.name,
            "present": self.state.present,
            "stay": stay.id if stay else None,
            "since": utc_text(stay.first.time) if stay else None,
            "last_seen": utc_text(stay.last.time) if stay else None,
            "kind": None,
            "confidence": None,
            "box": None,
            "width": None,
            "height": None,
            **(stay.vehicle.shown if stay else {}),
            "examined": self.examined,
            "failed": self.failed,
            "skipped": self.skipped,
            "picture_at": utc_text(self.picture_at),
            "per_second": round(self._durations.rate(), 1),
            "milliseconds": round(self._durations.milliseconds(), 1),
            "error": self.error,
            "note": self.note(newest),
        }
