"""The vision tasks: what can be detected in pictures, by which detector. A new task is one line in `TASKS`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol, cast


class Detector(Protocol):
    """Detects something in the pictures of one camera. Made with the options of its task as keyword arguments."""

    def look(self, picture: bytes, request: dict[str, Any]) -> dict[str, Any]:
        """Detect in one encoded picture, as `request` says; {} where the task has none.

        Raises ValueError with a sentence for a picture that cannot be used.
        """


@dataclass(frozen=True)
class VisionTask:
    """The detector of a task, and what operators read while its process is down.

    `background`: its process runs where nobody else wants the processor.
    """

    module: str
    detector: str
    outage: str
    background: bool = False

    def make_detector(self, options: dict[str, Any]) -> Detector:
        """Import the detector and make one. Raises ImportError, and TypeError or ValueError for wrong options."""
        return cast(Detector, getattr(importlib.import_module(self.module), self.detector)(**options))


TASKS = {
    "apriltag": VisionTask("hub.vision.apriltag.detector", "AprilTagDetector", "no tags are looked for"),
    "people": VisionTask("hub.vision.objects.people", "PeopleFinder", "no persons are looked for", background=True),
    "vehicles": VisionTask(
        "hub.vision.objects.vehicles", "VehicleFinder", "no vehicles are looked for", background=True
    ),
}
