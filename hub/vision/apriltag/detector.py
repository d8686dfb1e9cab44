"""AprilTags (36h11) in a picture, with the fields that boards send (docs/wire/apriltag.md 1.1)."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from hub.vision.apriltag.edges import decision_margin, refine
from hub.vision.apriltag.pose import NO_POSE, Lens, fields, solve
from hub.vision.apriltag.small_tags import SmallTags

FLIPPED_BITS = 2
"""Wrong bits that are corrected, as in the AprilTag library: with three a tag is found in foliage now and then."""

CORRECTABLE = 5
"""Bits that OpenCV can correct in this dictionary; its parameter is a fraction of it."""

MIN_MARGIN = 8.0
"""Grey levels. A detection with a lower margin is noise more often than a tag."""

MIN_WHOLE_MARGIN = 4.0
"""Grey levels, for a tag that was matched as a whole: blur takes from the margin there, not from the certainty."""

MIN_SIDE = 8.0
"""Pixels. A cell of a smaller tag is less than one pixel, and its bits cannot be read one by one."""


class AprilTagDetector:
    """Detects the tags in the pictures of one camera. Without a lens the pose fields of each tag are None."""

    def __init__(
        self,
        tag_size_cm: float | None = None,
        fx: float | None = None,
        fy: float | None = None,
        cx: float | None = None,
        cy: float | None = None,
        distortion: list[float] | None = None,
    ) -> None:
        given = (tag_size_cm, fx, fy, cx, cy)
        self._lens = None if any(value is None for value in given) else Lens(*given, distortion=list(distortion or []))  # type: ignore[arg-type]
        parameters = cv2.aruco.DetectorParameters()
        parameters.errorCorrectionRate = FLIPPED_BITS / CORRECTABLE
        parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        # Only the middle third of each cell is read: with blur and noise that finds a sixth more tags.
        parameters.perspectiveRemovePixelPerCell, parameters.perspectiveRemoveIgnoredMarginPerCell = 6, 0.33
        # White paper around a tag on a grey wall is a square too. By default OpenCV merges two squares so close to each
        # other and may keep the wrong one.
        parameters.minMarkerDistanceRate = 0.02
        self._detector = cv2.aruco.ArucoDetector(
            cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36H11), parameters
        )
        self._small = SmallTags()
        cv2.setNumThreads(1)

    def look(self, picture: bytes, request: dict[str, Any] | None = None) -> dict[str, Any]:
        """Detect in an encoded picture: `{"width", "height", "tags"}`. Raises ValueError for other bytes."""
        try:
            grey = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE) if picture else None
        except cv2.error as error:
            raise ValueError("The picture has too many pixels or is spoilt.") from error
        if grey is None:
            raise ValueError("The bytes are no picture that can be decoded.")
        return {"width": grey.shape[1], "height": grey.shape[0], "tags": self.tags(grey)}

    def tags(self, grey: np.ndarray) -> list[dict[str, Any]]:
        """Detect the tags in a grey picture, sorted by id."""
        corners, ids, rejected = self._detector.detectMarkers(grey)
        found: list[tuple[int, np.ndarray]] = []
        tags = []
        for corner, tag_id in zip(corners, [] if ids is None else [int(one) for one in ids.ravel()], strict=True):
            quad = corner[0].astype(np.float64)
            if min(math.dist(quad[side], quad[side - 1]) for side in range(4)) < MIN_SIDE:
                continue
            quad = refine(grey, quad)
            margin = decision_margin(grey, quad)
            if margin >= MIN_MARGIN and not any(
                tag_id == other and _same_position(quad, known) for other, known in found
            ):
                found.append((tag_id, quad))
                tags.append(self._tag(tag_id, quad, margin))
        others = np.array(rejected, np.float64).reshape(-1, 4, 2)
        for small in self._small.find(grey, [quad for _, quad in found], others):
            margin = decision_margin(grey, small.corners)
            if margin >= MIN_WHOLE_MARGIN:
                tags.append(self._tag(small.tag_id, small.corners, margin))
        return sorted(tags, key=lambda tag: tag["tag_id"])

    def _tag(self, tag_id: int, quad: np.ndarray, margin: float) -> dict[str, Any]:
        # OpenCV's tag images are rotated by 180 degrees against those of the AprilTag project, which boards use.
        pose = solve(np.roll(quad, 2, axis=0), self._lens) if self._lens is not None else None
        return {"tag_id": tag_id, "decision_margin": round(margin, 1), **(NO_POSE if pose is None else fields(*pose))}


def _same_position(one: np.ndarray, other: np.ndarray) -> bool:
    """True when two quads of the same id are one tag detected twice: their centres are less than half a side apart."""
    return math.dist(one.mean(axis=0), other.mean(axis=0)) < math.dist(other[0], other[1]) / 2
