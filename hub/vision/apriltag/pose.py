"""Where the camera stands before a tag, in the words of the boards' firmware.

The tag's own frame is AprilTag's: origin in the middle, x to the right, y down and z into the tag, as one looks at it upright. R and t take
a point of it into the camera's frame (x right, y down, z ahead). The firmware sends (docs/wire/apriltag.md 1.1)

    yaw   = atan2(R10, R00)    pitch = atan2(-R20, sqrt(R21^2 + R22^2))    roll = atan2(R21, R22)      degrees
    x_cm, y_cm, z_cm = -R^T t  (the camera in the tag's frame; z is negative before the tag)     range_cm = their length
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

FLIP = np.diag([1.0, -1.0, -1.0])
"""From OpenCV's frame for IPPE_SQUARE (y up, z out of the tag) to AprilTag's, and back."""

POSE_FIELDS = ("yaw", "pitch", "roll", "x_cm", "y_cm", "z_cm", "range_cm")
NO_POSE: dict[str, float | None] = dict.fromkeys(POSE_FIELDS)


@dataclass(frozen=True)
class Lens:
    """How a camera maps space to pixels (OpenCV's pinhole model), and how large its tags are."""

    tag_size_cm: float
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: list[float] = field(default_factory=list)

    @property
    def matrix(self) -> np.ndarray:
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])


def solve(corners: np.ndarray, lens: Lens) -> tuple[np.ndarray, np.ndarray] | None:
    """R and t (cm) of a tag whose corners (4, 2) are given clockwise from its top left; None where there is no pose before the camera.

    A flat square has two poses that look nearly the same when it is small or far; the one whose corners fall closer is taken.
    """
    half = lens.tag_size_cm / 2
    square = np.array([(-half, half, 0), (half, half, 0), (half, -half, 0), (-half, -half, 0)])
    found, turns, shifts, errors = cv2.solvePnPGeneric(
        square,
        corners.astype(np.float64).reshape(4, 1, 2),
        lens.matrix,
        np.array(lens.distortion or [0.0] * 4),
        flags=cv2.SOLVEPNP_IPPE_SQUARE,
    )
    if not found:
        return None
    poses = [
        (cv2.Rodrigues(turn)[0] @ FLIP, shift.ravel(), float(error))
        for turn, shift, error in zip(turns, shifts, errors.ravel(), strict=True)
    ]
    usable = [pose for pose in poses if np.isfinite(pose[0]).all() and np.isfinite(pose[1]).all() and pose[1][2] > 0]
    if not usable:
        return None
    turn, shift, _ = min(usable, key=lambda pose: pose[2])
    return turn, shift


def fields(turn: np.ndarray, shift: np.ndarray) -> dict[str, float | None]:
    """R and t as the firmware says them, rounded to one decimal as it does."""
    yaw = np.arctan2(turn[1, 0], turn[0, 0])
    pitch = np.arctan2(-turn[2, 0], np.hypot(turn[2, 1], turn[2, 2]))
    roll = np.arctan2(turn[2, 1], turn[2, 2])
    camera = -turn.T @ shift
    values = (*np.degrees([yaw, pitch, roll]), *camera, np.linalg.norm(camera))
    return {name: round(float(value), 1) + 0.0 for name, value in zip(POSE_FIELDS, values, strict=True)}
