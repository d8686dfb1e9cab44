"""Find weighbridge labels in a frame: propose panels, refine their sides, check the edge code."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.label.code import LabelCode, load_label_code
from agent_lib.label.cut import cut_panels
from agent_lib.label.match import EdgeCode
from agent_lib.label.panels import SMALLEST_SIDE, bright_shapes, fits, whole_panels
from agent_lib.label.sides import refine
from agent_lib.label.strap import Attempt, attempts, solve

ACCEPT = 0.5
# Between the two it may be a label: it counts only with a second agreeing frame or reader.
WEAK = 0.42
# The three edges that count must fit about equally well: a board with two edges of the code is no label.
BALANCE = 0.7
# A panel lengthened until it fits has had more chances to: it must fit better.
STRAP_ACCEPT, STRAP_WEAK, STRAP_BALANCE = 0.55, 0.47, 0.8
# So many proposals are looked at, so that no frame costs more than its share: as they are; cut from larger shapes
# (in the frame and in the cleaned one); as they are in the cleaned one; and lengthened, in each of the three rounds.
MOST_WHOLE, MOST_CUT, MOST_AGAIN, MOST_ATTEMPTS = 48, 16, 20, 5
# Below this a strap may have moved a side: the label is there, its corners may be a little off.
SURE = 0.75
# A proposal this good is the label: the others need not be looked at.
CERTAIN = 0.8


@dataclass(frozen=True)
class FoundLabel:
    """One label in a frame: `score` of its edge code, `corners` of the outer board (TL, TR, BR,
    BL of the label itself, (4, 2) float32 in frame pixels), `matrix` from board units to pixels. A
    `weak` one may be something else: it counts only with a second agreeing frame or reader."""

    score: float
    corners: np.ndarray
    matrix: np.ndarray
    weak: bool = False


class LabelFinder:
    """Finds labels of one family. Holds no state between frames: any thread may use it."""

    def __init__(self, code: LabelCode | None = None, accept: float = ACCEPT):
        self.code = code or load_label_code()
        self.accept = accept
        self._edges = EdgeCode(self.code)

    def find(self, grey: np.ndarray) -> list[FoundLabel]:
        """Labels in an 8-bit grey frame, best first, weak ones last.

        Where no certain one shows, shapes with a strap over one edge are looked at, then the cleaned frame.
        """
        shapes = bright_shapes(grey)
        found = self._judge(grey, whole_panels(shapes, MOST_WHOLE))
        if not _certain(found):
            found = _apart(found + self._judge(grey, cut_panels(shapes, MOST_CUT)))
        if not _certain(found):
            again = cleaned(grey)
            shapes = bright_shapes(again, shadows=True)
            found = _apart(found + self._judge(again, whole_panels(shapes, MOST_AGAIN) + cut_panels(shapes, MOST_CUT)))
        return found

    def _judge(self, grey: np.ndarray, quads: list[np.ndarray]) -> list[FoundLabel]:
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
        for attempt in tries[:MOST_ATTEMPTS]:
            if any(_inside(attempt.panel.mean(axis=0), f.corners) for f in found if f.score >= SURE):
                continue
            score, balance, panel = solve(self._edges, grey, attempt)
            if score >= STRAP_WEAK and balance >= STRAP_BALANCE:
                found.append(self._label(score, panel, score < STRAP_ACCEPT))
        return _apart(found)

    def _label(self, score: float, panel: np.ndarray, weak: bool) -> FoundLabel:
        matrix = self._edges.homography(panel)
        return FoundLabel(score, cv2.perspectiveTransform(self._edges.board[None], matrix)[0], matrix, weak)


def cleaned(grey: np.ndarray) -> np.ndarray:
    """The frame with less noise and its middle greys stretched over the whole range."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.2)
    low, high = np.percentile(smooth[::8, ::8], (2, 98))
    gain = 255.0 / max(24.0, float(high - low))
    return cv2.convertScaleAbs(cv2.subtract(smooth, float(low)), alpha=gain)


def _certain(found: list[FoundLabel]) -> bool:
    return any(not label.weak and label.score >= SURE for label in found)


def _inside(point: np.ndarray, corners: np.ndarray) -> bool:
    return cv2.pointPolygonTest(corners, (float(point[0]), float(point[1])), False) >= 0


def _apart(found: list[FoundLabel]) -> list[FoundLabel]:
    """Best first, the weak ones last, without what overlaps a better one: a label proposed twice is one label."""
    kept: list[FoundLabel] = []
    for label in sorted(found, key=lambda f: (f.weak, -f.score)):
        if not any(_inside(label.corners.mean(axis=0), other.corners) for other in kept):
            kept.append(label)
    return kept
