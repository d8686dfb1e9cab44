"""Sub-pixel corners of a detected tag, and its decision margin.

OpenCV detects tags fast, but its corners are up to a pixel off, and the pose depends on the corners. The sides of a tag
are long straight edges, so lines fitted to many points of them intersect far more precisely.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np

CELLS = 6
"""Bits in a row of a 36h11 tag; around them lie a ring of black cells and a ring of white ones."""

POINTS = 24
"""Sample points along a side."""

STEP = 0.25
"""Pixels between two samples across an edge."""

ROUNDS = 2


def refine(grey: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Refine the corners (4, 2) of a tag: the intersections of lines fitted to its sides.

    In pixels, the centre of the first pixel is 0. Returns the given corners where a side has no edge, or where a corner
    would move further than the edges were searched.
    """
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    reach = float(np.clip(sides.min() / 12, 1.5, 4.0))
    refined = corners
    for _ in range(ROUNDS):
        lines = _lines(grey, refined, reach)
        if lines is None:
            return corners
        refined = _intersections(lines)
        if not np.isfinite(refined).all() or np.abs(refined - corners).max() > 2 * reach:
            return corners
        reach = max(1.5, reach / 2)
    return refined


def _lines(grey: np.ndarray, corners: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Fit a line to each side: a point and a direction, (4, 2) each; None where a side has no edge."""
    starts, ends = corners, np.roll(corners, -1, axis=0)
    along = np.linspace(0.1, 0.9, POINTS)
    directions = (ends - starts) / np.linalg.norm(ends - starts, axis=1, keepdims=True)
    # The corners are in clockwise order, so these point outwards.
    normals = np.stack([directions[:, 1], -directions[:, 0]], axis=1)
    points = starts[:, None] + along[None, :, None] * (ends - starts)[:, None]
    offsets = np.arange(-reach, reach + STEP / 2, STEP)
    where = (
        (points[:, :, None] + offsets[None, None, :, None] * normals[:, None, None])
        .reshape(4 * POINTS, len(offsets), 2)
        .astype(np.float32)
    )
    values = sample(grey, where)
    # A tag is dark inside and light outside, so its edge is where the light increases; squares favour the steep part.
    steps = np.clip(values[:, 2:] - values[:, :-2], 0, None) ** 2
    weights = steps.sum(axis=1)
    shifts = (steps @ offsets[1:-1]) / np.maximum(weights, 1e-9)
    found = points + shifts.reshape(4, POINTS)[:, :, None] * normals[:, None]
    strength = np.sqrt(weights).reshape(4, POINTS)
    if (strength.max(axis=1) <= 0).any():
        return None
    centres = np.empty((4, 2))
    for side in range(4):
        weight = strength[side] / strength[side].sum()
        centres[side] = weight @ found[side]
        apart = (found[side] - centres[side]) * np.sqrt(weight)[:, None]
        direction = np.linalg.svd(apart, full_matrices=False)[2][0]
        directions[side] = direction
    return centres, directions


def _intersections(lines: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Intersect each side with the one before it; NaN where they are parallel."""
    (points, directions), corners = lines, np.full((4, 2), np.nan)
    for side in range(4):
        before = side - 1
        system = np.column_stack([directions[before], -directions[side]])
        if abs(np.linalg.det(system)) > 1e-6:
            share = np.linalg.solve(system, points[side] - points[before])[0]
            corners[side] = points[before] + share * directions[before]
    return corners


def sample(grey: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Sample grey values between the pixels (bilinear); `where` is (rows, columns, 2) as x, y."""
    points, unused = where.astype(np.float32), cast(Any, None)  # x and y are both in the first map
    values = cv2.remap(grey, points, unused, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.astype(np.float64)


def decision_margin(grey: np.ndarray, corners: np.ndarray) -> float:
    """The mean distance of the bits from the threshold between black and white, in grey levels.

    AprilTag's definition, without its sharpening: white and black are planes fitted to the rings around the bits, and
    the threshold is half-way between them. The margin is that of the white bits or of the black ones: the lesser one.
    """
    ring = np.arange(CELLS + 2) + 0.5 - (CELLS + 2) / 2
    black, white = (CELLS + 1) / 2, (CELLS + 3) / 2
    bits = np.arange(CELLS) + 0.5 - CELLS / 2
    cells = [np.array([(x, y) for y in bits for x in bits])]
    for edge in (black, white):
        cells.append(np.concatenate([[(-edge, at), (edge, at), (at, -edge), (at, edge)] for at in ring]))
    half = (CELLS + 2) / 2
    square = np.array([(-half, -half), (half, -half), (half, half), (-half, half)], np.float32)
    picture = cv2.getPerspectiveTransform(square, corners.astype(np.float32))
    values = [sample(grey, cv2.perspectiveTransform(each[None].astype(np.float32), picture))[0] for each in cells]
    threshold = (_plane(cells[1], values[1], cells[0]) + _plane(cells[2], values[2], cells[0])) / 2
    above = values[0] - threshold
    light, dark = above[above > 0], -above[above <= 0]
    return float(min(light.mean() if light.size else 0.0, dark.mean() if dark.size else 0.0))


def _plane(where: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Fit a plane to `values` at `where` (least squares) and evaluate it at `at`."""
    model = np.linalg.lstsq(np.column_stack([where, np.ones(len(where))]), values, rcond=None)[0]
    plane: np.ndarray = np.column_stack([at, np.ones(len(at))]) @ model
    return plane
