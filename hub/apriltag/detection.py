"""AprilTags in the pictures of cameras that only send pictures: the hub's own eyes beside the boards'.

The newest picture of each camera named in `[[apriltag.detection]]` goes to the vision process, a few times a second and one at a time;
what it sees is published as a board's reading is, marked `"source": "hub"`. A camera that sends nothing costs nothing.
"""

from __future__ import annotations

import ipaddress
import logging
import statistics
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import gevent

from hub.apriltag.contract import parse_reading
from hub.apriltag.service import AprilTags
from hub.contract.times import utc_text
from hub.runtime.supervisor import Supervisor
from hub.settings.apriltag import TagDetection
from hub.video.frames import Frame, FrameStore
from hub.vision.process import VisionError, VisionProcess

log = logging.getLogger(__name__)

TASK = "apriltag"
WAIT_SECONDS = 5.0
OLD_SECONDS = 5.0
"""A picture that is older when its turn comes says nothing about now."""
RATE_OVER = 20
AGAIN_SECONDS = 0.2
SAY_SECONDS = 60.0
"""A camera whose pictures are spoilt is said so in the log once in this time; the status page counts them."""


class WatchedCamera:
    """One camera in whose pictures tags are looked for, and what came of it. Times are epoch seconds."""

    def __init__(self, settings: TagDetection) -> None:
        self.settings = settings
        self.options = {
            key: value for key, value in settings.model_dump().items() if key not in ("camera", "enabled", "per_second")
        }
        self.looked = self.tags = self.failed = self.skipped = 0
        self.seen: list[int] = []
        self.looked_at: float | None = None
        self.error = self.note = ""
        self._said = -SAY_SECONDS
        self._recent: deque[tuple[float, float]] = deque(maxlen=RATE_OVER)

    @property
    def name(self) -> str:
        return self.settings.camera

    @property
    def address(self) -> str:
        """The camera's id where that is its network address; "" otherwise."""
        try:
            return str(ipaddress.ip_address(self.name))
        except ValueError:
            return ""

    def count(self, seen: list[int], seconds: float) -> None:
        """One picture was looked at."""
        self.looked, self.tags, self.seen, self.looked_at, self.error = (
            self.looked + 1,
            self.tags + len(seen),
            seen,
            time.time(),
            "",
        )
        self._recent.append((time.monotonic(), seconds))

    def fail(self, reason: str) -> None:
        """One picture could not be looked at."""
        self.failed, self.error = self.failed + 1, reason
        if time.monotonic() - self._said >= SAY_SECONDS:
            self._said = time.monotonic()
            log.warning("No tags were looked for in a picture of the camera %s: %s", self.name, reason)

    def rate(self) -> float:
        """Pictures looked at in a second, lately."""
        if len(self._recent) < 2:
            return 0.0
        return (len(self._recent) - 1) / max(time.monotonic() - self._recent[0][0], 1e-3)

    def milliseconds(self) -> float:
        """How long a picture takes, its wait for the process included: the median of the last ones."""
        return statistics.median(seconds for _, seconds in self._recent) * 1000 if self._recent else 0.0

    def status(self) -> dict[str, Any]:
        return {
            "camera": self.name,
            "with_pose": self.settings.has_pose,
            "looked": self.looked,
            "tags": self.tags,
            "failed": self.failed,
            "skipped": self.skipped,
            "seen": self.seen,
            "looked_at": utc_text(self.looked_at) if self.looked_at else None,
            "per_second": round(self.rate(), 1),
            "milliseconds": round(self.milliseconds(), 1),
            "error": self.error,
            "note": self.note,
        }


class TagDetections:
    """Looks for tags in the pictures of every camera that the settings name."""

    def __init__(
        self, settings: Iterable[TagDetection], frames: FrameStore, vision: VisionProcess, apriltag: AprilTags
    ) -> None:
        self._frames, self.vision, self._apriltag = frames, vision, apriltag
        self._began = time.time()
        self.cameras = [WatchedCamera(one) for one in settings if one.enabled]

    def begin(self, supervisor: Supervisor) -> list[str]:
        """Start the vision process and the watching of each camera, where there are any; sentences for the operator."""
        if self.cameras:
            supervisor.keep(self.vision.name, self.vision.run)
        for camera in self.cameras:
            supervisor.keep(f"tags of camera {camera.name}", self._watch, camera)
        return [
            f"Tags that the camera {camera.name} sees are reported without a pose: give tag_size_cm, fx, fy, cx and cy in its [[apriltag.detection]] table of hub.toml."
            for camera in self.cameras
            if not camera.settings.has_pose
        ]

    def _watch(self, camera: WatchedCamera) -> None:
        after, due = 0, 0.0
        while True:
            gevent.sleep(max(0.0, due - time.monotonic()))
            if not self.vision.ready.wait(WAIT_SECONDS):
                continue
            frame = self._frames.wait(camera.name, after, WAIT_SECONDS)
            if frame is None:
                continue
            after = frame.seq
            if frame.age > OLD_SECONDS:
                camera.skipped += 1
                continue
            # From when it was due, so that the rate is kept on the average too.
            due = max(due + 1 / camera.settings.per_second, time.monotonic())
            self._look(camera, frame)

    def _look(self, camera: WatchedCamera, frame: Frame) -> None:
        began = time.monotonic()
        try:
            result = self.vision.ask(camera.name, camera.options, frame.data)
        except VisionError as error:
            camera.fail(str(error))
            return gevent.sleep(AGAIN_SECONDS)
        tags = result["tags"]
        camera.count([tag["tag_id"] for tag in tags], time.monotonic() - began)
        self._check_lens(camera, result["width"], result["height"])
        for tag in tags:
            self._publish(camera, frame, tag)

    def _publish(self, camera: WatchedCamera, frame: Frame, tag: dict[str, Any]) -> None:
        """`timestamp` is when the picture came, in milliseconds since the hub began, as boards count from their own start (docs/wire/apriltag.md 1.1)."""
        milliseconds = max(0, int((frame.received_at - self._began) * 1000))
        reading = parse_reading(
            {**tag, "timestamp": milliseconds, "camera_name": camera.name, "smartcam_ip": camera.address}
        )
        # Not the board's clock: one that also sends readings of its own would seem to start anew with each.
        self._apriltag.accept(replace(reading, clock=None), camera.name, "detection", "hub")

    def _check_lens(self, camera: WatchedCamera, width: int, height: int) -> None:
        lens = camera.settings
        inside = not lens.has_pose or (0 <= lens.cx <= width and 0 <= lens.cy <= height)  # type: ignore[operator]
        note = (
            ""
            if inside
            else f"cx and cy lie outside its pictures of {width}x{height}: fx, fy, cx and cy must be measured at the size of the pictures."
        )
        if note and note != camera.note:
            log.warning("The poses that the camera %s sees are wrong: %s", camera.name, note)
        camera.note = note

    def warnings(self) -> list[str]:
        """What the operator should know now, as sentences."""
        return self.vision.warnings() + [
            f"The poses that the camera {camera.name} sees are wrong: {camera.note}"
            for camera in self.cameras
            if camera.note
        ]

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {"vision": self.vision.status(), "cameras": [camera.status() for camera in self.cameras]}
