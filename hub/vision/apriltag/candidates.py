"""Quads in a picture that may be small tags: dark, compact, on something lighter."""

from __future__ import annotations

import cv2
import numpy as np

SCALE = 2
"""A picture is enlarged this many times: cells about a pixel wide run into each other otherwise."""

MAX_ENLARGED = 1_000_000
"""Pixels. Larger pictures are searched as they are, and tags of twice the size are found."""

MIN_SIDE, MAX_SIDE = 6.0, 48.0
"""Pixels of the picture. Larger tags are detected by OpenCV."""

WINDOWS = (9, 27)
"""Pixels: sides of the neighbourhoods whose mean is the threshold."""

DARKER = 2
"""Grey levels by which a pixel is darker than its neighbourhood, at least."""

MIN_FILL = 0.22
"""Share of a component's box that is dark, at least."""

MIN_DEVIATION = 6.0
"""Grey levels: the deviation of the pixels of a candidate's box."""

NOISE_TIMES = 1.5
"""That deviation in deviations of the picture's noise, at least."""

MOST = 120
"""Candidates of each window: those with the largest deviation."""


def candidates(grey: np.ndarray) -> np.ndarray:
    """Quads (n, 4, 2) in pixels of `grey`, clockwise, at most `MOST` for each window."""
    scale = SCALE if grey.size <= MAX_ENLARGED else 1
    large = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else grey
    soft = cv2.GaussianBlur(large, (0, 0), 0.6 * SCALE)
    sums, squares = cv2.integral2(soft)
    grain = noise(grey)
    least = max(MIN_DEVIATION, NOISE_TIMES * grain)
    quads: list[np.ndarray] = []
    for window in WINDOWS:
        mean = cv2.boxFilter(large, -1, (window * SCALE + 1, window * SCALE + 1), borderType=cv2.BORDER_REPLICATE)
        dark = cv2.threshold(cv2.subtract(mean, soft), max(DARKER, grain), 255, cv2.THRESH_BINARY)[1]
        count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
        numbers = _compact(stats, large.shape)
        deviation = _deviation(sums, squares, stats[numbers])
        numbers, deviation = numbers[deviation > least], deviation[deviation > least]
        for number in numbers[np.argsort(-deviation)[:MOST]]:
            quad = _quad(labels, int(number), stats[number])
            if quad is not None:
                quads.append(quad)
    # The centre of the first pixel is 0 in both pictures.
    return (np.array(quads, np.float64).reshape(-1, 4, 2) + 0.5) / scale - 0.5


def noise(grey: np.ndarray) -> float:
    """Estimate the deviation of a picture's noise: the median of differences that are 0 on edges and slopes."""
    part = grey[: grey.shape[0] // 2 * 2 : 2]
    fine = cv2.filter2D(part, cv2.CV_16S, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    return float(np.median(np.abs(fine[::2, ::2]))) / 0.6745 / 6


def _compact(stats: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of the components of the size and shape of a small tag, away from the picture's edge."""
    left, top, width, height, area = stats.T
    low, high = np.minimum(width, height), np.maximum(width, height)
    good = (low >= MIN_SIDE * SCALE) & (high <= 1.5 * MAX_SIDE * SCALE) & (high <= 3 * low)
    good &= area > MIN_FILL * width * height
    good &= (left > 0) & (top > 0) & (left + width < shape[1]) & (top + height < shape[0])
    good[:1] = False  # what is not dark
    numbers: np.ndarray = np.flatnonzero(good)
    return numbers


def _deviation(sums: np.ndarray, squares: np.ndarray, stats: np.ndarray) -> np.ndarray:
    """The deviation of the pixels in the box of each component."""
    left, top, width, height, _ = stats.T

    def mean(of: np.ndarray) -> np.ndarray:
        right, bottom = left + width, top + height
        total = of[bottom, right] - of[top, right] - of[bottom, left] + of[top, left]
        boxes: np.ndarray = total.astype(np.float64) / (width * height)
        return boxes

    deviation: np.ndarray = np.sqrt(np.maximum(mean(squares) - mean(sums) ** 2, 0))
    return deviation


def _quad(labels: np.ndarray, number: int, stats: np.ndarray) -> np.ndarray | None:
    """The quad (4, 2) around a component; None where it is too small."""
    x, y, width, height = (int(one) for one in stats[:4])
    mask = cv2.inRange(labels[y : y + height, x : x + width], number, number)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
    hull = cv2.convexHull(max(contours, key=len))
    if len(hull) < 4 or cv2.contourArea(hull) < (MIN_SIDE * SCALE) ** 2 / 2:
        return None
    quad = cv2.approxPolyN(hull, 4, ensure_convex=True).reshape(-1, 2).astype(np.float64)
    return _clockwise(quad) if len(quad) == 4 else None


def _clockwise(quad: np.ndarray) -> np.ndarray:
    one, other = quad[2] - quad[0], quad[3] - quad[1]
    return quad if one[0] * other[1] - one[1] * other[0] > 0 else quad[::-1]
