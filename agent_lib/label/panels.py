"""Where a label's light panel could be: bright quadrilaterals inside a darker ring.

This only proposes. What is a label is decided by its edge code (label_match). Every step is bounded: a picture full of
rectangles costs no more than its share.
"""

from __future__ import annotations

from dataclasses import dataclass

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
# Neighbourhood of the threshold for shadows, and what is added to every level so that noise in the black is no stop.
MIDDLE_BLOCK, BLACK_LEVEL = 61, 8.0
# Outlines looked at for each threshold, the largest first.
MOST_SHAPES = 150
# Where more neighbours than this share differ the mask is grain: it is smoothed first.
GRAIN = 0.12
MOST_QUADS = 400
# A quadrilateral fills so much of its outline's hull.
SHARE_OF_HULL = 0.7


@dataclass(frozen=True)
class Shapes:
    """Outlines of what is bright in a frame: `small` is the frame reduced by `factor`, `contours` are in its pixels."""

    small: np.ndarray
    factor: int
    contours: list[np.ndarray]

    @property
    def smallest(self) -> float:
        return SMALLEST_SIDE / self.factor


def bright_shapes(grey: np.ndarray, shadows: bool = False) -> Shapes:
    """Outlines of about a panel's size in an 8-bit grey frame; with `shadows` also of what a shadow's edge crosses."""
    height, width = grey.shape
    factor = REDUCE if min(height, width) >= 480 else 1
    small = grey
    if factor > 1:
        small = cv2.resize(grey, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    contours = []
    for block, offset in BLOCKS:
        mean = cv2.boxFilter(small, -1, (block, block), borderType=cv2.BORDER_REPLICATE)
        contours += _outlines(cv2.compare(small, cv2.add(mean, offset), cv2.CMP_GT), SMALLEST_SIDE / factor)
    if shadows:
        contours += _outlines(cv2.compare(small, between(small), cv2.CMP_GT), SMALLEST_SIDE / factor)
    return Shapes(small, factor, contours)


def between(small: np.ndarray) -> np.ndarray:
    """For each pixel the level half-way, in stops, between the darkest and the brightest around it, uint8.

    Paper in a shadow is still several times as bright as black print in the sun, while it is darker than the mean
    around it.
    """
    around = np.ones((MIDDLE_BLOCK, MIDDLE_BLOCK), np.uint8)
    dark = cv2.erode(small, around, borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    bright = cv2.dilate(small, around, borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    middle = cv2.sqrt((dark + BLACK_LEVEL) * (bright + BLACK_LEVEL)) - BLACK_LEVEL
    return cv2.add(cv2.convertScaleAbs(middle), 2)


def _outlines(mask: np.ndarray, smallest: float) -> list[np.ndarray]:
    rows = mask[::8]
    if np.count_nonzero(rows[:, 1:] != rows[:, :-1]) > GRAIN * rows.size:
        mask = cv2.medianBlur(mask, 5)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        if len(contour) < 4:
            continue
        _, _, width, height = cv2.boundingRect(contour)
        if width < smallest or height < smallest or width * height > LARGEST_SHARE * mask.size:
            continue
        # OpenCV runs around bright shapes one way and around the dark holes in them the other way.
        if cv2.contourArea(contour, True) < 0:
            found.append((width * height, contour))
    found.sort(key=lambda pair: -pair[0])
    return [contour for _, contour in found[:MOST_SHAPES]]


def whole_panels(shapes: Shapes, most: int) -> list[np.ndarray]:
    """Outlines that are quadrilaterals, the clearest first: at most `most`, (4, 2) float32 in frame pixels each,
    corners clockwise from the one nearest the top left.
    """
    quads = []
    for contour in shapes.contours:
        hull = cv2.convexHull(contour)
        area = cv2.contourArea(hull)
        if area >= shapes.smallest**2:
            quad = four_corners(hull, area)
            if quad is not None:
                quads.append(quad)
    return clearest(shapes, quads, most)


def four_corners(hull: np.ndarray, area: float) -> np.ndarray | None:
    """Simplify a convex hull to four corners, (4, 2); None if it has not four or is something else."""
    length = cv2.arcLength(hull, True)
    for share in (0.02, 0.03, 0.045, 0.06, 0.08, 0.1):
        corners = cv2.approxPolyDP(hull, share * length, True)
        if len(corners) == 4:
            return corners.reshape(4, 2) if cv2.contourArea(corners) > SHARE_OF_HULL * area else None
        if len(corners) < 4:
            return None
    return None


def clearest(shapes: Shapes, quads: list[np.ndarray], most: int) -> list[np.ndarray]:
    """Of quadrilaterals in reduced pixels those that could be a panel, in frame pixels: see `whole_panels`."""
    if not quads:
        return []
    found = clockwise(np.float32(quads[:MOST_QUADS]))
    found = found[fits(found, shapes.smallest)]
    contrast = ring_contrast(shapes.small, found)
    order = np.argsort(-contrast, kind="stable")
    kept = np.empty((0, 4, 2), np.float32)
    for index in order:
        if contrast[index] <= 0 or len(kept) == most:
            break
        quad = found[index]
        near = max(2.0, 0.03 * float((quad.max(axis=0) - quad.min(axis=0)).max()))
        if not len(kept) or (np.abs(kept - quad).reshape(-1, 8).max(axis=1) > near).all():
            kept = np.concatenate([kept, quad[None]])
    return list((kept + 0.5) * np.float32(shapes.factor) - 0.5)


def clockwise(quads: np.ndarray) -> np.ndarray:
    """The same corners (N, 4, 2), clockwise on the screen, from the one nearest the top left."""
    offsets = quads - quads.mean(axis=1, keepdims=True)
    order = np.argsort(np.arctan2(offsets[..., 1], offsets[..., 0]), axis=1)
    ordered = np.take_along_axis(quads, order[..., None], axis=1)
    first = ordered.sum(axis=2).argmin(axis=1)
    turned = (first[:, None] + np.arange(4)) % 4
    return np.take_along_axis(ordered, turned[..., None], axis=1)


def fits(quads: np.ndarray, smallest: float) -> np.ndarray:
    """Which quadrilaterals (N, 4, 2) are convex and have a panel's proportions, turned or not: (N,) bool."""
    sides = np.roll(quads, -1, axis=1) - quads
    lengths = np.sqrt((sides * sides).sum(axis=2))
    following = np.roll(sides, -1, axis=1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    convex = (turns > 0).all(axis=1) | (turns < 0).all(axis=1)
    across, down = lengths[:, 0] + lengths[:, 2], lengths[:, 1] + lengths[:, 3]
    ratio = np.maximum(across, down) / np.maximum(np.minimum(across, down), 1e-6)
    return convex & (lengths.min(axis=1) >= smallest * 0.75) & (ratio >= ASPECT[0]) & (ratio <= ASPECT[1])


_STEPS = np.linspace(0.08, 0.92, 12, dtype=np.float32)[:, None]
_RINGS = np.float32([0.93, 1.12])[:, None, None]


def ring_contrast(grey: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """How much brighter each panel (N, 4, 2) is along its border than the frame around it, in grey levels: (N,).

    Zero where that holds for fewer than three sides: one may lack it (a strap, a reflection).
    """
    if not len(quads):
        return np.zeros(0, np.float32)
    middle = quads.mean(axis=1)[:, None, None]
    starts = middle + (quads[:, None] - middle) * _RINGS
    ends = np.roll(starts, -1, axis=2)
    points = (starts[..., None, :] + (ends - starts)[..., None, :] * _STEPS).astype(np.intp)
    x = points[..., 0].clip(0, grey.shape[1] - 1)
    y = points[..., 1].clip(0, grey.shape[0] - 1)
    levels = np.sort(grey[y, x], axis=3)[..., 6].astype(np.float32)
    differences = np.sort(levels[:, 0] - levels[:, 1], axis=1)
    return np.where(differences[:, 1] > 6, differences[:, 1:].mean(axis=1), 0.0)
