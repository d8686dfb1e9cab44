"""Detection of AprilTags in the pictures of cameras that only send pictures.

The newest picture of each camera named in `[[apriltag.detection]]` goes to the vision process, a few times a second and
one at a time; each detected tag is published like a board's reading, marked `"source": "hub"`. A camera that sends no
pictures uses no CPU.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import gevent

from hub.access.rate_limits import LogThrottle
from hub.apriltag.contract.reading import parse_reading
from hub.apriltag.service import AprilTags
from hub.contract.times import utc_text
from hub.runtime.supervisor import Supervisor
from hub.settings.apriltag import TagDetection
from hub.video.frames import Frame
from hub.video.store import FrameStore
from hub.vision.durations import Durations
from hub.vision.process import VisionError, VisionProcess

log = logging.getLogger(__name__)

TASK = "apriltag"
WAIT_SECONDS = 5.0
MAX_AGE_SECONDS = 5.0
"""Pictures older than this when their detection is due are skipped."""
RETRY_SECONDS = 0.2
LOG_SECONDS = 60.0
"""Corrupt pictures of a camera are logged at most once in this time; the status page counts them."""


class WatchedCamera:
    """One camera whose pictures are searched for tags, with its counters. Times are epoch seconds."""

    def __init__(self, settings: TagDetection) -> None:
        self.settings = settings
        self.options = settings.model_dump(exclude={"camera", "enabled", "per_second", "confirm_pictures"})
        self.processed = self.tags = self.failed = self.skipped = 0
        self.seen: list[int] = []  # tags of the last picture
        self._in_a_row: dict[int, int] = {}  # pictures up to the last one that a tag was in
        self.processed_at: float | None = None
        self.error = self.note = ""
        self._throttle = LogThrottle(LOG_SECONDS)
        self._durations = Durations()

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

    def confirm(self, tags: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those tags of a picture whose id was in enough pictures in a row (`confirm_pictures`)."""
        ids = {tag["tag_id"] for tag in tags}
        self._in_a_row = {tag_id: self._in_a_row.get(tag_id, 0) + 1 for tag_id in ids}
        return [tag for tag in tags if self._in_a_row[tag["tag_id"]] >= self.settings.confirm_pictures]

    def record_result(self, tag_ids: list[int], seconds: float) -> None:
        """Count a processed picture, the tags in it, and how long it took."""
        self.processed += 1
        self.tags += len(tag_ids)
        self.seen, self.processed_at, self.error = tag_ids, time.time(), ""
        self._durations.add(seconds)

    def record_failure(self, reason: str) -> None:
        """Count a picture that could not be processed."""
        self.failed, self.error = self.failed + 1, reason
        if self._throttle.due():
            log.warning("No tags were looked for in a picture of the camera %s: %s", self.name, reason)

    def status(self) -> dict[str, Any]:
        return {
            "camera": self.name,
            "with_pose": self.settings.has_pose,
            "looked": self.processed,
            "tags": self.tags,
            "failed": self.failed,
            "skipped": self.skipped,
            "seen": self.seen,
            "looked_at": utc_text(self.processed_at) if self.processed_at else None,
            "per_second": round(self._durations.rate(), 1),
            "milliseconds": round(self._durations.milliseconds(), 1),
            "error": self.error,
            "note": self.note,
        }


class TagDetections:
    """Detects tags in the pictures of every camera that the settings name."""

    def __init__(
        self, settings: Iterable[TagDetection], frames: FrameStore, vision: VisionProcess, apriltag: AprilTags
    ) -> None:
        self._frames, self.vision, self._apriltag = frames, vision, apriltag
        self._started = time.monotonic()
        self.cameras = [WatchedCamera(one) for one in settings if one.enabled]

    def start(self, supervisor: Supervisor) -> list[str]:
        """Start the vision process and a greenlet for each camera, if there are any; return warnings."""
        if self.cameras:
            supervisor.keep(self.vision.name, self.vision.run)
        for camera in self.cameras:
            supervisor.keep(f"tags of camera {camera.name}", self._watch, camera)
        return [
            f"Tags that the camera {camera.name} sees are reported without a pose: "
            "give tag_size_cm, fx, fy, cx and cy in its [[apriltag.detection]] table of hub.toml."
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
            if frame.age > MAX_AGE_SECONDS:
                camera.skipped += 1
                continue
            # From when it was due, so that the average rate is kept too.
            due = max(due + 1 / camera.settings.per_second, time.monotonic())
            self._detect(camera, frame)

    def _detect(self, camera: WatchedCamera, frame: Frame) -> None:
        """Have one picture processed and publish its tags."""
        began = time.monotonic()
        try:
            result = self.vision.ask(camera.name, camera.options, frame.data)
        except VisionError as error:
            camera.record_failure(str(error))
            gevent.sleep(RETRY_SECONDS)
            return
        tags = camera.confirm(result["tags"])
        camera.record_result([tag["tag_id"] for tag in tags], time.monotonic() - began)
        self._check_lens(camera, result["width"], result["height"])
        for tag in tags:
            self._publish(camera, frame, tag)

    def _publish(self, camera: WatchedCamera, frame: Frame, tag: dict[str, Any]) -> None:
        """Publish a tag as a reading.

        Its `timestamp` is when the picture came, in milliseconds since the hub started: boards count from their own
        start (docs/wire/apriltag.md 1.1).
        """
        milliseconds = max(0, int((frame.mono - self._started) * 1000))
        reading = parse_reading(
            {**tag, "timestamp": milliseconds, "camera_name": camera.name, "smartcam_ip": camera.address}
        )
        # Without a clock: a board that also sends readings of its own would otherwise seem to reboot with each.
        self._apriltag.accept(replace(reading, clock=None), camera.name, "detection", "hub")

    def _check_lens(self, camera: WatchedCamera, width: int, height: int) -> None:
        """Note, and log once, that the configured lens does not fit the size of the pictures."""
        lens = camera.settings
        note = ""
        if lens.cx is not None and lens.cy is not None and lens.has_pose:
            if not (0 <= lens.cx <= width and 0 <= lens.cy <= height):
                note = (
                    f"cx and cy lie outside its pictures of {width}x{height}: "
                    "fx, fy, cx and cy must be measured at the size of the pictures."
                )
        if note and note != camera.note:
            log.warning("The poses that the camera %s sees are wrong: %s", camera.name, note)
        camera.note = note

    def warnings(self) -> list[str]:
        """Current warnings for the operator."""
        return self.vision.warnings() + [
            f"The poses that the camera {camera.name} sees are wrong: {camera.note}"
            for camera in self.cameras
            if camera.note
        ]

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {"vision": self.vision.status(), "cameras": [camera.status() for camera in self.cameras]}
