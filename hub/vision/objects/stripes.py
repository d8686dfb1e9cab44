"""The built-in encoder: colour histograms of eight horizontal stripes of a person (docs/wire/tracking.md 3).

It describes the clothes, from head to shoes. Persons in the same clothes have the same vector, and other light or
another camera changes it. The hue of a pixel that is nearly grey is noise, and black clothes differ in brightness only:
such pixels are counted by brightness, the others by hue, saturation and value.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.interfaces import Box, Picture, Vectors

WIDTH, HEIGHT = 32, 64
STRIPES = 8
BINS = (8, 2, 3)
"""Of hue, saturation and value."""
GREYS = 16
"""Levels of brightness, spaced by its square root, so that dark ones are told apart."""
BINS_OF_STRIPE = GREYS + BINS[0] * BINS[1] * BINS[2]
GREY_CHROMA, COLOUR_CHROMA = 3.0, 10.0
"""Largest less smallest of red, green and blue, 0..255: up to the first a pixel is grey, from the second on coloured,
and between them it counts as a part of each."""
SIGMA = 6.0
"""Pixels of WIDTH: the weight of a column is a Gaussian around the middle, since the background is at the sides."""
INSET_X, INSET_Y = 0.1, 0.03
"""Parts of a box's width and height that are left out on each side: the detector's boxes are wider than the person."""
SCALE = 0.463
"""Chosen so that at 0.38 two of a hundred boxes of other people match, on one street video (bench/tracking.py)."""


class StripeEncoder:
    """Describes persons by the colours of their clothes."""

    name = "hsv-stripes-2"
    size = STRIPES * BINS_OF_STRIPE
    scale = SCALE

    def __init__(self) -> None:
        columns = np.arange(WIDTH) - (WIDTH - 1) / 2
        weights = np.exp(-(columns**2) / (2 * SIGMA**2))
        self._weights = np.tile(weights / weights.sum(), HEIGHT)
        self._first_bins = np.repeat(np.arange(HEIGHT) * STRIPES // HEIGHT, WIDTH) * BINS_OF_STRIPE

    def encode(self, picture: Picture, boxes: list[Box]) -> Vectors:
        """One vector of length 1 for each box."""
        vectors = np.empty((len(boxes), self.size), np.float32)
        for number, box in enumerate(boxes):
            vectors[number] = self._encode_crop(crop(picture, box, INSET_X, INSET_Y))
        return vectors

    def _encode_crop(self, person: Picture) -> NDArray[np.float32]:
        small = np.asarray(cv2.resize(person, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
        pixels = small.reshape(-1, 3)
        chroma = (pixels.max(axis=1) - pixels.min(axis=1)).astype(np.float32)
        coloured = np.clip((chroma - GREY_CHROMA) / (COLOUR_CHROMA - GREY_CHROMA), 0, 1)
        histogram = self._count(_colour_bins(small), coloured) + self._count_greys(small, 1 - coloured)
        vector = np.sqrt(histogram)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def _count(self, bins: NDArray[np.intp], parts: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum, by stripe and bin (0..BINS_OF_STRIPE), of the weights of the pixels times `parts` (0..1)."""
        return np.asarray(np.bincount(self._first_bins + bins, self._weights * parts, self.size), np.float64)

    def _count_greys(self, small: Picture, parts: NDArray[np.float32]) -> NDArray[np.float64]:
        """The same by brightness; a pixel between the middles of two levels counts for both."""
        brightness = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).ravel()
        level = np.sqrt(brightness / np.float32(256)) * GREYS - 0.5
        lower = np.floor(level).astype(np.intp)
        above = level - lower
        return self._count(np.maximum(lower, 0), parts * (1 - above)) + self._count(
            np.minimum(lower + 1, GREYS - 1), parts * above
        )


def _colour_bins(small: Picture) -> NDArray[np.intp]:
    """The bin of each pixel by hue, saturation and value, after those of the grey levels."""
    hue, saturation, value = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2HSV).astype(np.intp))
    bins = (hue * BINS[0] // 180 * BINS[1] + saturation * BINS[1] // 256) * BINS[2] + value * BINS[2] // 256
    return np.asarray(GREYS + bins.ravel(), np.intp)


def crop(picture: Picture, box: Box, inset_x: float = 0, inset_y: float = 0) -> Picture:
    """The pixels of a box, at least one; `inset_x` and `inset_y` are left out on each side, in parts of the box."""
    height, width = picture.shape[:2]
    aside, above = inset_x * (box.x2 - box.x1), inset_y * (box.y2 - box.y1)
    left, top = min(int(box.x1 + aside), width - 1), min(int(box.y1 + above), height - 1)
    return picture[top : max(top + 1, int(box.y2 - above)), left : max(left + 1, int(box.x2 - aside))]
