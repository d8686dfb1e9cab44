"""The built-in encoder: colour histograms of eight horizontal stripes of a person (docs/wire/tracking.md 3).

It describes the clothes, from head to shoes. Persons in the same clothes have the same vector, and other light or
another camera changes it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.interfaces import Box, Picture, Vectors

WIDTH, HEIGHT = 64, 128
STRIPES = 8
BINS = (8, 2, 4)
"""Of hue, saturation and value."""
SIGMA = 12.0
"""Pixels of 64: the weight of a column is a Gaussian around the middle, since the background is at the sides."""
INSET_X, INSET_Y = 0.1, 0.03
"""Parts of a box's width and height that are left out on each side: the detector's boxes are wider than the person."""
SCALE = 0.462
"""Chosen so that at 0.38 two of a hundred boxes of other people match, on one street video (bench/tracking.py)."""


class StripeEncoder:
    """Describes persons by the colours of their clothes."""

    name = "hsv-stripes-1"
    size = STRIPES * BINS[0] * BINS[1] * BINS[2]
    scale = SCALE

    def __init__(self) -> None:
        columns = np.arange(WIDTH) - (WIDTH - 1) / 2
        weights = np.exp(-(columns**2) / (2 * SIGMA**2))
        self._weights = np.tile(weights / weights.sum(), HEIGHT)
        self._first_bins = np.repeat(np.arange(HEIGHT) * STRIPES // HEIGHT, WIDTH) * (self.size // STRIPES)

    def encode(self, picture: Picture, boxes: list[Box]) -> Vectors:
        """One vector of length 1 for each box."""
        vectors = np.empty((len(boxes), self.size), np.float32)
        for number, box in enumerate(boxes):
            vectors[number] = self._encode_crop(crop(picture, box, INSET_X, INSET_Y))
        return vectors

    def _encode_crop(self, person: Picture) -> NDArray[np.float32]:
        small = cv2.resize(person, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        hue, saturation, value = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2HSV).astype(np.int32))
        bins = (hue * BINS[0] // 180 * BINS[1] + saturation * BINS[1] // 256) * BINS[2] + value * BINS[2] // 256
        histogram = np.bincount(self._first_bins + bins.ravel(), self._weights, self.size)
        vector = np.sqrt(histogram)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def crop(picture: Picture, box: Box, inset_x: float = 0, inset_y: float = 0) -> Picture:
    """The pixels of a box, at least one; `inset_x` and `inset_y` are left out on each side, in parts of the box."""
    height, width = picture.shape[:2]
    aside, above = inset_x * (box.x2 - box.x1), inset_y * (box.y2 - box.y1)
    left, top = min(int(box.x1 + aside), width - 1), min(int(box.y1 + above), height - 1)
    return picture[top : max(top + 1, int(box.y2 - above)), left : max(left + 1, int(box.x2 - aside))]
