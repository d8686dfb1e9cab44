"""Say where a panel's edges have ticks with a small convolutional network: for labels whose ticks are faint.

The network sees each edge by itself and was trained on boards with any ticks (tools/train_tick_reader.py), so it knows
no label family: it says of every place of a comb how likely a tick stands there. Where blur, noise or a strap hide
that, all places are about equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from agent_lib.label.code import EDGES, LabelCode
from agent_lib.runtime.arrays import Array, Image, Points, as_mat
from agent_lib.runtime.network import Network

MODEL = Path(__file__).resolve().parents[1] / "data" / "tick_reader.onnx"
SAMPLES = 6
"""Samples along an edge for each place of its comb."""
BESIDE = 1
"""Places that are seen beyond each end of an edge."""
ROWS = 10
FIRST, LAST = -75 / 35, 25 / 35
"""Where the first and the last row lie across an edge: from the inner ends of the ticks, positive inwards, in lengths
of a tick.
"""
FAINTEST = 3.0
"""Added to an edge's standard deviation, in grey levels, so that nothing is not amplified."""


class TickNetwork(Network):
    """The network, loaded once for the process. Thread-safe."""

    def __init__(self, path: Path = MODEL) -> None:
        super().__init__(path)

    def log_odds(self, views: Array) -> Array:
        """The log odds of a tick at each place: of views (N, 1, ROWS, columns) -> (N, places)."""
        found: Array = self._session.run(None, {"edges": views})[0]
        return found


class EdgeViews:
    """Where the edges of one label family are sampled for the network. Stateless and thread-safe."""

    def __init__(self, code: LabelCode) -> None:
        self._points = [_points(code, edge) for edge in EDGES]
        self._all = np.concatenate(self._points)[None]

    def of(self, grey: Image, matrices: Sequence[Array]) -> list[Array]:
        """The views of labels in a grey frame: per edge (labels, 1, ROWS, columns) float32.

        `matrices` (3, 3) map board units to the frame's pixels.
        """
        places = [cv2.perspectiveTransform(self._all, matrix)[0] for matrix in matrices]
        seen = cv2.remap(grey, np.stack(places), as_mat(None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        found, start = [], 0
        for points in self._points:
            part = seen[:, start : start + len(points)].astype(np.float32)
            start += len(points)
            middle = np.median(part, axis=1, keepdims=True)
            part = (part - middle) / (part.std(axis=1, keepdims=True) + FAINTEST)
            found.append(part.reshape(len(part), 1, ROWS, -1))
        return found


def _points(code: LabelCode, edge: str) -> Points:
    """The samples (ROWS * columns, 2) of an edge in board units; edges run to the right and down."""
    places = len(code.comb(edge)) + 2 * BESIDE
    first = code.comb(edge)[0] + code.tick_width / 2 - (BESIDE + 0.5) * code.pitch
    along = first + (np.arange(places * SAMPLES) + 0.5) / SAMPLES * code.pitch
    inwards = np.linspace(FIRST, LAST, ROWS) * code.tick_length
    if edge in ("top", "left"):
        across = code.across[edge] + code.tick_length + inwards
    else:
        across = code.across[edge] - inwards
    one, other = np.meshgrid(along, across)
    pair = [one, other] if edge in ("top", "bottom") else [other, one]
    points: Points = np.stack(pair, axis=-1).reshape(-1, 2).astype(np.float32)
    return points
