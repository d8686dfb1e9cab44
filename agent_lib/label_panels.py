"""Where a label's light panel could be: bright quadrilaterals inside a darker ring.

This only proposes. What is a label is decided by its edge code (label_match).
"""

from __future__ import annotations

import cv2
import numpy as np

# The panel's sides in view, longer over shorter: 1.53 head on, less and more when turned.
ASPECT = (0.85, 2.6)
# Panels of boards from about 80 px wide; smaller ones have no ticks left to check.
SMALLEST_SIDE = 32.0
LARGEST_SHARE = 0.9
# Half the frame's size is enough to propose; the sides are refined in the full frame.
REDUCE = 2
# Neighbourhoods of the adaptive threshold in reduced pixels: small boards and large ones.
BLOCKS = ((31, 5), (111, 7))
MOST_PANELS = 60


def bright_panels(grey: np.ndarray) -> list[np.ndarray]:
    """Candidate panels of an 8-bit grey frame, the clearest first: (4, 2) float32 each, in frame
    pixels, corners clockwise from the one nearest the top left."""
    height, width = grey.shape
    factor = REDUCE if min(height, width) >= 480 else 1
    small = grey
    if factor > 1:
        small = cv2.resize(grey, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    found: list[tuple[float, np.ndarray]] = []
    for block, offset in BLOCKS:
        mean = cv2.boxFilter(small, -1, (block, block), borderType=cv2.BORDER_REPLICATE)
        mask = cv2.compare(small, cv2.add(mean, offset), cv2.CMP_GT)
        for quad in _quads(mask, small.shape, factor):
            contrast = ring_contrast(small, quad)
            if contrast > 0:
                found.append((contrast, quad))
    found.sort(key=lambda pair: -pair[0])
    scale = (width / small.shape[1], height / small.shape[0])
    return [(quad + 0.5) * np.float32(scale) - 0.5 for _, quad in _distinct(found)[:MOST_PANELS]]


def _quads(mask: np.ndarray, shape, factor: int):
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    smallest = SMALLEST_SIDE / factor
    for contour in contours:
        if len(contour) < 4:
            continue
        _, _, width, height = cv2.boundingRect(contour)
        if min(width, height) < smallest or width * height > LARGEST_SHARE * shape[0] * shape[1]:
            continue
        hull = cv2.convexHull(contour)
        area = cv2.contourArea(hull)
        if area < smallest * smallest:
            continue
        quad = four_corners(hull)
        if quad is not None and fits(quad, smallest) and cv2.contourArea(quad) > 0.7 * area:
            yield quad


def four_corners(hull: np.ndarray) -> np.ndarray | None:
    """Simplify a convex hull to four corners, clockwise from the top left; None if it has not four."""
    length = cv2.arcLength(hull, True)
    for share in (0.02, 0.03, 0.045, 0.06, 0.08, 0.1):
        corners = cv2.approxPolyDP(hull, share * length, True)
        if len(corners) == 4:
            return clockwise(corners.reshape(4, 2).astype(np.float32))
        if len(corners) < 4:
            return None
    return None


def clockwise(corners: np.ndarray) -> np.ndarray:
    """The same corners, clockwise on the screen, from the one nearest the top left."""
    middle = corners.mean(axis=0)
    angle = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    ordered = corners[np.argsort(angle)]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)


def fits(quad: np.ndarray, smallest: float) -> bool:
    """Whether a quadrilateral is convex and has a panel's proportions, turned or not."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    if sides.min() < smallest * 0.75 or not cv2.isContourConvex(quad):
        return False
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    return ASPECT[0] <= max(across, down) / min(across, down) <= ASPECT[1]


_STEPS = np.linspace(0.08, 0.92, 12, dtype=np.float32)[None, :, None]
_RINGS = np.float32([0.93, 1.12])[:, None, None]


def ring_contrast(grey: np.ndarray, quad: np.ndarray) -> float:
    """How much brighter the panel is along its border than the frame around it, in grey levels.

    Zero where that holds for fewer than three sides: one may lack it (a strap, a reflection).
    """
    middle = quad.mean(axis=0)
    rings = middle + (quad - middle) * _RINGS
    starts = rings.reshape(8, 1, 2)
    ends = np.roll(rings, -1, axis=1).reshape(8, 1, 2)
    points = (starts + (ends - starts) * _STEPS).astype(np.intp)
    x = points[..., 0].clip(0, grey.shape[1] - 1)
    y = points[..., 1].clip(0, grey.shape[0] - 1)
    levels = np.sort(grey[y, x], axis=1)[:, 6].astype(np.float32)
    differences = np.sort(levels[:4] - levels[4:])
    return float(differences[1:].mean()) if differences[1] > 6 else 0.0


def _distinct(found: list[tuple[float, np.ndarray]]) -> list[tuple[float, np.ndarray]]:
    kept: list[tuple[float, np.ndarray]] = []
    for contrast, quad in found:
        near = max(2.0, 0.03 * float(np.ptp(quad, axis=0).max()))
        if not kept or (np.abs(np.stack([k[1] for k in kept]) - quad).max(axis=(1, 2)) > near).all():
            kept.append((contrast, quad))
    return kept
