"""Refine a proposed panel: fit each side as a line through its sub-pixel dark-to-light edge."""

from __future__ import annotations

import cv2
import numpy as np

from agent_lib.runtime.arrays import Array, Image, Points, as_mat

POINTS = 32
REACH = 20
# A point belongs to a side's line if its distance is within this share of the panel's short side.
TOLERANCE = 0.012


def refine(grey: Image, quad: Points) -> Points | None:
    """The panel's corners with sub-pixel precision: (4, 2) float32 in the order of `quad`.

    None if two sides show no straight edge; one may lie under a strap as bright as the panel and stays as proposed.
    The ticks touch the panel and stick out of it, so a side's line is the one that most of its points agree on, not a
    fit through all of them.
    """
    sides = np.roll(quad, -1, axis=0) - quad
    lengths = np.linalg.norm(sides, axis=1)
    if lengths.min() < 8:
        return None
    short = float(min(lengths[0] + lengths[2], lengths[1] + lengths[3]) / 2)
    # The proposal may lie on the tips of the ticks (35 of 662 units), and slightly beside them.
    reach = max(3.0, 0.085 * short)
    along = np.linspace(0.05, 0.95, POINTS, dtype=np.float32)
    across = np.linspace(-reach, reach, 2 * REACH + 1, dtype=np.float32)
    inward = np.stack([-sides[:, 1], sides[:, 0]], axis=1) / lengths[:, None]
    base = quad[:, None, :] + sides[:, None, :] * along[None, :, None]
    points = base[:, :, None, :] + inward[:, None, None, :] * across[None, None, :, None]
    flat = points.reshape(4 * POINTS, 2 * REACH + 1, 2).astype(np.float32)
    profile = cv2.remap(grey, flat, as_mat(None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    step = float(across[1] - across[0])
    offsets, strength = _edges(profile.astype(np.float32), step, across)
    slopes, shifts, sure = _lines(
        along * lengths[:, None], offsets.reshape(4, POINTS), strength.reshape(4, POINTS), max(0.6, TOLERANCE * short)
    )
    if sure.sum() < 3:
        return None
    slopes, shifts = slopes * sure, shifts * sure
    directions = sides / lengths[:, None]
    starts = quad + inward * shifts[:, None]
    directions = directions + inward * slopes[:, None]
    return _crossings(starts, directions)


def _edges(profile: Array, step: float, across: Array) -> tuple[Array, Array]:
    """Each row's steepest rise: its position in pixels (parabola through the peak) and its height."""
    width = max(1, round(0.8 / step))
    rise = np.zeros_like(profile)
    rise[:, width:-width] = profile[:, 2 * width :] - profile[:, : -2 * width]
    rise = cv2.blur(rise, (2 * (width // 2) + 1, 1))
    peak = np.clip(rise.argmax(axis=1), 1, profile.shape[1] - 2)
    rows = np.arange(len(peak))
    left, top, right = rise[rows, peak - 1], rise[rows, peak], rise[rows, peak + 1]
    bend = left - 2 * top + right
    shift = np.where(np.abs(bend) > 1e-3, 0.5 * (left - right) / np.where(np.abs(bend) > 1e-3, bend, 1), 0)
    return across[peak] + np.clip(shift, -1, 1) * step, top


# Candidate lines go through one point of each half: sufficient, and deterministic.
_FIRST, _SECOND = (
    index.ravel() for index in np.meshgrid(np.arange(POINTS // 2), np.arange(POINTS // 2, POINTS), indexing="ij")
)


def _lines(x: Array, y: Array, strength: Array, tolerance: float) -> tuple[Array, Array, Array]:
    """Slope and offset of the line that most points of each side agree on, and whether a third of them do.

    `x`, `y`, `strength` are (4, POINTS): position along the side, edge position across it, and edge height.
    """
    good = strength > np.maximum(4.0, 0.3 * np.median(strength, axis=1, keepdims=True))
    slopes = (y[:, _SECOND] - y[:, _FIRST]) / (x[:, _SECOND] - x[:, _FIRST])
    shifts = y[:, _FIRST] - slopes * x[:, _FIRST]
    errors = np.abs(slopes[:, :, None] * x[:, None] + (shifts[:, :, None] - y[:, None]))
    # Inner lines win ties: where ticks are dense, the outer line is that of their tips.
    votes = (np.clip(1 - errors / tolerance, 0, None) * good[:, None]).sum(axis=2)
    votes[(np.abs(slopes) >= 0.25) | ~good[:, _FIRST] | ~good[:, _SECOND]] = -1
    best = votes.argmax(axis=1)
    sides = np.arange(4)
    inside = (errors[sides, best] < tolerance) & good
    count = inside.sum(axis=1)
    weight = inside / np.maximum(count, 1)[:, None]
    middle, height = (weight * x).sum(axis=1), (weight * y).sum(axis=1)
    spread = (weight * (x - middle[:, None]) ** 2).sum(axis=1)
    slope = (weight * (x - middle[:, None]) * (y - height[:, None])).sum(axis=1) / np.maximum(spread, 1e-6)
    return slope, height - slope * middle, (votes[sides, best] > 0) & (count >= POINTS // 3)


def _crossings(starts: Array, directions: Array) -> Points | None:
    """Intersections of each of four lines with the previous one, (4, 2) float32; None if two are parallel."""
    p, d = np.roll(starts, 1, axis=0), np.roll(directions, 1, axis=0)
    turn = d[:, 0] * directions[:, 1] - d[:, 1] * directions[:, 0]
    if (np.abs(turn) < 1e-6).any():
        return None
    gap = starts - p
    along: Array = (gap[:, 0] * directions[:, 1] - gap[:, 1] * directions[:, 0]) / turn
    corners: Array = p + d * along[:, None]
    return corners.astype(np.float32)
