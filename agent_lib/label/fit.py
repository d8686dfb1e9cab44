"""Fit panels to a noisy frame: all points around a border decide together where its four sides lie.

`sides.refine` takes the steepest rise at each point of a side, which in noise is anywhere. Here an expected picture of
the border is compared with the frame, and the four corners are moved until it agrees best (Gauss-Newton). Brightness
and contrast are free on each side, so that shadows do not matter, and a side that agrees badly (a strap) counts less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.label.code import EDGES, LabelCode
from agent_lib.runtime.arrays import Array, Image, Points, as_mat

# Distances from the panel's side in board units, positive inwards: the frame with its ticks, the panel without marks.
COARSE = (-95.0, 85.0, 15.0)
FINE = (-80.0, 36.0, 11.0)
# Blur of the expected border, in board units (sigma).
COARSE_BLUR, FINE_BLUR = 34.0, 14.0
ALONG_PLAIN, ALONG_TICKS = 18, 100
STEPS = 3
# Corners move at most by this share of the panel's shorter side in a step.
STRIDE = 0.1
DAMPING = 0.02
# Half the distance over which a slope is measured, in frame pixels.
SLOPE = 0.6


@dataclass(frozen=True)
class _Border:
    """Points around a panel, (4 sides, N, 2) as shares of its width and height, and their expected levels.

    `basis` (4, N, 2) are two orthonormal columns, a constant and the expected levels; `weights` (4, N, 4) say how far a
    point moves with each corner.
    """

    points: Array
    basis: Array
    weights: Array


class BorderFit:
    """The borders of one label family, prepared for fitting. Stateless and thread-safe."""

    def __init__(self, code: LabelCode) -> None:
        self._coarse = _border(code, COARSE, COARSE_BLUR, ALONG_PLAIN, ticks=False)
        self._plain = _border(code, FINE, FINE_BLUR, ALONG_PLAIN, ticks=False)
        self._ticks = _border(code, FINE, FINE_BLUR, ALONG_TICKS, ticks=True)

    def settle(self, grey: Image, quads: Sequence[Points]) -> tuple[list[Points], Array]:
        """Panels in any orientation, each moved to the border that is there, (4, 2) float32 in the order given.

        Beside them, how well the best three sides of each agree with a border: correlations (P,), -1..1.
        """
        if not quads:
            return [], np.empty(0)
        panels = np.array(quads, np.float32)
        sides = np.linalg.norm(np.roll(panels, -1, axis=1) - panels, axis=2)
        upright = sides[:, 0] + sides[:, 2] < sides[:, 1] + sides[:, 3]
        panels[upright] = np.roll(panels[upright], -1, axis=1)
        for border in (self._coarse, self._plain):
            panels, agreement = _moved(grey, panels, border)
        panels[upright] = np.roll(panels[upright], 1, axis=1)
        return list(panels), np.sort(agreement, axis=1)[:, 1:].mean(axis=1)

    def by_ticks(self, grey: Image, panels: Sequence[Points]) -> list[Points]:
        """Panels that start at the label's own top left, moved to where its ticks agree best."""
        return list(_moved(grey, np.array(panels, np.float32), self._ticks)[0]) if panels else []


def _border(code: LabelCode, across: tuple[float, float, float], blur: float, count: int, ticks: bool) -> _Border:
    x0, y0, x1, y1 = code.panel
    wide, tall = x1 - x0, y1 - y0
    distances = np.arange(across[0], across[1] + 1e-6, across[2])
    levels = _levels(code, distances, blur, count, ticks)
    grid = np.empty((4, count, len(distances), 2))
    for side in range(4):
        low, long = ((0, wide), (0, tall))[side % 2]
        along = low + long * ((np.arange(count) + 0.5) / count)
        first, second = np.meshgrid(along, distances, indexing="ij")
        grid[side] = np.stack(
            [
                (first / wide, second / tall),
                (1 - second / wide, first / tall),
                (first / wide, 1 - second / tall),
                (second / wide, first / tall),
            ][side],
            axis=-1,
        )
    points: Array = grid.reshape(4, -1, 2)
    constant = np.full(levels.shape, 1 / np.sqrt(levels.shape[1]))
    shape = levels - levels.mean(axis=1, keepdims=True)
    shape /= np.linalg.norm(shape, axis=1, keepdims=True)
    u, v = points[..., 0], points[..., 1]
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], axis=-1)
    return _Border(
        points.astype(np.float32), np.stack([constant, shape], axis=-1).astype(np.float32), weights.astype(np.float32)
    )


