"""Say where the corners of a proposed panel really are, with a small convolutional network.

The network sees the picture around a proposal, warped so that the proposal is a rectangle in its middle, and gives how
far each corner is from the proposed one, and how likely there is a panel at all. A side under a strap or a hand is
where the other three say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from agent_lib.label.panel_network import channels
from agent_lib.runtime.arrays import Array, Image, Points
from agent_lib.runtime.network import Network

MODEL = Path(__file__).resolve().parents[1] / "data" / "corner_finder.onnx"
WIDTH, HEIGHT = 112, 80
"""Size of the network's input."""
BOX = (20.0, 16.0, 92.0, 64.0)
"""Where a proposal lies in it: x0, y0, x1, y1."""
REACH = 8.0
"""Pixels of the input per unit of the output's corner offsets."""
REDUCE = 2
"""Frame pixels per pixel of the picture that inputs are warped from."""
ROUNDS = 3

SQUARE: Points = np.array([(BOX[0], BOX[1]), (BOX[2], BOX[1]), (BOX[2], BOX[3]), (BOX[0], BOX[3])], np.float32)


class CornerNetwork(Network):
    """The network, loaded once for the process. Thread-safe."""

    def __init__(self, path: Path = MODEL) -> None:
        super().__init__(path)

    def settle(self, small: Image, panels: Sequence[Points]) -> tuple[list[Points], Array]:
        """Panels (4, 2), clockwise from the top left, moved to where they are; and the probability that each is one.

        Both are in pixels of `small`, the 8-bit grey frame reduced by REDUCE.
        """
        moved = [np.asarray(panel, np.float32) for panel in panels]
        chances = np.zeros(len(moved))
        for _ in range(ROUNDS if moved else 0):
            views = [view(small, panel) for panel in moved]
            out = self._session.run(None, {"views": np.concatenate([channels(one) for one in views])})[0]
            chances = 1.0 / (1.0 + np.exp(-out[:, 0].astype(np.float64)))
            moved = [
                placed(panel, offsets)
                for panel, offsets in zip(moved, out[:, 1:].reshape(-1, 4, 2) * REACH, strict=True)
            ]
        return moved, chances


def view(small: Image, panel: Points) -> Image:
    """The network's picture (HEIGHT, WIDTH) of a proposal."""
    matrix = cv2.getPerspectiveTransform(SQUARE, panel)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(small, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def placed(panel: Points, offsets: Array) -> Points:
    """The panel with its corners moved by `offsets` (4, 2), which are in pixels of its `view`."""
    matrix = cv2.getPerspectiveTransform(SQUARE, panel)
    corners = np.asarray(SQUARE + offsets, np.float32)
    return np.asarray(cv2.perspectiveTransform(corners[None], matrix)[0], np.float32)
