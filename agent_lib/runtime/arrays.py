"""Array types of the agent, and what OpenCV's type stubs leave out."""

from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]
"""Pixels, uint8: (height, width) grey or (height, width, 3) BGR."""

Array = npt.NDArray[Any]
"""Numbers of any kind, such as contours or sampled grey levels; the docstring gives shape and unit."""

Points = npt.NDArray[np.float32]
"""Points (..., 2) in x, y."""


def as_mat(value: float | None) -> Any:
    """A number, or None, for a parameter of OpenCV that takes one although its type stubs only know arrays."""
    return value