def _levels(code: LabelCode, distances: Array, blur: float, count: int, ticks: bool) -> Array:
    """Expected brightness at each point, (4, count * len(distances)): 1 for paper and ticks, 0 for the frame."""
    x0, y0, x1, y1 = code.panel
    sheet: Array = np.zeros((code.height, code.width), np.float32)
    for a, b, c, d in code.tick_boxes():
        sheet[b:d, a:c] = 1
    if not ticks:
        for edge in EDGES:
            share = len(code.ticks[edge]) * code.tick_width / (code.width if edge in ("top", "bottom") else code.height)
            start, end = code.across[edge], code.across[edge] + code.tick_length
            if edge in ("top", "bottom"):
                sheet[start:end] = share
            else:
                sheet[:, start:end] = share
    sheet[y0:y1, x0:x1] = 1
    sheet = cv2.GaussianBlur(sheet, (0, 0), blur, borderType=cv2.BORDER_CONSTANT)
    levels: Array = np.empty((4, count, len(distances)), np.float32)
    for side in range(4):
        long = (x1 - x0) if side % 2 == 0 else (y1 - y0)
        along = long * ((np.arange(count) + 0.5) / count)
        first, second = np.meshgrid(along, distances, indexing="ij")
        x, y = [
            (x0 + first, y0 + second),
            (x1 - second, y0 + first),
            (x0 + first, y1 - second),
            (x0 + second, y0 + first),
        ][side]
        levels[side] = cv2.remap(sheet, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    flat: Array = levels.reshape(4, -1)
    return flat


_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
_SHIFTS = np.array([(0, 0), (SLOPE, 0), (-SLOPE, 0), (0, SLOPE), (0, -SLOPE)], np.float32)


def _moved(grey: Image, panels: Points, border: _Border) -> tuple[Points, Array]:
    """The panels (P, 4, 2) after a few Gauss-Newton steps, and the agreement of their sides (P, 4) before the last."""
    agreement = np.zeros((len(panels), 4))
    sides, count = border.points.shape[:2]
    flat = border.points.reshape(1, -1, 2)
    for _ in range(STEPS):
        places = np.concatenate(
            [cv2.perspectiveTransform(flat, cv2.getPerspectiveTransform(_CORNERS, panel)) for panel in panels]
        )
        seen = cv2.remap(
            grey,
            (places[None] + _SHIFTS[:, None, None]).reshape(5 * len(panels), -1, 2),
            as_mat(None),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        seen = seen.reshape(5, len(panels), sides, count).astype(np.float32)
        slopes = np.stack([seen[1] - seen[2], seen[3] - seen[4]], axis=-1) / (2 * SLOPE)
        # How each point's level changes with each corner's x and y: (P, 4, N, 8).
        changes = (border.weights[None, ..., None] * slopes[..., None, :]).reshape(len(panels), sides, count, 8)
        rest, agreement = _projected(seen[0][..., None], border.basis)
        changes, _ = _projected(changes, border.basis)
        trust = np.clip(agreement, 0.05, 1.0) ** 2
        weighted = changes * trust[:, :, None, None]
        square = np.einsum("psni,psnj->pij", weighted, changes, optimize=True)
        right = np.einsum("psni,psn->pi", weighted, rest[..., 0], optimize=True)
        scale = np.trace(square, axis1=1, axis2=2)[:, None, None] / 8 + 1e-3
        step = np.linalg.solve(square + DAMPING * scale * np.eye(8, dtype=np.float32), right[..., None])[..., 0]
        lengths = np.linalg.norm(np.roll(panels, -1, axis=1) - panels, axis=2).min(axis=1)
        most = (STRIDE * lengths)[:, None]
        panels = panels - np.clip(step, -most, most).reshape(-1, 4, 2).astype(np.float32)
    return panels, agreement


def _projected(values: Array, basis: Array) -> tuple[Array, Array]:
    """What is left of values (P, 4, N, K) without the basis, and how well the first column agrees with the levels.

    The agreement (P, 4) is a correlation, -1..1.
    """
    parts = np.einsum("snb,psnk->psbk", basis, values, optimize=True)
    rest = values - np.einsum("snb,psbk->psnk", basis, parts, optimize=True)
    shape = parts[:, :, 1, 0]
    spread = np.sqrt(shape**2 + (rest[..., 0] ** 2).sum(axis=2)) + 1e-3
    return rest, shape / spread
