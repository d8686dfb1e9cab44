"""The anchors of the SSD network: the boxes that its box encodings are relative to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

STRIDES = (16, 32, 64, 128, 256, 512)
INPUT_SIDE = 300
MIN_SCALE, MAX_SCALE = 0.2, 0.95
FIRST_MAP = ((0.1, 1.0), (MIN_SCALE, 2.0), (MIN_SCALE, 0.5))
RATIOS = (1.0, 2.0, 1 / 2, 3.0, 1 / 3)


def anchors() -> NDArray[np.float32]:
    """1917 x 4: centre y, centre x, height, width in the unit square; by feature map, row, column, shape."""
    maps = []
    for number, stride in enumerate(STRIDES):
        side = math.ceil(INPUT_SIDE / stride)
        shapes = [(scale / math.sqrt(ratio), scale * math.sqrt(ratio)) for scale, ratio in _shapes(number)]
        centres = (np.arange(side) + 0.5) / side
        grid = np.empty((side, side, len(shapes), 4))
        grid[..., 0], grid[..., 1] = centres[:, None, None], centres[None, :, None]
        grid[..., 2:] = shapes
        maps.append(grid.reshape(-1, 4))
    return np.concatenate(maps).astype(np.float32)


def _shapes(number: int) -> list[tuple[float, float]]:
    """(scale, width / height) of the anchors in each cell of a feature map; the scales run linearly."""
    if number == 0:
        return list(FIRST_MAP)
    scale, following = _scale(number), _scale(number + 1)
    return [(scale, ratio) for ratio in RATIOS] + [(math.sqrt(scale * following), 1.0)]


def _scale(number: int) -> float:
    last = len(STRIDES) - 1
    return 1.0 if number > last else MIN_SCALE + (MAX_SCALE - MIN_SCALE) * number / last
