"""Propose where labels are in a frame with a small convolutional network: for frames in which outlines are ragged.

The network was trained on rendered panels with any ticks (tools/train_panel_finder.py), so it knows no label family: it
finds light panels in dark frames. Whether one is a label is decided by its edge code, as for other proposals.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from agent_lib.runtime.arrays import Array, Image, Points, as_mat
from agent_lib.runtime.network import Network

MODEL = Path(__file__).resolve().parents[1] / "data" / "panel_finder.onnx"
REDUCE = 4
"""Frame pixels per pixel of the network's input."""
STRIDE = 4
"""Pixels of the input per cell of the output."""
REACH = 32.0
"""Pixels of the input per unit of the output's corner offsets."""
AROUND = 31
"""Neighbourhood whose mean and contrast are taken out of the first channel, in pixels of the input."""
FAINTEST = 2.0
"""Added to a neighbourhood's standard deviation, in grey levels, so that empty ground is not amplified."""
LEAST = 0.08
"""Probability of a cell from which it proposes a panel."""
SMALLEST = 64
"""Shortest side of an input: smaller pictures are padded to it."""


def channels(small: Image) -> Array:
    """The network's input from a reduced 8-bit grey picture: (1, 2, height, width) float32.

    The first channel has the mean and the contrast of each neighbourhood taken out, the second is the square root of
    the level.
    """
    levels = small.astype(np.float32)
    size = (AROUND, AROUND)
    mean = cv2.boxFilter(levels, -1, size, borderType=cv2.BORDER_REFLECT)
    square = cv2.sqrBoxFilter(levels, cv2.CV_32F, size, borderType=cv2.BORDER_REFLECT)
    spread = cv2.sqrt(cv2.max(square - mean * mean, as_mat(0.0)))
    return np.stack([(levels - mean) / (spread + FAINTEST), cv2.sqrt(levels) / 8.0 - 1.0])[None]


class PanelNetwork(Network):
    """The network, loaded once for the process. Thread-safe."""

    def __init__(self, path: Path = MODEL) -> None:
        super().__init__(path)

    def propose(self, grey: Image, most: int) -> list[Points]:
        """The `most` likeliest panels in an 8-bit grey frame, the best first: (4, 2) float32 in frame pixels.

        Corners run clockwise from the one nearest the top left. Panels twice the size that the network was trained
        for are found in the picture reduced once more.
        """
        if min(grey.shape) < REDUCE:
            return []
        small = reduced(grey, REDUCE)
        found = self._in(small, REDUCE)
        if min(small.shape) >= 2 * SMALLEST:
            found += self._in(reduced(small, 2), 2 * REDUCE)
        return _distinct(found, most)

    def in_reduced(self, small: Image, most: int) -> list[Points]:
        """`propose` in a picture that is reduced already, in its pixels, at its size alone."""
        return _distinct(self._in(small, 1), most)

    def _in(self, small: Image, factor: int) -> list[tuple[float, Points]]:
        height, width = small.shape
        down, right = (max(SMALLEST, height) - height, max(SMALLEST, width) - width)
        if down or right:
            small = cv2.copyMakeBorder(small, 0, down, 0, right, cv2.BORDER_REPLICATE)
        chances, offsets = self.maps(channels(small))
        return [
            (chance, np.asarray((panel + 0.5) * factor - 0.5, np.float32))
            for chance, panel in peaks(chances, offsets, LEAST)
        ]

    def maps(self, line: Array) -> tuple[Array, Array]:
        """Of an input (1, 2, h, w): each cell's probability of lying in a panel's middle (h / 4, w / 4), and where the
        panel's corners are then, in pixels of the input (h / 4, w / 4, 4, 2).
        """
        out = self._session.run(None, {"picture": line})[0][0]
        chances: Array = 1.0 / (1.0 + np.exp(-out[0]))
        rows, columns = chances.shape
        corners = out[1:].reshape(4, 2, rows, columns).transpose(2, 3, 0, 1) * REACH
        x = (np.arange(columns) + 0.5) * STRIDE - 0.5
        y = (np.arange(rows) + 0.5) * STRIDE - 0.5
        corners[..., 0] += x[None, :, None]
        corners[..., 1] += y[:, None, None]
        return chances, corners


def _distinct(found: list[tuple[float, Points]], most: int) -> list[Points]:
    """The `most` likeliest panels, without those that lie where a likelier one does."""
    kept: list[Points] = []
    for _, panel in sorted(found, key=lambda one: -one[0]):
        size = float(np.ptp(panel, axis=0).max())
        if all(np.abs(panel - other).max() > 0.2 * size for other in kept):
            kept.append(panel)
            if len(kept) == most:
                break
    return kept


def reduced(grey: Image, factor: int) -> Image:
    """The picture, smaller by a whole factor; what is left over at its right and bottom ends is cut."""
    height, width = grey.shape[0] // factor, grey.shape[1] // factor
    return cv2.resize(
        np.ascontiguousarray(grey[: height * factor, : width * factor]), (width, height), interpolation=cv2.INTER_AREA
    )


def peaks(chances: Array, corners: Array, least: float) -> list[tuple[float, Array]]:
    """The probability and the corners (4, 2) at each local maximum of `chances` (rows, columns) above `least`.

    The corners are the mean of the cells around it, each weighted by its probability.
    """
    highest = cv2.dilate(chances.astype(np.float32), np.ones((3, 3), np.uint8))
    found = []
    for row, column in np.argwhere((chances >= least) & (chances.astype(np.float32) >= highest)):
        rows, columns = slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2)
        weights = chances[rows, columns] ** 2
        mean = (corners[rows, columns] * weights[..., None, None]).sum(axis=(0, 1)) / weights.sum()
        found.append((float(chances[row, column]), mean))
    return found
