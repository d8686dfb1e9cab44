"""Decide whether a quadrilateral is a label: correlate the ticks on its four edges with the edge code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from agent_lib.label.code import EDGES, LabelCode
from agent_lib.runtime.arrays import Array, Image, Points, as_mat

# The board is compared at this width; a finer one gains nothing, a coarser one loses ticks.
BOARD_WIDTH = 360
SHIFT = 3
ROWS = 6
# Ticks at every position are no code: at least this share of an edge's contrast counts as pattern.
MIN_PATTERN = 0.2
# This share of the board's height may be covered at an edge's end by a strap along the adjacent edge.
UNDER_STRAP = 0.24


@dataclass(frozen=True)
class Match:
    """How well a panel's surroundings agree with the code, in the best of four orientations.

    `score` is the mean correlation of the best three edges, -1..1. `turn` is by how many corners to roll the panel so
    that it starts at the label's own top left. `edges` (4 turns, 4 edges) are all correlations.
    """

    score: float
    turn: int
    edges: Array

    @property
    def balance(self) -> float:
        """`balance` of the three edges that count."""
        return balance(np.sort(self.edges[self.turn])[1:])


def balance(edges: Iterable[float]) -> float:
    """Ratio of the worst of three edges to the mean of the other two.

    About 0.95 for a label, however well it is visible; below 0.6 for a board that shares two edges and matches a third
    by chance.
    """
    low, middle, high = sorted(float(edge) for edge in edges)
    return low / max(0.1, (middle + high) / 2)


class EdgeCode:
    """The code of one label family, prepared for comparison. Stateless and thread-safe."""

    def __init__(self, code: LabelCode) -> None:
        self.code = code
        self._edges = [_Edge(code, edge) for edge in EDGES]
        self._points = np.concatenate([edge.points for edge in self._edges])
        x0, y0, x1, y1 = code.panel
        self.panel: Points = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
        board = [(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)]
        self.board: Points = np.array(board, np.float32)

    def homography(self, panel: Points) -> Array:
        """3x3 from board units to frame pixels, given the panel's TL, TR, BR, BL."""
        return cv2.getPerspectiveTransform(self.panel, np.asarray(panel, np.float32))

    def _strips(self, grey: Image, panels: list[Points]) -> list[Array]:
        """What lies on each edge of panels (TL, TR, BR, BL): per edge (panels, ROWS, samples along it) uint8."""
        values = self._sample(grey, panels, self._points)
        found, start = [], 0
        for edge in self._edges:
            found.append(values[:, start : start + len(edge.points)].reshape(len(panels), ROWS, edge.count))
            start += len(edge.points)
        return found

    def match(self, grey: Image, panel: Points) -> Match:
        """Compare all four orientations of a refined panel ((4, 2), clockwise)."""
        edges = np.empty((4, 4))
        strips = self._strips(grey, [np.roll(panel, -turn, axis=0) for turn in range(4)])
        for column, (edge, strip) in enumerate(zip(self._edges, strips, strict=True)):
            edges[:, column] = edge.whole.compare(strip)
        scores = (edges.sum(axis=1) - edges.min(axis=1)) / 3
        turn = int(scores.argmax())
        return Match(float(scores[turn]), turn, edges)

    def beside(self, grey: Image, panels: list[Points], edge: int, covered: int) -> Array:
        """Correlation of one edge for each panel (TL, TR, BR, BL), without its part next to the edge `covered`."""
        one = self._edges[edge]
        first, last, part = one.without(covered)
        points = one.points.reshape(ROWS, one.count, 2)[:, first:last]
        values = self._sample(grey, panels, points.reshape(-1, 2))
        return part.compare(values.reshape(len(panels), ROWS, last - first))

    def _sample(self, grey: Image, panels: list[Points], points: Points) -> Array:
        """Grey levels at the board's `points` for each panel: (panels, points) uint8."""
        places = [cv2.perspectiveTransform(points[None], self.homography(panel))[0] for panel in panels]
        return cv2.remap(grey, np.stack(places), as_mat(None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class _Edge:
    """Sample points of one edge, (ROWS * count, 2) board units, and the expected patterns."""

    def __init__(self, code: LabelCode, edge: str) -> None:
        flat = edge in ("top", "bottom")
        length = code.width if flat else code.height
        scale = BOARD_WIDTH / code.width
        self.count = round(length * scale)
        along = (np.arange(self.count) + 0.5) / scale
        across = code.across[edge] + code.tick_length * (np.arange(ROWS) + 1.0) / (ROWS + 1)
        first, second = np.meshgrid(along, across)
        points = np.stack([first, second] if flat else [second, first], axis=-1).reshape(-1, 2)
        self.points: Points = points.astype(np.float32)
        ticks = _profile_of(code.ticks[edge], code.tick_width, length, self.count)
        comb = _profile_of(code.comb(edge), code.tick_width, length, self.count)
        cut = round(UNDER_STRAP * code.height * scale)
        self.whole = _Pattern(ticks, comb)
        self._late = (cut, self.count, _Pattern(ticks[cut:], comb[cut:]))
        self._early = (0, self.count - cut, _Pattern(ticks[:-cut], comb[:-cut]))

    def without(self, covered: int) -> tuple[int, int, _Pattern]:
        """The part (first, last, its pattern) not adjacent to the edge `covered`; edges run to the right and down."""
        return self._late if EDGES[covered] in ("top", "left") else self._early


class _Pattern:
    """The expected pattern of a section of an edge at every shift, and its comb of all tick positions.

    Both are (2 SHIFT + 1, length - 2 SHIFT) with rows of norm 1. Every code has ticks at the comb's pitch, so the comb
    does not distinguish codes: its component is removed from the patterns.
    """

    def __init__(self, ticks: Array, comb: Array) -> None:
        self._combs = _shifted(comb)
        patterns = _shifted(ticks)
        patterns = patterns - (patterns * self._combs).sum(axis=1, keepdims=True) * self._combs
        # An edge without any tick of its own carries no information: it correlates with nothing.
        self._patterns = patterns / np.maximum(np.linalg.norm(patterns, axis=1, keepdims=True), 1e-6)

    def compare(self, strips: Array) -> Array:
        """Correlation at the best shift of each strip: (N, ROWS, length) uint8 -> (N,)."""
        profiles = _high_pass(strips.mean(axis=1, dtype=np.float32))[:, SHIFT:-SHIFT]
        profiles = profiles - profiles.mean(axis=1, keepdims=True)
        # A flat edge has no ticks: half a grey level of noise must not be amplified to a pattern.
        strength = np.maximum((profiles * profiles).sum(axis=1, keepdims=True), 0.25 * profiles.shape[1])
        rest = np.maximum(strength - (profiles @ self._combs.T) ** 2, MIN_PATTERN * strength)
        best: Array = ((profiles @ self._patterns.T) / np.sqrt(rest)).max(axis=1)
        return best


def _profile_of(starts: Iterable[int], width: int, length: int, count: int) -> Array:
    """Ticks along an edge of `length` units as the mean brightness of `count` samples."""
    fine = np.zeros(length, np.float32)
    for tick in starts:
        fine[max(0, tick) : tick + width] = 1.0
    edges = np.linspace(0, length, count + 1).round().astype(int)
    return np.array([fine[a:b].mean() for a, b in pairwise(edges)], np.float32)


def _shifted(profile: Array) -> Array:
    """The expected profile at every shift (2 SHIFT + 1, length - 2 SHIFT), rows of norm 1."""
    profile = _high_pass(profile[None])[0]
    rows: Array = np.array(
        [profile[shift : len(profile) - 2 * SHIFT + shift] for shift in range(2 * SHIFT + 1)], np.float32
    )
    rows -= rows.mean(axis=1, keepdims=True)
    normalised: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return normalised


def _high_pass(profiles: Array) -> Array:
    """Subtract slow changes along each edge (shadow, glare): the mean over three pitches."""
    return profiles - cv2.blur(profiles, (41, 1), borderType=cv2.BORDER_REFLECT_101)
