"""Places without a label for the benchmark: walls, ground, windows, a truck's front."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from label_board import print_text
from label_pose import FRAME

PLACES = 12


@lru_cache(maxsize=PLACES)
def place(seed: int, index: int) -> np.ndarray:
    """A place without a label: walls, ground, windows, a truck's front with glass, grille and plate; BGR uint8."""
    rng = np.random.default_rng([seed, 99, index])
    width, height = FRAME
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    image = (
        np.float32(rng.uniform(90, 230, 3)) * (1 - rows)
        + np.float32(rng.uniform(50, 160, 3)) * rows
        + np.zeros((1, width, 1), np.float32)
    )
    for size, strength in ((9, 16), (40, 9), (200, 6)):
        image += cv2.resize(
            rng.normal(0, strength, (size, size * 2)).astype(np.float32), FRAME, interpolation=cv2.INTER_CUBIC
        )[..., None]
    image = np.clip(image, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(10, 40))):
        x, y, w, h = (
            int(rng.integers(-50, width)),
            int(rng.integers(-50, 700)),
            int(rng.integers(20, 300)),
            int(rng.integers(20, 200)),
        )
        tone = tuple(int(v) for v in rng.integers(20, 235, 3))
        cv2.rectangle(image, (x, y), (x + w, y + h), tone, -1 if rng.random() < 0.6 else int(rng.integers(3, 16)))
    for _ in range(int(rng.integers(4, 12))):
        cv2.line(
            image,
            tuple(int(v) for v in rng.integers(0, 1900, 2)),
            tuple(int(v) for v in rng.integers(0, 1900, 2)),
            tuple(int(v) for v in rng.integers(20, 220, 3)),
            int(rng.integers(2, 12)),
            cv2.LINE_AA,
        )
    _truck(image, rng)
    return cv2.GaussianBlur(image, (0, 0), 0.8)


def _truck(image, rng) -> None:
    left, right = int(rng.integers(80, 400)), int(rng.integers(1400, 1860))
    paint = tuple(int(v) for v in rng.integers(20, 230, 3))
    cv2.rectangle(image, (left, 120), (right, 1075), paint, -1)
    glass = np.array([(left + 90, 180), (right - 90, 180), (right - 40, 660), (left + 40, 660)])
    cv2.fillPoly(image, [glass], tuple(int(v) for v in rng.integers(25, 90, 3)), cv2.LINE_AA)
    for seat in np.linspace(left + 250, right - 250, 2):
        cv2.ellipse(
            image, (round(seat), 480), (110, 190), 0, 180, 360, tuple(int(v) for v in rng.integers(30, 100, 3)), -1
        )
    cv2.rectangle(image, (left + 60, 600), (right - 60, 660), tuple(int(v) for v in rng.integers(20, 80, 3)), -1)
    cv2.line(image, (left + 200, 650), (left + 600, 420), (20, 20, 20), 8, cv2.LINE_AA)
    for y in range(720, 960, int(rng.integers(22, 50))):
        cv2.rectangle(image, (left + 220, y), (right - 220, y + 10), (30, 30, 32), -1)
    for x in (left + 60, right - 180):
        cv2.ellipse(image, (x + 60, 860), (70, 46), 0, 0, 360, (225, 230, 230), -1, cv2.LINE_AA)
    centre = (left + right) // 2
    cv2.rectangle(image, (centre - 140, 975), (centre + 140, 1035), (230, 232, 232), -1)
    print_text(image, f"{rng.integers(100000):05d}", (centre, 1005), 44, (25, 25, 28), int(rng.integers(6)))
