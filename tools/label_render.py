"""Render strips to train and test the label reader: a number printed on a panel, photographed, found and rectified.

The board is drawn around its digits; `label_film` photographs it and cuts the strip as `agent_lib.label.reader` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from label_film import CANVAS, Film
from label_fonts import HEIGHT, OTHER_SIGNS, Face

from agent_lib.label.code_file import load_label_code
from agent_lib.label.reader import STRIP_HALF_HEIGHT, STRIP_INSET

UNREADABLE = 11
"""Class of a sign that is there and cannot be read; 0 is the blank, 1..10 are the digits 0..9."""
HIDDEN_SHARE = 0.3
"""A digit with more of its ink hidden than this is one that cannot be read."""
UPRIGHT, MOST_SLANT = 0.7, 0.3
"""Share of the numbers that stand about upright; the others lean to the right by up to this share of their height, or
half as much to the left.
"""
USUAL, OFTEN = 0.7, 0.84
"""Share of the numbers that are printed as a station's labels are: upright, in the panel's middle, a quarter of its
height; and of those with as many digits as most have.
"""
MARGIN = 60
"""Board units drawn around the strip."""


@dataclass(frozen=True)
class Sample:
    """One strip.

    `strip` is (height, width) grey uint8 as cut from a rectified label, `classes` is the expected text, `printed` the
    text that is there, hidden or not; `night`: whether it was drawn as by night.
    """

    strip: np.ndarray
    classes: tuple[int, ...]
    printed: str = ""
    night: bool = False

    @property
    def text(self) -> str:
        """The classes as the reader writes them."""
        return written(self.classes)


def written(classes: Sequence[int]) -> str:
    """Classes as a text, with a "?" for what cannot be read."""
    return "".join("?" if c == UNREADABLE else str(c - 1) for c in classes)


class StripRenderer:
    """Draws samples with one random generator: the same seed and faces give the same samples."""

    def __init__(self, faces: list[Face], rng: np.random.Generator, digits: int = 5) -> None:
        self._faces, self._rng, self._digits = faces, rng, digits
        code = load_label_code()
        x0, y0, x1, y1 = code.panel
        middle = (y0 + y1) / 2
        self._panel = (x1 - x0, y1 - y0)
        self._box = np.array(
            [x0 + STRIP_INSET, middle - STRIP_HALF_HEIGHT, x1 - STRIP_INSET, middle + STRIP_HALF_HEIGHT]
        )
        self._size = tuple(int(v) for v in np.round((self._box[2:] - self._box[:2] + 2 * MARGIN) * CANVAS))
        self._film = Film(code, self._box[:2] - MARGIN, self._box, rng)

    def sample(self, hardness: float = 1.0, night: bool = False) -> Sample:
        """One strip; `hardness` 0..1 bounds how small, tilted, dark, blurred and hidden it is, but by `night` only how
        unevenly it is lit and how often a reflection hides some of it.
        """
        rng = self._rng
        draw = rng.random()
        if draw < 0.04:
            return Sample(self._film.strip(self._plain(), hardness, night), (), night=night)
        letters = draw > 0.97
        ink, spans, classes = self._print(letters)
        canvas = self._paint(ink)
        if draw < 0.07:
            return Sample(self._film.strip(self._smear(canvas), hardness, night), (), night=night)
        hidden = np.zeros(canvas.shape, np.float32)
        if rng.random() < (0.2 if night else 0.35 * hardness):
            for _ in range(1 + (rng.random() < 0.2)):
                self._cover(canvas, hidden)
        if spans and rng.random() < 0.08:
            self._tape(canvas, hidden, ink, spans)
        if rng.random() < 0.3 * hardness:
            self._glare(canvas, hidden)
        seen = []
        for (left, right), one in zip(spans, classes, strict=True):
            part = ink[:, left:right].astype(np.float32)
            lost = float((part * hidden[:, left:right]).sum() / max(1.0, part.sum()))
            seen.append(UNREADABLE if lost > HIDDEN_SHARE else one)
        return Sample(self._film.strip(canvas, hardness, night), tuple(seen), written(classes), night)

    def _print(self, letters: bool):
        """The number's coverage on the canvas, each sign's columns, and its classes."""
        rng = self._rng
        face = self._faces[int(rng.integers(len(self._faces)))]
        usual = rng.random() < USUAL
        count = self._digits if rng.random() < OFTEN else int(rng.integers(1, 11))
        signs = [str(d) for d in rng.integers(0, 10, count)]
        if letters and "A" in face:
            signs = [str(rng.choice(list(OTHER_SIGNS))) if rng.random() < 0.6 else s for s in signs]
        tall = self._panel[1] * rng.uniform(*((0.225, 0.28) if usual else (0.2, 0.3))) * CANVAS
        slant = rng.normal(0, 0.01 if usual else 0.04)
        if rng.random() > (0.92 if usual else UPRIGHT):
            slant = rng.uniform(-MOST_SLANT / 2, MOST_SLANT)
        gap = rng.uniform(*((0.06, 0.2) if usual else (0.04, 0.3))) * HEIGHT
        even = rng.random() < 0.3
        cell = max(face[d].shape[1] for d in "0123456789")
        marks = [(face[s], 1.0) for s in signs]
        widths = [max(m.shape[1], cell) if even else m.shape[1] for m, _ in marks]
        line = np.zeros((HEIGHT, int(sum(widths) + gap * (count - 1)) + 2), np.uint8)
        x, edges = 0.0, []
        for (mark, _), wide in zip(marks, widths, strict=True):
            left = int(x + (wide - mark.shape[1]) / 2)
            line[:, left : left + mark.shape[1]] = np.maximum(line[:, left : left + mark.shape[1]], mark)
            edges.append((left, left + mark.shape[1]))
            x += wide + gap
        scale = tall / HEIGHT
        along = scale * rng.uniform(*((0.86, 1.08) if usual else (0.68, 1.25)))
        along = min(along, self._panel[0] * (0.74 if usual else rng.uniform(0.6, 0.74)) * CANVAS / line.shape[1])
        width, height = self._size
        x0 = (width - line.shape[1] * along) / 2 + rng.normal(0, 2 if usual else 5)
        y0 = (height - tall) / 2 + rng.normal(0, 1.5 if usual else 3)
        matrix = np.array([(along, -slant, x0 + slant * HEIGHT / 2), (0, scale, y0)])
        if along < 0.6 or scale < 0.6:
            line = cv2.blur(line, (max(1, round(0.5 / along)), 1))
        ink = cv2.warpAffine(line, matrix, (width, height), flags=cv2.INTER_AREA)
        if rng.random() < 0.2:
            ink = (cv2.dilate if rng.random() < 0.6 else cv2.erode)(
                ink, np.ones((2, 2) if tall < 75 else (3, 3), np.uint8)
            )
        spans = [(max(0, int(x0 + left * along) - 2), min(width, int(x0 + right * along) + 3)) for left, right in edges]
        return ink, spans, [int(s) + 1 if s.isdigit() else UNREADABLE for s in signs]

    def _paint(self, ink: np.ndarray) -> np.ndarray:
        """Dark ink on a light panel, float32 0..255, sometimes with what else is near: marks, dirt, creases."""
        rng = self._rng
        paper, black = rng.uniform(195, 250), rng.uniform(8, 75)
        canvas = paper + (black - paper) * (ink.astype(np.float32) / 255.0)
        height, width = canvas.shape
        if rng.random() < 0.15:
            for _ in range(int(rng.integers(1, 6))):
                x = int(rng.choice((rng.integers(0, 30), rng.integers(width - 30, width))))
                cv2.circle(
                    canvas,
                    (x, int(rng.integers(0, height))),
                    int(rng.integers(5, 10)),
                    black,
                    int(rng.choice((-1, 2))),
                    cv2.LINE_AA,
                )
        if rng.random() < 0.2:
            for _ in range(int(rng.integers(1, 4))):
                ends = rng.uniform((0, 0), (width, height), (2, 2)).astype(int)
                cv2.line(
                    canvas,
                    ends[0].tolist(),
                    ends[1].tolist(),
                    float(rng.uniform(90, 230)),
                    int(rng.integers(1, 3)),
                    cv2.LINE_AA,
                )
        if rng.random() < 0.3:
            dirt = cv2.resize(
                rng.normal(0, rng.uniform(4, 16), (8, 24)).astype(np.float32),
                (width, height),
                interpolation=cv2.INTER_CUBIC,
            )
            canvas = canvas + dirt
        return canvas

    def _plain(self) -> np.ndarray:
        """A strip without a number: paper, or stripes and boxes of some sort."""
        rng = self._rng
        canvas = self._paint(np.zeros(self._size[::-1], np.uint8))
        for _ in range(int(rng.integers(0, 7))):
            ends = rng.uniform((0, 0), self._size, (2, 2)).astype(int)
            cv2.rectangle(
                canvas, ends[0].tolist(), ends[1].tolist(), float(rng.uniform(20, 250)), int(rng.choice((-1, 2, 6)))
            )
        return canvas

    def _smear(self, canvas: np.ndarray) -> np.ndarray:
        """The digits wiped into each other until none is left."""
        wide = 2 * int(self._rng.integers(45, 90)) + 1
        return cv2.blur(cv2.blur(canvas, (wide, 31)), (wide, 31))

    def _cover(self, canvas: np.ndarray, hidden: np.ndarray) -> None:
        """Cover part of the board: a dark, middle or light band across it (strap, wiper, cloth), or a corner."""
        rng = self._rng
        height, width = canvas.shape
        x, y = rng.uniform(-0.1, 1.1) * width, rng.uniform(-0.3, 1.3) * height
        turn = rng.choice((0.0, np.pi / 2)) + rng.normal(0, 0.25)
        thick = rng.uniform(5, 75) if rng.random() < 0.7 else rng.uniform(60, 260)
        along = np.array([np.cos(turn), np.sin(turn)]) * 700
        across = np.array([-np.sin(turn), np.cos(turn)]) * thick / 2
        quad = np.array([(x, y)]) + np.array([-along - across, along - across, along + across, -along + across])
        mask = np.zeros(canvas.shape, np.float32)
        cv2.fillConvexPoly(mask, quad.astype(np.int32), 1.0, cv2.LINE_AA)
        tone = float(rng.uniform(10, 235))
        grain = cv2.resize(rng.normal(tone, rng.uniform(0, 12), (12, 36)).astype(np.float32), (width, height))
        canvas[:] = canvas * (1 - mask) + grain * mask
        np.maximum(hidden, mask, out=hidden)

    def _tape(self, canvas: np.ndarray, hidden: np.ndarray, ink: np.ndarray, spans: list[tuple[int, int]]) -> None:
        """Cover part of one digit in about the paper's tone: what is left may look like another digit."""
        rng = self._rng
        left, right = spans[int(rng.integers(len(spans)))]
        rows = np.flatnonzero(ink[:, left:right].any(axis=1))
        if not len(rows):
            return
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        wide, tall = right - left, bottom - top
        x0, x1 = sorted(rng.choice((-0.05, 0.0, 0.4, 0.5, 0.6, 1.0, 1.05), 2, replace=False) + rng.normal(0, 0.05, 2))
        y0, y1 = (-0.1, 1.1)
        if rng.random() < 0.5:
            y0, y1 = sorted(rng.choice((-0.1, 0.15, 0.45, 0.55, 0.85, 1.1), 2, replace=False) + rng.normal(0, 0.05, 2))
        mask = np.zeros(canvas.shape, np.float32)
        corners = (left + x0 * wide, top + y0 * tall), (left + x1 * wide, top + y1 * tall)
        cv2.rectangle(mask, *(tuple(round(v) for v in corner) for corner in corners), 1.0, -1)
        tone = float(np.percentile(canvas, 80)) + rng.normal(0, 6)
        canvas[:] = canvas * (1 - mask) + tone * mask
        np.maximum(hidden, mask, out=hidden)

    def _glare(self, canvas: np.ndarray, hidden: np.ndarray) -> None:
        """A reflection laid over the print: what is left of its contrast is less, or nothing."""
        rng = self._rng
        height, width = canvas.shape
        glow = np.zeros(canvas.shape, np.float32)
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        size = (int(rng.uniform(20, width * 0.6)), int(rng.uniform(15, height * 0.7)))
        cv2.ellipse(glow, centre, size, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        soft = 2 * int(rng.integers(5, 40)) + 1
        glow = np.minimum(cv2.blur(glow, (soft, soft)) * rng.uniform(0.3, 1.35), 1.0)
        light = rng.uniform(170, 255)
        canvas[:] = canvas * (1 - glow) + light * glow
        np.maximum(hidden, np.clip((glow - 0.8) / 0.12, 0, 1), out=hidden)
