"""Propose where a label's light panel could be: bright quadrilaterals inside a darker ring.

Whether a proposal is a label is decided by its edge code (`match`). Every step is bounded, so a picture full of
rectangles stays cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.runtime.arrays import Array, Image, Points, as_mat

# Ratio of the panel's longer to its shorter side in the frame: 1.53 head-on, less or more when turned.
ASPECT = (0.85, 3.2)
# Panels of boards from about 80 px wide, turned away; smaller ones have no recognisable ticks.
SMALLEST_SIDE = 28.0
LARGEST_SHARE = 0.9
# Half the frame's size suffices for proposals; the sides are refined in the full frame.
REDUCE = 2
# Neighbourhoods of the adaptive threshold in reduced pixels: small boards and large ones.
BLOCKS = ((31, 5), (111, 7))
# Outlines checked for each threshold, the largest first.
MAX_SHAPES = 150
# If more than this share of neighbours differ, the mask is grainy and is smoothed first.
GRAIN = 0.12
MAX_QUADS = 400
# A quadrilateral covers at least this share of its outline's hull.
SHARE_OF_HULL = 0.7


@dataclass(frozen=True)
class Shapes:
    """Outlines of bright shapes in a frame: `small` is the frame reduced by `factor`, `contours` are in its pixels."""

    small: Image
    factor: int
    contours: list[Array]

    @property
    def smallest(self) -> float:
        """The shortest side of a panel, in reduced pixels."""
        return SMALLEST_SIDE / self.factor


def bright_shapes(grey: Image) -> Shapes:
    """Outlines of about a panel's size in an 8-bit grey frame."""
    height, width = grey.shape
    factor = REDUCE if min(height, width) >= 480 else 1
    small = grey
    if factor > 1:
        small = cv2.resize(grey, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    contours: list[Array] = []
    for block, offset in BLOCKS:
        mean = cv2.boxFilter(small, -1, (block, block), borderType=cv2.BORDER_REPLICATE)
        level = cv2.add(mean, as_mat(offset))
        contours += _outlines(cv2.compare(small, level, cv2.CMP_GT), SMALLEST_SIDE / factor)
    return Shapes(small, factor, contours)


def grain_of_rows(rows: Array) -> float:
    """Standard deviation of the noise in some rows (int16, three values or more each), if it is that of single pixels:
    how far values lie off the line of their neighbours.
    """
    return float(np.median(np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]))) / (0.6745 * 6**0.5)


def _outlines(mask: Image, smallest: float) -> list[Array]:
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
        # OpenCV orients the contours of bright shapes and of the dark holes in them in opposite directions.
        if cv2.contourArea(contour, True) < 0:
            found.append((width * height, contour))
    found.sort(key=lambda pair: -pair[0])
    return [contour for _, contour in found[:MAX_SHAPES]]


def whole_panels(shapes: Shapes, most: int) -> list[Points]:
    """The `most` clearest outlines that are quadrilaterals, (4, 2) float32 in frame pixels each.

    Corners run clockwise from the one nearest the top left.
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


def four_corners(hull: Array, area: float) -> Array | None:
    """Simplify a convex hull to four corners, (4, 2); None if it is no quadrilateral."""
    length = cv2.arcLength(hull, True)
    for share in (0.02, 0.03, 0.045, 0.06, 0.08, 0.1):
        corners = cv2.approxPolyDP(hull, share * length, True)
        if len(corners) == 4:
            return corners.reshape(4, 2) if cv2.contourArea(corners) > SHARE_OF_HULL * area else None
        if len(corners) < 4:
            return None
    return None


def clearest(shapes: Shapes, quads: list[Array], most: int) -> list[Points]:
    """Quadrilaterals (in reduced pixels) that could be a panel, in frame pixels: see `whole_panels`."""
    if not quads:
        return []
    found = clockwise(np.array(quads[:MAX_QUADS], np.float32))
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


def clockwise(quads: Points) -> Points:
    """The same corners (N, 4, 2), clockwise on the screen, from the one nearest the top left."""
    offsets = quads - quads.mean(axis=1, keepdims=True)
    order = np.argsort(np.arctan2(offsets[..., 1], offsets[..., 0]), axis=1)
    ordered = np.take_along_axis(quads, order[..., None], axis=1)
    first = ordered.sum(axis=2).argmin(axis=1)
    turned = (first[:, None] + np.arange(4)) % 4
    rolled: Points = np.take_along_axis(ordered, turned[..., None], axis=1)
    return rolled


def fits(quads: Points, smallest: float) -> Array:
    """Which quadrilaterals (N, 4, 2) are convex and have a panel's proportions, in any orientation: (N,) bool."""
    sides = np.roll(quads, -1, axis=1) - quads
    lengths = np.sqrt((sides * sides).sum(axis=2))
    following = np.roll(sides, -1, axis=1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    convex = (turns > 0).all(axis=1) | (turns < 0).all(axis=1)
    across, down = lengths[:, 0] + lengths[:, 2], lengths[:, 1] + lengths[:, 3]
    ratio = np.maximum(across, down) / np.maximum(np.minimum(across, down), 1e-6)
    large = lengths.min(axis=1) >= smallest * 0.75
    fitting: Array = convex & large & (ratio >= ASPECT[0]) & (ratio <= ASPECT[1])
    return fitting


_STEPS = np.linspace(0.08, 0.92, 12, dtype=np.float32)[:, None]
_RINGS = np.array([0.93, 1.12], np.float32)[:, None, None]


def ring_contrast(grey: Image, quads: Points) -> Array:
    """How much brighter each panel (N, 4, 2) is inside its border than outside, in grey levels: (N,).

    Zero if fewer than three sides have contrast: one may lack it (a strap, a reflection).
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
