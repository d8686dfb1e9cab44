"""How well the sides of a panel agree with the border that a label has there: light paper, then a dark frame.

Brightness and contrast are free on each side, so that shadows do not matter. The ticks are left out: whose they are is
for `ticks` to say.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from agent_lib.label.code import EDGES, LabelCode
from agent_lib.runtime.arrays import Array, Image, Points, as_mat

# Distances from the panel's side in board units, positive inwards: the frame with its ticks, the panel without marks.
FIRST, LAST, STEP = -80.0, 36.0, 11.0
# Blur of the expected border, in board units (sigma), and places along a side.
BLUR, ALONG = 14.0, 18

_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)


class Border:
    """The border of one label family, prepared for comparison. Stateless and thread-safe."""

    def __init__(self, code: LabelCode) -> None:
        distances = np.arange(FIRST, LAST + 1e-6, STEP)
        self._points = _points(code, distances)
        levels = _levels(code, distances)
        shape = levels - levels.mean(axis=1, keepdims=True)
        self._shape = shape / np.linalg.norm(shape, axis=1, keepdims=True)

    def agreement(self, grey: Image, panels: Sequence[Points]) -> Array:
        """How well the sides of panels (TL, TR, BR, BL of the label itself) agree with its border: correlations
        (P, 4), -1..1, of the top, right, bottom and left side.
        """
        if not len(panels):
            return np.empty((0, 4))
        places = [
            cv2.perspectiveTransform(self._points, cv2.getPerspectiveTransform(_CORNERS, np.asarray(one, np.float32)))
            for one in panels
        ]
        seen = cv2.remap(
            grey, np.concatenate(places), as_mat(None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
        seen = seen.reshape(len(panels), 4, -1)
        seen -= seen.mean(axis=2, keepdims=True)
        found: Array = np.einsum("psn,sn->ps", seen, self._shape) / (np.linalg.norm(seen, axis=2) + 1e-3)
        return found


def _along(code: LabelCode, side: int) -> Array:
    """Places along a side, in board units from its first corner."""
    x0, y0, x1, y1 = code.panel
    long = (x1 - x0) if side % 2 == 0 else (y1 - y0)
    places: Array = long * ((np.arange(ALONG) + 0.5) / ALONG)
    return places


def _points(code: LabelCode, distances: Array) -> Points:
    """Points around a panel, as shares of its width and height: (1, 4 * ALONG * len(distances), 2)."""
    x0, y0, x1, y1 = code.panel
    wide, tall = x1 - x0, y1 - y0
    grids = []
    for side in range(4):
        first, second = np.meshgrid(_along(code, side), distances, indexing="ij")
        x, y = [
            (first / wide, second / tall),
            (1 - second / wide, first / tall),
            (first / wide, 1 - second / tall),
            (second / wide, first / tall),
        ][side]
        grids.append(np.stack([x, y], axis=-1).reshape(-1, 2))
    points: Points = np.concatenate(grids)[None].astype(np.float32)
    return points


def _levels(code: LabelCode, distances: Array) -> Array:
    """Expected brightness at each point, (4, ALONG * len(distances)): 1 for paper, 0 for the frame, and between them
    where ticks are.
    """
    x0, y0, x1, y1 = code.panel
    sheet: Array = np.zeros((code.height, code.width), np.float32)
    for edge in EDGES:
        share = len(code.ticks[edge]) * code.tick_width / (code.width if edge in ("top", "bottom") else code.height)
        start, end = code.across[edge], code.across[edge] + code.tick_length
        if edge in ("top", "bottom"):
            sheet[start:end] = share
        else:
            sheet[:, start:end] = share
    sheet[y0:y1, x0:x1] = 1
    sheet = cv2.GaussianBlur(sheet, (0, 0), BLUR, borderType=cv2.BORDER_CONSTANT)
    levels: Array = np.empty((4, ALONG, len(distances)), np.float32)
    for side in range(4):
        first, second = np.meshgrid(_along(code, side), distances, indexing="ij")
        x, y = [
            (x0 + first, y0 + second),
            (x1 - second, y0 + first),
            (x0 + first, y1 - second),
            (x0 + second, y0 + first),
        ][side]
        levels[side] = cv2.remap(sheet, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    flat: Array = levels.reshape(4, -1)
    return flat
