"""Non-maximum suppression: of boxes that overlap, the most confident one is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.interfaces import Box

MAX_IOU = 0.5
EDGE = 0.01
"""Of the picture's width: a box this close to the end of a window may be cut off there."""

PART_AREA, PART_COVERED = 0.6, 0.8
"""A box with less than this part of another one's area, of which at least so much lies in it, is a part of it."""
LEAST_CUT_CONFIDENCE = 0.35
"""Of a box that the end of a window cuts off: with less it is not worth a look at the whole picture."""


def iou(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box (4) with each of N x 4 boxes (x1, y1, x2, y2)."""
    intersection, areas = _intersection(one, others), _areas(others)
    union = (one[2] - one[0]) * (one[3] - one[1]) + areas - intersection
    return np.asarray(intersection / np.maximum(union, 1e-9), np.float32)


def covered(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over the area of the smaller of the two, of one box with each of N x 4 boxes."""
    smaller = np.minimum((one[2] - one[0]) * (one[3] - one[1]), _areas(others))
    return np.asarray(_intersection(one, others) / np.maximum(smaller, 1e-9), np.float32)


def suppress(corners: NDArray[np.float32], scores: NDArray[np.float32], kind: str) -> list[Box]:
    """The boxes that remain of N x 4 corners with N scores, the most confident first."""
    order = np.argsort(-scores, kind="stable")
    kept: list[Box] = []
    while order.size:
        first = order[0]
        x1, y1, x2, y2 = (float(value) for value in corners[first])
        if x2 > x1 and y2 > y1:
            kept.append(Box(x1, y1, x2, y2, float(scores[first]), kind))
        order = order[1:][iou(corners[first], corners[order[1:]]) <= MAX_IOU]
    return kept


def corners_of(boxes: list[Box]) -> NDArray[np.float32]:
    """N x 4: x1, y1, x2, y2."""
    return np.array([(box.x1, box.y1, box.x2, box.y2) for box in boxes], np.float32).reshape(-1, 4)


def merge_views(found: list[list[Box]], windows: list[tuple[int, int]], width: int) -> tuple[list[Box], bool]:
    """The boxes of overlapping windows of columns, and whether the end of a window cuts off one of them.

    A box at an inner end of a window is dropped when another window has seen the same object whole; of two windows'
    boxes of one object the more confident one is kept.
    """
    kept: list[Box] = []
    any_cut = False
    candidates = [
        (_is_cut(box, window, width), box) for boxes, window in zip(found, windows, strict=True) for box in boxes
    ]
    for cut, box in sorted(candidates, key=lambda pair: (pair[0], -pair[1].confidence)):
        same = corners_of([other for other in kept if other.kind == box.kind])
        one = corners_of([box])[0]
        if same.size and (iou(one, same).max() > MAX_IOU or (cut and covered(one, same).max() > MAX_IOU)):
            continue
        kept.append(box)
        any_cut = any_cut or (cut and box.confidence >= LEAST_CUT_CONFIDENCE)
    return sorted(kept, key=lambda box: -box.confidence), any_cut


def _is_cut(box: Box, window: tuple[int, int], width: int) -> bool:
    left, right = window
    return (left > 0 and box.x1 - left < EDGE * width) or (right < width and right - box.x2 < EDGE * width)


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float32)


def _intersection(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    width = np.minimum(one[2], others[:, 2]) - np.maximum(one[0], others[:, 0])
    height = np.minimum(one[3], others[:, 3]) - np.maximum(one[1], others[:, 1])
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0), np.float32)


def drop_parts(boxes: list[Box]) -> list[Box]:
    """The boxes without those that lie in a much larger one of their kind: legs or a torso of the same person."""
    corners = corners_of(boxes)
    areas = _areas(corners)
    return [
        box
        for number, box in enumerate(boxes)
        if not any(
            other.kind == box.kind and areas[number] < PART_AREA * area and within > PART_COVERED
            for other, area, within in zip(boxes, areas, covered(corners[number], corners), strict=True)
        )
    ]


def merge_kinds(boxes: list[Box]) -> list[Box]:
    """One box for each object that was detected as several kinds: the most confident one, sorted like that."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda each: -each.confidence):
        if not kept or iou(corners_of([box])[0], corners_of(kept)).max() <= MAX_IOU:
            kept.append(box)
    return kept
