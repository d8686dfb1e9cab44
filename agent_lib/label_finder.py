"""Find weighbridge labels in a frame: propose panels, refine their sides, check the edge code."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.label_code import LabelCode, load_label_code
from agent_lib.label_match import EdgeCode
from agent_lib.label_panels import SMALLEST_SIDE, bright_panels, fits
from agent_lib.label_sides import refine

ACCEPT = 0.5
# A proposal this good is the label: the others need not be looked at.
CERTAIN = 0.8


@dataclass(frozen=True)
class FoundLabel:
    """One label in a frame: `score` of its edge code, `corners` of the outer board (TL, TR, BR,
    BL of the label itself, (4, 2) float32 in frame pixels), `matrix` from board units to pixels."""

    score: float
    corners: np.ndarray
    matrix: np.ndarray


class LabelFinder:
    """Finds labels of one family. Holds no state between frames: any thread may use it."""

    def __init__(self, code: LabelCode | None = None, accept: float = ACCEPT):
        self.code = code or load_label_code()
        self.accept = accept
        self._edges = EdgeCode(self.code)

    def find(self, grey: np.ndarray) -> list[FoundLabel]:
        """Labels in an 8-bit grey frame, best first. Tries again on a cleaned frame when none is."""
        found = self._search(grey)
        if not found or found[0].score < self.accept:
            found = sorted(found + self._search(cleaned(grey)), key=lambda f: -f.score)
        return [f for f in found if f.score >= self.accept]

    def _search(self, grey: np.ndarray) -> list[FoundLabel]:
        found: list[FoundLabel] = []
        for quad in bright_panels(grey):
            if any(_inside(quad.mean(axis=0), f.corners) for f in found if f.score >= CERTAIN):
                continue
            panel = refine(grey, quad)
            if panel is None or not fits(panel, SMALLEST_SIDE):
                continue
            match = self._edges.match(grey, panel)
            matrix = self._edges.homography(np.roll(panel, -match.turn, axis=0))
            corners = cv2.perspectiveTransform(self._edges.board[None], matrix)[0]
            found.append(FoundLabel(match.score, corners, matrix))
        found.sort(key=lambda f: -f.score)
        return _apart(found)


def cleaned(grey: np.ndarray) -> np.ndarray:
    """The frame with less noise and its middle greys stretched over the whole range."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.2)
    low, high = np.percentile(smooth[::8, ::8], (2, 98))
    gain = 255.0 / max(24.0, float(high - low))
    return cv2.convertScaleAbs(cv2.subtract(smooth, float(low)), alpha=gain)


def _inside(point: np.ndarray, corners: np.ndarray) -> bool:
    return cv2.pointPolygonTest(corners, (float(point[0]), float(point[1])), False) >= 0


def _apart(found: list[FoundLabel]) -> list[FoundLabel]:
    """Drop what overlaps a better one: the same label proposed twice is one label."""
    kept: list[FoundLabel] = []
    for label in found:
        if not any(_inside(label.corners.mean(axis=0), other.corners) for other in kept):
            kept.append(label)
    return kept
