"""Render edges to train and test the network that says where ticks are: boards with random ticks, seen by night.

The boards are drawn as `panel_render` draws them, in the proportions of a station's label, and seen as found ones are:
with corners that are as inexact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from label_film import CANVAS, Film, NightRanges
from label_fonts import Face
from panel_render import PanelRenderer

from agent_lib.label.code import EDGES, LabelCode
from agent_lib.label.code_file import load_label_code
from agent_lib.label.tick_network import EdgeViews

AROUND = 120
"""Board units drawn around a board."""
RANGES = NightRanges(width=(74.0, 300.0), tilt=(0.0, 52.0), exposure=(0.1, 0.8), noise=(1.2, 12.0))
"""Also quieter and lighter than a night's frame: the mean of several of them is looked at as well."""
EVERY, NONE = 0.02, 0.04
"""Shares of the boards with a tick at every place, and without any."""
OFF, FURTHER, SIDE = 0.3, 0.01, 0.015
"""How far corners are off (sigma): pixels, up to so much more as a share of the board's width, and all of a side."""
SIDES = 0.25
"""Share of the boards of which a side is where it is not."""


@dataclass(frozen=True)
class Seen:
    """One edge of a board: its view (ROWS, columns) float32, and at which places there are ticks (places,)."""

    view: np.ndarray
    ticks: np.ndarray


class TickRenderer(PanelRenderer):
    """Draws edges with one random generator: the same seed and faces give the same edges."""

    def __init__(self, faces: list[Face], rng: np.random.Generator) -> None:
        super().__init__(faces, rng)
        self._code = code = load_label_code()
        self._views = EdgeViews(code)
        self._outer = np.array([(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)], np.float32)
        x0, y0, x1, y1 = code.panel
        self._inner = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
        self._film = Film(code, np.array([-AROUND, -AROUND]), self._outer[[0, 2]].ravel(), rng, RANGES)

    def edges(self, count: int) -> list[Seen]:
        """The four edges of a board, as `count` findings of it see them; half of them mirrored."""
        rng = self._rng
        canvas, ticks = self._canvas()
        shot = self._film.shot(canvas, 1.0, night=True)
        to_picture = shot.shift @ cv2.getPerspectiveTransform(self._outer, shot.corners.astype(np.float32))
        panel = cv2.perspectiveTransform(self._inner[None], to_picture)[0]
        found = [panel + self._errors(shot.wide) for _ in range(count)]
        matrices = [cv2.getPerspectiveTransform(self._inner, one.astype(np.float32)) for one in found]
        seen = []
        for edge, views in zip(EDGES, self._views.of(shot.picture, matrices), strict=True):
            for view in views[:, 0]:
                way = int(rng.choice((-1, 1)))
                seen.append(Seen(np.ascontiguousarray(view[:, ::way]), ticks[edge][::way]))
        return seen

    def _canvas(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """A board with what is around and over it, float32, and at which places of its edges there are ticks."""
        rng, code = self._rng, self._code
        black, paper = float(rng.uniform(8, 48)), float(rng.uniform(180, 252))
        ticks, code = self._coded(code)
        sheet = np.full((code.height, code.width), black, np.float32)
        for x0, y0, x1, y1 in code.tick_boxes():
            sheet[y0:y1, x0:x1] = paper
        x0, y0, x1, y1 = code.panel
        sheet[y0:y1, x0:x1] = paper + rng.normal(0, 4)
        small = cv2.resize(sheet, None, fx=CANVAS, fy=CANVAS, interpolation=cv2.INTER_AREA)
        self._marks(small, round(x0 * CANVAS), black)
        mask = self._written(5, round((y1 - y0) * CANVAS * rng.uniform(0.2, 0.31)), round(0.66 * small.shape[1]))
        x, y = (small.shape[1] - mask.shape[1]) // 2, (small.shape[0] - mask.shape[0]) // 2
        part = small[y : y + mask.shape[0], x : x + mask.shape[1]]
        part += (black - part) * mask
        if rng.random() < 0.25:
            self._glare(small)
        edge = round(AROUND * CANVAS)
        canvas = self._around((small.shape[0] + 2 * edge, small.shape[1] + 2 * edge))
        canvas[edge:-edge, edge:-edge] = small
        if rng.random() < 0.5:
            self._cover(canvas, (self._outer + AROUND) * CANVAS)
        if rng.random() < 0.3:
            self._shade(canvas, rng.uniform(0.25, 0.8))
        return canvas, ticks

    def _coded(self, code: LabelCode) -> tuple[dict[str, np.ndarray], LabelCode]:
        """Random ticks, and the label with these; their width and length vary a little."""
        rng = self._rng
        kind, share = rng.random(), rng.uniform(0.2, 0.65)
        if kind < EVERY + NONE:
            share = float(kind < EVERY)
        ticks = {edge: rng.random(len(code.comb(edge))) < share for edge in EDGES}
        starts = {edge: tuple(np.array(code.comb(edge), int)[there].tolist()) for edge, there in ticks.items()}
        return ticks, replace(code, ticks=starts, tick_width=int(rng.integers(14, 18)))

    def _around(self, shape: tuple[int, int]) -> np.ndarray:
        """What is behind a board, float32: light that changes slowly, with what is rough in it."""
        rng = self._rng
        ends, rough = rng.uniform(10, 240, (2, 2)), rng.normal(0, rng.uniform(2, 25), (5, 7))
        smooth = cv2.resize(ends.astype(np.float32), shape[::-1])
        return smooth + cv2.resize(rough.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)

    def _errors(self, wide: float) -> np.ndarray:
        """How far found corners lie from the true ones, (4, 2) pixels."""
        rng = self._rng
        errors = rng.normal(0, OFF + rng.uniform(0, FURTHER) * wide, (4, 2))
        if rng.random() < SIDES:
            side = int(rng.integers(4))
            errors[[side, (side + 1) % 4]] += rng.normal(0, SIDE * wide, (2, 2))
        return errors
