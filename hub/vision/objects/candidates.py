"""From the raw output of a detector to boxes: classes, threshold, pixels of the picture, non-maximum suppression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.interfaces import Box

OVERLAP = 0.5
"""Of two boxes of one class whose intersection over union is larger, the less confident one is dropped."""

MIN_CONFIDENCE = 0.2
"""Less confident boxes are left out, unless the setting min_confidence is lower still; callers have higher limits."""

MAX_BOXES = 300
MAX_CANDIDATES = 3000
"""The most confident ones; suppression compares each with each."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """What a detector put out: `corners` N x 4 (x1, y1, x2, y2) in pixels of its input, `scores` N, `classes` N."""

    corners: Floats
    scores: Floats
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class Placement:
    """Where the picture lies in the input of a detector: input = picture * scale + offset, for x and for y."""

    scale: tuple[float, float]
    offset: tuple[float, float]


def threshold_of(options: dict[str, Any]) -> float:
    """The confidence below which boxes are left out."""
    return min(float(options.get("min_confidence", MIN_CONFIDENCE)), MIN_CONFIDENCE)


def corners_of(centred: Floats) -> Floats:
    """Corners (x1, y1, x2, y2) of boxes that are N x 4 (centre x, centre y, width, height)."""
    half = centred[:, 2:] / 2
    return np.concatenate([centred[:, :2] - half, centred[:, :2] + half], axis=1)


def to_boxes(
    found: Candidates,
    placement: Placement,
    size: tuple[int, int],
    kinds: Mapping[int, str],
    wanted: frozenset[str],
    threshold: float,
) -> list[Box]:
    """The boxes of the wanted kinds in a picture of `size` (width, height), the most confident first."""
    usable = np.isfinite(found.corners).all(axis=1) & (found.scores >= threshold)
    usable &= np.isin(found.classes, [number for number, kind in kinds.items() if kind in wanted])
    order = np.flatnonzero(usable)
    order = order[np.argsort(-found.scores[order], kind="stable")][:MAX_CANDIDATES]
    corners = (found.corners[order] - np.tile(placement.offset, 2)) / np.tile(placement.scale, 2)
    corners = np.clip(corners, 0, np.tile(size, 2)).astype(np.float64)
    sides = corners[:, 2:] - corners[:, :2]
    visible = (sides > 0).all(axis=1)
    corners, sides, order = corners[visible], sides[visible], order[visible]
    if not len(order):
        return []
    scores = np.minimum(found.scores[order], 1.0).astype(float)
    named = [kinds[int(number)] for number in found.classes[order]]
    groups = [sorted(wanted).index(kind) for kind in named]
    rectangles = np.concatenate([corners[:, :2], sides], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(rectangles.tolist(), scores.tolist(), groups, 0.0, OVERLAP)
    chosen = sorted((int(i) for i in np.ravel(kept)), key=lambda i: -scores[i])[:MAX_BOXES]
    return [_box(corners[i].tolist(), float(scores[i]), named[i]) for i in chosen]


def _box(corners: list[float], confidence: float, kind: str) -> Box:
    x1, y1, x2, y2 = corners
    return Box(x1, y1, x2, y2, confidence, kind)
