"""Watches the pictures of cameras for a vehicle, and publishes its arrival and its departure.

The newest picture of each camera named in `[[vehicles]]` goes to a vision process, a few a second, one at a time. A
camera that sends no pictures uses no CPU, and the process ends when no camera sends any.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import gevent

from hub.contract.errors import NotFound
from hub.live.bus import Bus
from hub.live.events import VEHICLE_ARRIVED, VEHICLE_LEFT, VehicleArrived
from hub.presence.camera import WatchedCamera
from hub.presence.pace import Pace
from hub.presence.state import Change
from hub.runtime.supervisor import Supervisor
from hub.settings.model import Settings
from hub.video.frames import Frame
from hub.video.store import FrameStore
from hub.vision.process import VisionError, VisionProcess

TASK = "vehicles"
WAIT_SECONDS = 5.0
TICK_SECONDS = 0.5
RETRY_SECONDS = 0.2
MAX_AGE_SECONDS = 5.0
"""Pictures older than this when they are due are skipped."""


class VehiclePresence:
    """The watched cameras, and the newest changes of all of them."""

    def __init__(self, settings: Settings, frames: FrameStore, vision: VisionProcess, bus: Bus) -> None:
        self._frames, self.vision, self._bus = frames, vision, bus
        self._options = settings.vision.model_dump()
        self._pace = Pace(settings.presence.per_second)
        self._changes: deque[Change] = deque(maxlen=settings.presence.max_events)
        self.cameras = {one.camera: WatchedCamera(one) for one in settings.vehicles if one.enabled}

    def start(self, supervisor: Supervisor) -> None:
        """Start a greenlet for each camera and those that they need, if there are any cameras."""
        if not self.cameras:
            return
        supervisor.keep(self.vision.name, self.vision.run)
        supervisor.keep("vehicle presence", self._tick)
        for camera in self.cameras.values():
            supervisor.keep(f"vehicles of camera {camera.name}", self._watch, camera)

    def _tick(self) -> None:
        while True:
            gevent.sleep(TICK_SECONDS)
            for camera in self.cameras.values():
                self._publish(camera.tick())

    def _watch(self, camera: WatchedCamera) -> None:
        after = 0
        while True:
            if self._frames.wait(camera.name, after, WAIT_SECONDS) is None:
                continue
            camera.pace.wait()
            self._pace.wait()
            frame = self._frames.newest(camera.name)
            if frame is None:
                continue  # evicted meanwhile
            after = frame.seq
            if frame.age > MAX_AGE_SECONDS:
                camera.skipped += 1
                continue
            self._examine(camera, frame)

    def _examine(self, camera: WatchedCamera, frame: Frame) -> None:
        """Have one picture examined and publish what it changes."""
        began = time.monotonic()
        request = {"min_confidence": camera.settings.min_confidence}
        try:
            result = self.vision.ask(camera.name, self._options, frame.data, request)
        except VisionError as error:
            camera.record_failure(str(error))
            gevent.sleep(RETRY_SECONDS)
            return
        self._publish(camera.record_result(frame, result, time.monotonic() - began))

    def _publish(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._changes.append(change)
            if isinstance(change, VehicleArrived):
                self._bus.publish(VEHICLE_ARRIVED, change)
            else:
                self._bus.publish(VEHICLE_LEFT, change)

    def rows(self) -> list[dict[str, Any]]:
        """Every watched camera as shown, in the order of the settings."""
        return [self.row(name) for name in self.cameras]

    def row(self, name: str) -> dict[str, Any]:
        """One watched camera as shown. Raises NotFound."""
        camera = self.cameras.get(name)
        if camera is None:
            raise NotFound(
                "No camera with this id is watched for vehicles; name it in a table [[vehicles]] of hub.toml."
            )
        return camera.row(self._frames.newest(name))

    def changes(self, limit: int, camera: str | None = None) -> list[dict[str, Any]]:
        """The newest arrivals and departures as shown, the newest first; of one camera where it is given."""
        found = [change for change in reversed(self._changes) if camera is None or change.camera == camera]
        return [change.shown for change in found[:limit]]

    def warnings(self) -> list[str]:
        """Current warnings for the operator."""
        silent = [
            f"It is unknown whether a vehicle is at the camera {camera.name}: {note}"
            for camera in self.cameras.values()
            if not camera.is_watched and (note := camera.note(self._frames.newest(camera.name)))
        ]
        return self.vision.warnings() + silent

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {"vision": self.vision.status(), "cameras": self.rows()}
