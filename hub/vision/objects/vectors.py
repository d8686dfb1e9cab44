"""Crops of persons, and vectors of length 1, for every encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import Box, Picture, Vectors

MIN_SIZE, MAX_SIZE = 8, 4096
"""Numbers in a vector. A smaller one tells nobody apart; a larger one is a feature map rather than an embedding."""


def crop(picture: Picture, box: Box) -> Picture:
    """The part of `picture` in `box`, one pixel at least."""
    height, width = picture.shape[:2]
    left, top = (max(0, min(int(edge), side - 1)) for edge, side in ((box.x1, width), (box.y1, height)))
    right, bottom = min(width, max(round(box.x2), left + 1)), min(height, max(round(box.y2), top + 1))
    return picture[top:bottom, left:right]


def check_size(size: int, file: str) -> int:
    """`size` if it is one of an embedding. Raises ModelError."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ModelError(
            f"The encoder {file} puts out {size} numbers for a picture; an embedding has {MIN_SIZE} to {MAX_SIZE}: "
            "export the layer before, or choose another model."
        )
    return size


def unit(rows: NDArray[Any]) -> Vectors:
    """The rows (N x size) divided by their length. Raises ModelError for a row without a direction."""
    values = rows.astype(np.float64)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ModelError(
            "The encoder puts out zeros or no numbers for this picture: check vision.encoder_mean and "
            "vision.encoder_std, or choose another model."
        )
    return np.asarray(values / lengths, np.float32)
