"""Is this quadrilateral the label? Correlate the ticks on its four edges with the edge code."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.label.code import EDGES, LabelCode

# The board is compared at this width; finer gains nothing, coarser loses ticks.
BOARD_WIDTH = 360
SHIFT = 3
ROWS = 6
# Ticks at every place are no code: at least this share of an edge's contrast counts as pattern.
LEAST_PATTERN = 0.2
# So much of an edge, as a share of the board's height, may lie under a strap along the next edge.
UNDER_STRAP = 0.24


@dataclass(frozen=True)
class Match:
    """How well a panel's surroundings agree with the code, in the best of four orientations.

    `score` is the mean correlation of the best three edges, -1..1. `turn` is how many corners to
    roll the panel by so that it starts at the label's own top left. `edges` (4 turns, 4 edges) are
    all the correlations it was chosen from.
    """

    score: float
    turn: int
    edges: np.ndarray

    @property
    def balance(self) -> float:
        """See `balance` of the three edges that count."""
        return balance(np.sort(self.edges[self.turn])[1:])


def balance(edges) -> float:
    """The worst of three edges against the mean of the better two: about 0.95 for a label, however well or badly it
    is seen; under 0.6 for a board that shares two edges with it and has a third by chance."""
    low, middle, high = sorted(float(edge) for edge in edges)
    return low / max(0.1, (middle + high) / 2)


class EdgeCode:
    """The code of one label family, ready to compare. Holds no state: any thread may use it."""

    def __init__(self, code: LabelCode):
        self.code = code
        self._edges = [_Edge(code, edge) for edge in EDGES]
        self._points = np.concatenate([edge.points for edge in self._edges])
        x0, y0, x1, y1 = code.panel
        self.panel = np.float32([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        self.board = np.float32([(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)])

    def homography(self, panel: np.ndarray) -> np.ndarray:
        """3x3 from board units to frame pixels, given the panel's TL, TR, BR, BL."""
        return cv2.getPerspectiveTransform(self.panel, np.float32(panel))

    def match(self, grey: np.ndarray, panel: np.ndarray) -> Match:
        """Compare all four orientations of a refined panel ((4, 2), clockwise)."""
        values = self._sample(grey, [np.roll(panel, -turn, axis=0) for turn in range(4)], self._points)
        edges, start = np.empty((4, 4)), 0
        for column, edge in enumerate(self._edges):
            part = values[:, start : start + len(edge.points)]
            edges[:, column] = edge.whole.compare(part.reshape(4, ROWS, edge.count))
            start += len(edge.points)
        scores = (edges.sum(axis=1) - edges.min(axis=1)) / 3
        turn = int(scores.argmax())
        return Match(float(scores[turn]), turn, edges)

    def beside(self, grey: np.ndarray, panels: list[np.ndarray], edge: int, covered: int) -> np.ndarray:
        """Correlation of one edge under each panel (TL, TR, BR, BL), without its part next to the edge `covered`."""
        one = self._edges[edge]
        first, last, part = one.without(covered)
        points = one.points.reshape(ROWS, one.count, 2)[:, first:last]
        values = self._sample(grey, panels, points.reshape(-1, 2))
        return part.compare(values.reshape(len(panels), ROWS, last - first))

    def _sample(self, grey: np.ndarray, panels: list[np.ndarray], points: np.ndarray) -> np.ndarray:
        """Grey levels at the board's `points` under each panel: (panels, points) uint8."""
        places = [cv2.perspectiveTransform(points[None], self.homography(panel))[0] for panel in panels]
        return cv2.remap(grey, np.stack(places), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class _Edge:
    """Where one edge is looked at, (ROWS * count, 2) board units, and what should be there."""

    def __init__(self, code: LabelCode, edge: str):
        flat = edge in ("top", "bottom")
        length = code.width if flat else code.height
        scale = BOARD_WIDTH / code.width
        self.count = round(length * scale)
        along = (np.arange(self.count) + 0.5) / scale
        across = code.across[edge] + code.tick_length * (np.arange(ROWS) + 1.0) / (ROWS + 1)
        first, second = np.meshgrid(along, across)
        self.points = np.float32(np.stack([first, second] if flat else [second, first], axis=-1).reshape(-1, 2))
        ticks = _profile(code.ticks[edge], code.tick_width, length, self.count)
        comb = _profile(code.comb(edge), code.tick_width, length, self.count)
        cut = round(UNDER_STRAP * code.height * scale)
        self.whole = _Pattern(ticks, comb)
        self._late = (cut, self.count, _Pattern(ticks[cut:], comb[cut:]))
        self._early = (0, self.count - cut, _Pattern(ticks[:-cut], comb[:-cut]))

    def without(self, covered: int) -> tuple[int, int, _Pattern]:
        """The part (first, last, its pattern) not adjacent to the edge `covered`; edges run to the right and down."""
        return self._late if EDGES[covered] in ("top", "left") else self._early


class _Pattern:
    """What a stretch of an edge should look like, at every shift, and its comb of all places likewise.

    Both are (2 SHIFT + 1, length - 2 SHIFT) with rows of norm 1. Every code has ticks at the comb's
    pitch, so that part tells no code from another: it is taken out of the patterns.
    """

    def __init__(self, ticks: np.ndarray, comb: np.ndarray):
        self._combs = _shifted(comb)
        patterns = _shifted(ticks)
        patterns = patterns - (patterns * self._combs).sum(axis=1, keepdims=True) * self._combs
        # An edge without any tick of its own tells nothing: it correlates with nothing.
        self._patterns = patterns / np.maximum(np.linalg.norm(patterns, axis=1, keepdims=True), 1e-6)

    def compare(self, strips: np.ndarray) -> np.ndarray:
        """Correlation at the best shift of each strip: (N, ROWS, length) uint8 -> (N,)."""
        profiles = _high_pass(strips.mean(axis=1, dtype=np.float32))[:, SHIFT:-SHIFT]
        profiles = profiles - profiles.mean(axis=1, keepdims=True)
        # A flat edge has no ticks: half a grey level of noise is not blown up to a pattern.
        strength = np.maximum((profiles * profiles).sum(axis=1, keepdims=True), 0.25 * profiles.shape[1])
        rest = np.maximum(strength - (profiles @ self._combs.T) ** 2, LEAST_PATTERN * strength)
        return ((profiles @ self._patterns.T) / np.sqrt(rest)).max(axis=1)


def _profile(starts, width: int, length: int, count: int) -> np.ndarray:
    """Ticks along an edge of `length` units as the mean brightness of `count` samples."""
    fine = np.zeros(length, np.float32)
    for tick in starts:
        fine[max(0, tick) : tick + width] = 1.0
    edges = np.linspace(0, length, count + 1).round().astype(int)
    return np.float32([fine[a:b].mean() for a, b in zip(edges[:-1], edges[1:], strict=True)])


def _shifted(profile: np.ndarray) -> np.ndarray:
    profile = _high_pass(profile[None])[0]
    rows = np.float32([profile[shift : len(profile) - 2 * SHIFT + shift] for shift in range(2 * SHIFT + 1)])
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _high_pass(profiles: np.ndarray) -> np.ndarray:
    """Take away what changes slowly along each edge (shadow, glare): the mean over three pitches."""
    return profiles - cv2.blur(profiles, (41, 1), borderType=cv2.BORDER_REFLECT_101)
