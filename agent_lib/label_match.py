"""Is this quadrilateral the label? Correlate the ticks on its four edges with the edge code."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.label_code import EDGES, LabelCode

# The board is compared at this width; finer gains nothing, coarser loses ticks.
BOARD_WIDTH = 360
SHIFT = 3
ROWS = 6
# Ticks at every place are no code: at least this share of an edge's contrast counts as pattern.
LEAST_PATTERN = 0.2


@dataclass(frozen=True)
class Match:
    """How well a panel's surroundings agree with the code, in the best of four orientations.

    `score` is the mean correlation of the best three edges, -1..1. `turn` is how many corners to
    roll the panel by so that it starts at the label's own top left.
    """

    score: float
    turn: int
    edges: tuple[float, float, float, float]


class EdgeCode:
    """The code of one label family, ready to compare. Holds no state: any thread may use it."""

    def __init__(self, code: LabelCode):
        self.code = code
        scale = BOARD_WIDTH / code.width
        points, self._banks, self._counts = [], [], []
        for edge in EDGES:
            flat = edge in ("top", "bottom")
            length = code.width if flat else code.height
            count = round(length * scale)
            along = (np.arange(count) + 0.5) / scale
            across = code.across[edge] + code.tick_length * (np.arange(ROWS) + 1.0) / (ROWS + 1)
            first, second = np.meshgrid(along, across)
            points.append(np.stack([first, second] if flat else [second, first], axis=-1).reshape(-1, 2))
            self._banks.append(_bank(code, edge, length, count))
            self._counts.append(count)
        self._points = np.float32(np.concatenate(points))
        x0, y0, x1, y1 = code.panel
        self.panel = np.float32([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        self.board = np.float32([(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)])

    def homography(self, panel: np.ndarray) -> np.ndarray:
        """3x3 from board units to frame pixels, given the panel's TL, TR, BR, BL."""
        return cv2.getPerspectiveTransform(self.panel, np.float32(panel))

    def match(self, grey: np.ndarray, panel: np.ndarray) -> Match:
        """Compare all four orientations of a refined panel ((4, 2), clockwise)."""
        places = [
            cv2.perspectiveTransform(self._points[None], self.homography(np.roll(panel, -turn, axis=0)))[0]
            for turn in range(4)
        ]
        values = cv2.remap(grey, np.stack(places), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        best = Match(-1.0, 0, (0.0, 0.0, 0.0, 0.0))
        for turn in range(4):
            edges = self._edges(values[turn])
            score = (sum(edges) - min(edges)) / 3
            if score > best.score:
                best = Match(score, turn, edges)
        return best

    def _edges(self, values: np.ndarray) -> tuple[float, float, float, float]:
        scores, start = [], 0
        for (patterns, combs), count in zip(self._banks, self._counts, strict=True):
            strip = values[start : start + count * ROWS].reshape(ROWS, count)
            start += count * ROWS
            profile = _high_pass(strip.mean(axis=0, dtype=np.float32))[SHIFT:-SHIFT]
            profile = profile - profile.mean()
            # A flat edge has no ticks: half a grey level of noise is not blown up to a pattern.
            strength = max(float(profile @ profile), 0.25 * len(profile))
            regular = combs @ profile
            rest = np.maximum(strength - regular**2, LEAST_PATTERN * strength)
            scores.append(float(((patterns @ profile) / np.sqrt(rest)).max()))
        return tuple(scores)


def _bank(code: LabelCode, edge: str, length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """An edge's expected pattern at every shift, and the comb of all its places likewise.

    Both are (2 SHIFT + 1, count - 2 SHIFT) with rows of norm 1. Every code has ticks at the comb's
    pitch, so that part tells no code from another: it is taken out of the patterns.
    """
    combs = _shifted(code.comb(edge), code.tick_width, length, count)
    ticks = _shifted(code.ticks[edge], code.tick_width, length, count)
    patterns = ticks - (ticks * combs).sum(axis=1, keepdims=True) * combs
    return patterns / np.linalg.norm(patterns, axis=1, keepdims=True), combs


def _shifted(starts, width: int, length: int, count: int) -> np.ndarray:
    fine = np.zeros(length, np.float32)
    for tick in starts:
        fine[max(0, tick) : tick + width] = 1.0
    edges = np.linspace(0, length, count + 1).round().astype(int)
    profile = _high_pass(np.float32([fine[a:b].mean() for a, b in zip(edges[:-1], edges[1:], strict=True)]))
    rows = np.float32([profile[shift : count - 2 * SHIFT + shift] for shift in range(2 * SHIFT + 1)])
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _high_pass(profile: np.ndarray) -> np.ndarray:
    """Take away what changes slowly along the edge (shadow, glare): the mean over three pitches."""
    profile = profile.reshape(1, -1)
    return (profile - cv2.blur(profile, (41, 1), borderType=cv2.BORDER_REFLECT_101)).ravel()
