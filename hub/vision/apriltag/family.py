"""The 36h11 tags as a camera sees them: grey templates of every id and turn, at several degrees of blur."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

SPAN = 10
"""Cells across a tag with its white border: 6 bits, a black ring and a white ring."""

PER_CELL = 2
"""Samples across a cell where a tag is aligned."""

BLURS = (0.25, 0.45, 0.7)
"""Deviations of the blur, in cells."""

FINE = 8
"""Points across a cell from which the templates are computed."""

DICTIONARY = cv2.aruco.DICT_APRILTAG_36H11


def positions(per_cell: int) -> np.ndarray:
    """Sample positions (n, 2) as x, y, row by row, in units of a tag's side; the black square is from 0 to 1."""
    at = (np.arange(SPAN * per_cell) + 0.5) / per_cell / (SPAN - 2) - 1 / (SPAN - 2)
    return np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)


CENTRES = positions(1)
"""Centres of the cells."""
SAMPLES = positions(PER_CELL)


def is_ring(where: np.ndarray) -> np.ndarray:
    """Which positions (n, 2) lie in the black or the white ring, which all tags share."""
    ring: np.ndarray = np.abs(where - 0.5).max(axis=1) > 0.5 - 1 / (SPAN - 2)
    return ring


BITS = np.flatnonzero(~is_ring(CENTRES))
"""Cells that hold a bit."""


@cache
def bits() -> np.ndarray:
    """The tags' cells (ids, 4 turns, 10, 10): 0 black, 1 white. Turn k is the tag turned k times by 90 degrees."""
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARY)
    size = SPAN - 2
    cells = np.ones((len(dictionary.bytesList), SPAN, SPAN), np.float32)
    for tag_id in range(len(cells)):
        cells[tag_id, 1:-1, 1:-1] = cv2.aruco.generateImageMarker(dictionary, tag_id, size) > 127
    return np.stack([np.rot90(cells, turn, axes=(1, 2)) for turn in range(4)], axis=1)


def blurred(cells: np.ndarray, blur: float, per_cell: int) -> np.ndarray:
    """The cells (n, 10, 10) seen with a blur, at `positions(per_cell)`: (n, samples). Around them is more white."""
    weights = _weights(blur, per_cell)
    seen: np.ndarray = weights @ cells @ weights.T
    return seen.reshape(len(cells), (SPAN * per_cell) ** 2)


@cache
def _weights(blur: float, per_cell: int) -> np.ndarray:
    """The share of each cell of a row in each sample of it: (samples, 10)."""
    fine = (np.arange(SPAN * FINE) + 0.5) / FINE
    at = (np.arange(SPAN * per_cell) + 0.5) / per_cell
    kernel = np.exp(-((at[:, None] - fine[None]) ** 2) / (2 * blur**2))
    kernel /= kernel.sum(axis=1, keepdims=True)
    weights: np.ndarray = kernel.reshape(len(at), SPAN, FINE).sum(axis=2).astype(np.float32)
    return weights


@cache
def bit_templates(level: int) -> np.ndarray:
    """The bits' values (4 * ids, 36) of every id and turn at a blur, with mean 0 and length 1; row `4 * id + turn`."""
    values = blurred(bits().reshape(-1, SPAN, SPAN), BLURS[level], 1)[:, BITS]
    return normalised(values)


@cache
def mean_template(level: int) -> np.ndarray:
    """The mean of all tags at `SAMPLES`, (samples,): exact in the rings, grey in between."""
    mean: np.ndarray = blurred(bits()[:, 0].mean(axis=0)[None], BLURS[level], PER_CELL)[0]
    return mean


def normalised(values: np.ndarray) -> np.ndarray:
    """Rows with mean 0 and length 1; a row of one value becomes 0."""
    values = values - values.mean(axis=-1, keepdims=True)
    rows: np.ndarray = values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-6)
    return rows
