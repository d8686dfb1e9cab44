"""Pictures of AprilTags with known poses: drawn four times as large, averaged down, blurred, with noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

CELLS = 8
CELL_PIXELS = 32
FINE = 4


@dataclass(frozen=True)
class View:
    """A camera without distortion and the tags in front of it.

    `tags`: (id, side in cm, R, t in cm), as in hub/vision/apriltag/pose.py.
    """

    tags: list[tuple[int, float, np.ndarray, np.ndarray]]
    width: int = 640
    height: int = 480
    focus: float = 600.0
    light: int = 120
    contrast: float = 1.0
    blur: float = 0.7
    noise: float = 3.0
    seed: int = 1

    @property
    def lens(self) -> dict[str, float]:
        """fx, fy, cx, cy as the settings name them."""
        return {"fx": self.focus, "fy": self.focus, "cx": (self.width - 1) / 2, "cy": (self.height - 1) / 2}

    def grey(self) -> np.ndarray:
        """The picture, (height, width)."""
        large = np.full((self.height * FINE, self.width * FINE), self.light, np.uint8)
        for tag in self.tags:
            self._draw(large, *tag)
        picture = cv2.resize(large, (self.width, self.height), interpolation=cv2.INTER_AREA).astype(np.float64)
        if self.blur:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur)
        picture = (
            128
            + (picture - 128) * self.contrast
            + np.random.default_rng(self.seed).normal(0, self.noise, picture.shape)
        )
        return np.clip(picture, 0, 255).astype(np.uint8)

    def jpeg(self, quality: int = 95) -> bytes:
        return cv2.imencode(".jpg", self.grey(), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()

    def _draw(self, large: np.ndarray, tag_id: int, size: float, turn: np.ndarray, shift: np.ndarray) -> None:
        picture = tag_picture(tag_id)
        side = picture.shape[0]
        scale = size / (CELLS * CELL_PIXELS)
        to_tag = np.array([[scale, 0, (0.5 - side / 2) * scale], [0, scale, (0.5 - side / 2) * scale], [0, 0, 1]])
        lens = np.array([[self.focus, 0, self.lens["cx"]], [0, self.focus, self.lens["cy"]], [0, 0, 1]])
        finer = np.array([[FINE, 0, (FINE - 1) / 2], [0, FINE, (FINE - 1) / 2], [0, 0, 1]])
        whole = finer @ lens @ np.column_stack([turn[:, 0], turn[:, 1], shift]) @ to_tag
        size_of = (large.shape[1], large.shape[0])
        there = cv2.warpPerspective(np.full_like(picture, 255), whole, size_of, flags=cv2.INTER_NEAREST) > 0
        large[there] = cv2.warpPerspective(picture, whole, size_of, flags=cv2.INTER_LINEAR)[there]


def tag_picture(tag_id: int) -> np.ndarray:
    """A 36h11 tag with a white border, upright as the AprilTag project prints it (OpenCV's is upside down)."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36H11)
    black = cv2.rotate(cv2.aruco.generateImageMarker(dictionary, tag_id, CELLS * CELL_PIXELS), cv2.ROTATE_180)
    return cv2.copyMakeBorder(black, *[CELL_PIXELS] * 4, cv2.BORDER_CONSTANT, value=255)


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """R for the angles of hub/vision/apriltag/pose.py, degrees: Rz(yaw) Ry(pitch) Rx(roll)."""
    (sz, sy, sx), (cz, cy, cx) = np.sin(np.radians([yaw, pitch, roll])), np.cos(np.radians([yaw, pitch, roll]))
    return (
        np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    )
