"""The pose of a camera relative to a tag, with the fields of the boards' firmware.

The tag's frame is AprilTag's: origin in the centre, x to the right, y down and z into the tag, seen from in front of
the upright tag. R and t transform a point of it into the camera's frame (x right, y down, z forward). The firmware
sends (docs/wire/apriltag.md 1.1)

    yaw   = atan2(R10, R00)    pitch = atan2(-R20, sqrt(R21^2 + R22^2))    roll = atan2(R21, R22)      degrees
    x_cm, y_cm, z_cm = -R^T t  (the camera in the tag's frame; z is negative in front)     range_cm = their length
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
    """The pinhole model of a camera, as OpenCV defines it, and the size of its tags."""

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
    """Solve for R and t (cm) of a tag from its corners (4, 2), clockwise from the top left.

    None where no solution lies in front of the camera. A flat square has two poses that look nearly the same when it is
    small or far away; the one with the smaller reprojection error is returned.
    """
    half = lens.tag_size_cm / 2
    square = np.array([(-half, half, 0), (half, half, 0), (half, -half, 0), (-half, -half, 0)])
    found, rotations, translations, errors = cv2.solvePnPGeneric(
        square,
        corners.astype(np.float64).reshape(4, 1, 2),
        lens.matrix,
        np.array(lens.distortion or [0.0] * 4),
        flags=cv2.SOLVEPNP_IPPE_SQUARE,
    )
    if not found:
        return None
    poses = [
        (cv2.Rodrigues(rotation)[0] @ FLIP, translation.ravel(), float(error))
        for rotation, translation, error in zip(rotations, translations, errors.ravel(), strict=True)
    ]
    usable = [pose for pose in poses if np.isfinite(pose[0]).all() and np.isfinite(pose[1]).all() and pose[1][2] > 0]
    if not usable:
        return None
    rotation, translation, _ = min(usable, key=lambda pose: pose[2])
    return rotation, translation


def fields(rotation: np.ndarray, translation: np.ndarray) -> dict[str, float | None]:
    """Convert R and t to the firmware's fields, rounded to one decimal as it does."""
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    pitch = np.arctan2(-rotation[2, 0], np.hypot(rotation[2, 1], rotation[2, 2]))
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    camera = -rotation.T @ translation
    values = (*np.degrees([yaw, pitch, roll]), *camera, np.linalg.norm(camera))
    return {name: round(float(value), 1) + 0.0 for name, value in zip(POSE_FIELDS, values, strict=True)}
