"""Find weighbridge labels in a frame: propose panels, refine their sides, verify the edge code."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.label.code import LabelCode
from agent_lib.label.code_file import load_label_code
from agent_lib.label.cut import cut_panels
from agent_lib.label.match import EdgeCode
from agent_lib.label.night import NOISY, NightSearch, noise_share
from agent_lib.label.panels import SMALLEST_SIDE, bright_shapes, fits, whole_panels
from agent_lib.label.sides import refine
from agent_lib.label.strap import Attempt, attempts, solve
from agent_lib.runtime.arrays import Array, Image, Points, as_mat

ACCEPT = 0.5
# Between the two it may be a label: it counts only if a second frame or reader agrees.
WEAK = 0.42
# The three edges that count must match about equally well: a board with two edges of the code is no label.
BALANCE = 0.7
# A panel lengthened until it matches had more chances to match: its thresholds are higher.
STRAP_ACCEPT, STRAP_WEAK, STRAP_BALANCE = 0.55, 0.47, 0.8
# Upper bounds of the proposals checked per frame: whole panels, panels cut from larger shapes, and lengthened panels in
# each of these two passes.
MAX_WHOLE, MAX_CUT, MAX_ATTEMPTS = 48, 16, 5
# Below this a strap may have shifted a side: there is a label, but its corners may be slightly off.
SURE = 0.75
# With this score a proposal is the label: others inside it are skipped.
CERTAIN = 0.8


@dataclass(frozen=True)
class FoundLabel:
    """One label in a frame.

    `score` is that of its edge code, `corners` the outer board (TL, TR, BR, BL of the label itself, (4, 2) float32 in
    frame pixels), `matrix` maps board units to pixels. A `weak` one may be something else: it counts only if a second
    frame or reader agrees.
    """

    score: float
    corners: Points
    matrix: Array
    weak: bool = False


class LabelFinder:
    """Finds labels of one family. Stateless between frames and thread-safe."""

    def __init__(self, code: LabelCode | None = None, accept: float = ACCEPT) -> None:
        self.code = code or load_label_code()
        self.accept = accept
        self._edges = EdgeCode(self.code)
        self._night = NightSearch(self._edges)

    def find(self, grey: Image) -> list[FoundLabel]:
        """The labels of `search`."""
        return self.search(grey)[0]

    def search(self, grey: Image) -> tuple[list[FoundLabel], list[Points]]:
        """Labels in an 8-bit grey frame, best first, weak ones last; and the corners of boards that may be labels, for
        all that this frame shows of them, whether they are among the labels or not.

        If no label is certain, shapes with a strap over one edge are checked too, and then the frame is searched by
        `night`, as a noisy one is at once.
        """
        if noise_share(grey) >= NOISY:
            return self._by_night(grey)
        shapes = bright_shapes(grey)
        found = self._judge(grey, whole_panels(shapes, MAX_WHOLE))
        if not _certain(found):
            found = _deduplicated(found + self._judge(grey, cut_panels(shapes, MAX_CUT)))
        if _certain(found):
            return found, []
        more, likely = self._by_night(grey)
        return _deduplicated(found + more), likely

    def placed(self, corners: Points, score: float) -> FoundLabel:
        """The label whose outer board has these corners, as found in another picture of the same view: a weak one."""
        return FoundLabel(score, corners, cv2.getPerspectiveTransform(self._edges.board, corners), weak=True)

    def _by_night(self, grey: Image) -> tuple[list[FoundLabel], list[Points]]:
        """`search` in a noisy frame."""
        found, panels = self._night.find(grey, cleaned(grey))
        labels = [self._label(one.score, one.panel, one.weak) for one in found]
        return _deduplicated(labels), [self._label(0.0, panel, True).corners for panel in panels]

    def _judge(self, grey: Image, quads: list[Points]) -> list[FoundLabel]:
        """The labels among proposed panels."""
        found: list[FoundLabel] = []
        tries: list[Attempt] = []
        for quad in quads:
            if any(_inside(quad.mean(axis=0), f.corners) for f in found if f.score >= CERTAIN):
                continue
            panel = refine(grey, quad)
            if panel is None or not fits(panel[None], SMALLEST_SIDE)[0]:
                continue
            match = self._edges.match(grey, panel)
            whole = match.balance >= BALANCE
            if match.score >= WEAK and whole:
                found.append(self._label(match.score, np.roll(panel, -match.turn, axis=0), match.score < self.accept))
            if match.score < SURE or not whole:
                tries += attempts(panel, match)
        tries.sort(key=lambda attempt: -attempt.strength)
        for attempt in tries[:MAX_ATTEMPTS]:
            if any(_inside(attempt.panel.mean(axis=0), f.corners) for f in found if f.score >= SURE):
                continue
            score, balance, panel = solve(self._edges, grey, attempt)
            if score >= STRAP_WEAK and balance >= STRAP_BALANCE:
                found.append(self._label(score, panel, score < STRAP_ACCEPT))
        return _deduplicated(found)

    def _label(self, score: float, panel: Points, weak: bool) -> FoundLabel:
        matrix = self._edges.homography(panel)
        corners = np.asarray(cv2.perspectiveTransform(self._edges.board[None], matrix)[0], np.float32)
        return FoundLabel(score, corners, matrix, weak)


def cleaned(grey: Image) -> Image:
    """The frame with less noise and its mid-tones stretched over the whole range."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.2)
    low, high = np.percentile(smooth[::8, ::8], (2, 98))
    gain = 255.0 / max(24.0, float(high - low))
    return cv2.convertScaleAbs(cv2.subtract(smooth, as_mat(float(low))), alpha=gain)


def _certain(found: list[FoundLabel]) -> bool:
    return any(not label.weak and label.score >= SURE for label in found)


def _inside(point: Array, corners: Points) -> bool:
    return cv2.pointPolygonTest(corners, (float(point[0]), float(point[1])), False) >= 0


def _deduplicated(found: list[FoundLabel]) -> list[FoundLabel]:
    """Best first, weak ones last, without labels whose centre lies in a better one (proposed twice)."""
    kept: list[FoundLabel] = []
    for label in sorted(found, key=lambda f: (f.weak, -f.score)):
        if not any(_inside(label.corners.mean(axis=0), other.corners) for other in kept):
            kept.append(label)
    return kept
