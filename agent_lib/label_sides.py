"""Refine a proposed panel: each side becomes a line through its sub-pixel dark-to-light edge."""

from __future__ import annotations

import cv2
import numpy as np

POINTS = 32
REACH = 20
# A point belongs to a side's line when it lies within this share of the panel's short side.
TOLERANCE = 0.012


def refine(grey: np.ndarray, quad: np.ndarray) -> np.ndarray | None:
    """The panel's corners to a fraction of a pixel: (4, 2) float32 in the order of `quad`.

    None where a side shows no straight edge. The ticks touch the panel and stick out of it, so
    a side's line goes through where most of its points agree, not through all of them.
    """
    sides = np.roll(quad, -1, axis=0) - quad
    lengths = np.linalg.norm(sides, axis=1)
    if lengths.min() < 8:
        return None
    short = float(min(lengths[0] + lengths[2], lengths[1] + lengths[3]) / 2)
    # The proposal may lie on the tips of the ticks (35 of 662 units) and a little beside.
    reach = max(3.0, 0.085 * short)
    along = np.linspace(0.05, 0.95, POINTS, dtype=np.float32)
    across = np.linspace(-reach, reach, 2 * REACH + 1, dtype=np.float32)
    inward = np.stack([-sides[:, 1], sides[:, 0]], axis=1) / lengths[:, None]
    base = quad[:, None, :] + sides[:, None, :] * along[None, :, None]
    points = base[:, :, None, :] + inward[:, None, None, :] * across[None, None, :, None]
    flat = points.reshape(4 * POINTS, 2 * REACH + 1, 2).astype(np.float32)
    profile = cv2.remap(grey, flat, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    step = float(across[1] - across[0])
    offsets, strength = _edges(profile, step, across)
    lines = []
    for side in range(4):
        rows = slice(side * POINTS, (side + 1) * POINTS)
        line = _line(along * lengths[side], offsets[rows], strength[rows], max(0.6, TOLERANCE * short))
        if line is None:
            return None
        slope, shift = line
        direction = sides[side] / lengths[side]
        start = quad[side] + inward[side] * shift
        lines.append((start, direction + inward[side] * slope))
    corners = [_cross(lines[(i + 3) % 4], lines[i]) for i in range(4)]
    if any(c is None for c in corners):
        return None
    return np.float32(corners)


def _edges(profile: np.ndarray, step: float, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row's steepest rise: its place in pixels (parabola through the peak) and its height."""
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


def _line(x, y, strength, tolerance) -> tuple[float, float] | None:
    """Slope and offset of the line most points agree on, or None (fewer than a third do)."""
    good = strength > max(4.0, 0.3 * float(np.median(strength)))
    x, y = x[good], y[good]
    if len(x) < POINTS // 3:
        return None
    # All pairs of the first and second half: enough lines, the same every time.
    half = len(x) // 2
    xi, xj = np.meshgrid(x[:half], x[half:], indexing="ij")
    yi, yj = np.meshgrid(y[:half], y[half:], indexing="ij")
    slopes = ((yj - yi) / (xj - xi)).ravel()
    shifts = yi.ravel() - slopes * xi.ravel()
    keep = np.abs(slopes) < 0.25
    if not keep.any():
        return None
    slopes, shifts = slopes[keep], shifts[keep]
    errors = np.abs(slopes[:, None] * x + shifts[:, None] - y)
    # Inner lines win ties: where ticks are dense, their tips are the outer one.
    votes = np.clip(1 - errors / tolerance, 0, None).sum(axis=1)
    best = int(votes.argmax())
    inside = errors[best] < tolerance
    if inside.sum() < POINTS // 3:
        return None
    slope, shift = np.polyfit(x[inside], y[inside], 1)
    return float(slope), float(shift)


def _cross(a, b) -> np.ndarray | None:
    """Where two lines (point, direction) meet; None when they are parallel."""
    (p, d), (q, e) = a, b
    turn = d[0] * e[1] - d[1] * e[0]
    if abs(turn) < 1e-6:
        return None
    gap = q - p
    return p + d * ((gap[0] * e[1] - gap[1] * e[0]) / turn)
