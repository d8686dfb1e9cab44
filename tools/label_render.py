"""Render strips to train and test the label reader: a number printed on a panel, photographed, found and rectified.

The strip is cut as `agent_lib.label.reader` cuts it: the board is drawn around its digits, projected into a picture at
the size that a label has there, degraded (light, blur, noise, JPEG), and warped back with corners that are as inexact
as found ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from label_fonts import HEIGHT, OTHER_SIGNS, Face

from agent_lib.label.code_file import load_label_code
from agent_lib.label.reader import NARROWEST, STRIP_HALF_HEIGHT, STRIP_INSET

UNREADABLE = 11
"""Class of a sign that is there and cannot be read; 0 is the blank, 1..10 are the digits 0..9."""
HIDDEN_SHARE = 0.3
"""A digit with more of its ink hidden than this is one that cannot be read."""
CANVAS = 0.5
"""Canvas pixels per board unit."""
MARGIN = 60
"""Board units drawn around the strip."""


@dataclass(frozen=True)
class Sample:
    """One strip.

    `strip` is (height, width) grey uint8 as cut from a rectified label, `classes` is the expected text, `printed` the
    text that is there, hidden or not.
    """

    strip: np.ndarray
    classes: tuple[int, ...]
    printed: str = ""

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
        self._corner = self._box[:2] - MARGIN
        self._size = tuple(int(v) for v in np.round((self._box[2:] - self._box[:2] + 2 * MARGIN) * CANVAS))
        self._board = np.array([(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)], np.float64)

    def sample(self, hardness: float = 1.0) -> Sample:
        """One strip; `hardness` 0..1 bounds how small, tilted, dark, blurred and hidden it is."""
        rng = self._rng
        draw = rng.random()
        if draw < 0.04:
            return Sample(self._film(self._plain(), hardness), ())
        letters = draw > 0.97
        ink, spans, classes = self._print(letters)
        canvas = self._paint(ink)
        if draw < 0.07:
            return Sample(self._film(self._smear(canvas), hardness), ())
        hidden = np.zeros(canvas.shape, np.float32)
        if rng.random() < 0.35 * hardness:
            for _ in range(1 + (rng.random() < 0.2)):
                self._cover(canvas, hidden)
        if rng.random() < 0.3 * hardness:
            self._glare(canvas, hidden)
        seen = []
        for (left, right), one in zip(spans, classes, strict=True):
            part = ink[:, left:right].astype(np.float32)
            lost = float((part * hidden[:, left:right]).sum() / max(1.0, part.sum()))
            seen.append(UNREADABLE if lost > HIDDEN_SHARE else one)
        return Sample(self._film(canvas, hardness), tuple(seen), written(classes))

    def _print(self, letters: bool):
        """The number's coverage on the canvas, each sign's columns, and its classes."""
        rng = self._rng
        face = self._faces[int(rng.integers(len(self._faces)))]
        count = self._digits if rng.random() < 0.72 else int(rng.integers(1, 11))
        signs = [str(d) for d in rng.integers(0, 10, count)]
        if letters and "A" in face:
            signs = [str(rng.choice(list(OTHER_SIGNS))) if rng.random() < 0.6 else s for s in signs]
        tall = self._panel[1] * rng.uniform(0.2, 0.3) * CANVAS
        slant, gap = float(rng.normal(0, 0.04)), rng.uniform(0.04, 0.3) * HEIGHT
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
        along = scale * rng.uniform(0.75, 1.25)
        along = min(along, self._panel[0] * rng.uniform(0.6, 0.74) * CANVAS / line.shape[1])
        width, height = self._size
        x0 = (width - line.shape[1] * along) / 2 + rng.normal(0, 5)
        y0 = (height - tall) / 2 + rng.normal(0, 3)
        matrix = np.array([(along, -slant, x0 + slant * HEIGHT / 2), (0, scale, y0)])
        if along < 0.6 or scale < 0.6:
            line = cv2.blur(line, (max(1, round(0.5 / along)), 1))
        ink = cv2.warpAffine(line, matrix, (width, height), flags=cv2.INTER_AREA)
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

    def _film(self, canvas: np.ndarray, hardness: float) -> np.ndarray:
        """The canvas as a camera sees it and as the strip is cut from that."""
        rng = self._rng
        wide, corners = self._standing(hardness)
        to_frame = cv2.getPerspectiveTransform(self._board.astype(np.float32), corners.astype(np.float32))
        canvas = self._lit(canvas, hardness)
        # The canvas' own pixels, at their centres, in board units.
        from_canvas = np.array(
            [
                (1 / CANVAS, 0, self._corner[0] + 0.5 / CANVAS),
                (0, 1 / CANVAS, self._corner[1] + 0.5 / CANVAS),
                (0, 0, 1),
            ]
        )
        outline = np.array([[(0, 0), (canvas.shape[1], 0), canvas.shape[::-1], (0, canvas.shape[0])]], np.float32)
        around = cv2.perspectiveTransform(outline, to_frame @ from_canvas)[0]
        low = np.floor(around.min(axis=0)) - 2
        size = tuple(int(v) for v in np.ceil(around.max(axis=0)) - low + 3)
        shift = np.array([(1, 0, -low[0]), (0, 1, -low[1]), (0, 0, 1)])
        narrow = float(np.linalg.norm(corners[1] - corners[0])) / self._board[1, 0] / CANVAS
        if narrow < 0.7:
            canvas = cv2.GaussianBlur(canvas, (0, 0), 0.42 / max(0.1, narrow))
        seen = cv2.warpPerspective(
            canvas, shift @ to_frame @ from_canvas, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        seen = self._camera(seen, hardness, wide)
        found = corners + rng.normal(0, 0.25 + rng.uniform(0, 0.006) * wide * max(0.3, hardness), (4, 2))
        back = cv2.getPerspectiveTransform(self._board.astype(np.float32), found.astype(np.float32))
        scale = NARROWEST / self._board[1, 0]
        x0, y0, x1, y1 = self._box
        strip_size = (round((x1 - x0) * scale), round((y1 - y0) * scale))
        from_strip = np.array([(1 / scale, 0, x0 + 0.5 / scale), (0, 1 / scale, y0 + 0.5 / scale), (0, 0, 1)])
        return cv2.warpPerspective(
            seen,
            shift @ back @ self._loose(hardness) @ from_strip,
            strip_size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def _loose(self, hardness: float) -> np.ndarray:
        """What finding leaves besides: turned by up to three degrees, larger or smaller, moved; in board units."""
        rng = self._rng
        turn = np.radians(rng.uniform(-3, 3) * hardness) if rng.random() < 0.5 else 0.0
        wide, tall = 1 + rng.normal(0, 0.025, 2)
        x, y = self._box.reshape(2, 2).mean(axis=0)
        turned = np.array([(wide * np.cos(turn), -np.sin(turn), 0), (np.sin(turn), tall * np.cos(turn), 0), (0, 0, 1)])
        moved = np.array([(1, 0, x + rng.normal(0, 8)), (0, 1, y + rng.normal(0, 6)), (0, 0, 1)])
        return moved @ turned @ np.array([(1, 0, -x), (0, 1, -y), (0, 0, 1)])

    def _standing(self, hardness: float) -> tuple[float, np.ndarray]:
        """The board's width in pixels head on, and where its corners come to lie."""
        rng = self._rng
        wide = float(np.exp(rng.uniform(np.log(300 - 225 * hardness), np.log(560 - 260 * hardness * rng.random()))))
        yaw, pitch = np.radians(rng.uniform(-50, 50, 2) * (0.3 + 0.7 * hardness) * (1.0, 0.8))
        turn = np.radians(rng.normal(0, 8))
        flat = (self._board / self._board[1, 0] - (0.5, 0.3535)) * wide
        x, y, z = flat[:, 0] * np.cos(yaw), flat[:, 1], flat[:, 0] * np.sin(yaw)
        y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
        far = rng.uniform(3, 12) * wide
        seen = np.stack([x, y], axis=1) * (far / (far + z))[:, None]
        around = np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
        return wide, seen @ around + rng.uniform(0, 1, 2) + 1000

    def _lit(self, canvas: np.ndarray, hardness: float) -> np.ndarray:
        """Uneven light, and a shadow's edge across it."""
        rng = self._rng
        height, width = canvas.shape
        light = cv2.resize(1 + rng.normal(0, 0.12 * hardness, (2, 3)).astype(np.float32), (width, height))
        if rng.random() < 0.3 * hardness:
            shade = np.full(canvas.shape, rng.uniform(0.3, 0.85), np.float32)
            points = rng.uniform((-0.5 * width, -0.5 * height), (1.5 * width, 1.5 * height), (4, 2)).astype(np.int32)
            cv2.fillConvexPoly(shade, cv2.convexHull(points), 1.0)
            soft = 2 * int(rng.integers(1, 20)) + 1
            light = light * cv2.blur(shade, (soft, soft))
        return canvas * light

    def _camera(self, seen: np.ndarray, hardness: float, wide: float) -> np.ndarray:
        rng = self._rng
        # Blur in shares of a digit's height, which is about an eighth of the board's width.
        most = (0.05 + 0.11 * hardness * rng.random()) * wide / 8
        seen = cv2.GaussianBlur(seen, (0, 0), max(0.3, rng.uniform(0.2, max(0.45, most))))
        if rng.random() < 0.2 * hardness:
            seen = _moved(seen, rng.uniform(1.5, 1.5 + 0.03 * wide), rng.uniform(0, np.pi))
        level = (
            rng.uniform(0.7, 1.1) if rng.random() > 0.45 * hardness else np.exp(rng.uniform(np.log(0.1), np.log(0.7)))
        )
        haze = rng.uniform(0, 60) if rng.random() < 0.2 * hardness else 0.0
        seen = seen * level * (1 - haze / 255) + haze
        seen = seen + rng.normal(0, rng.uniform(0.5, 1.5 + 6 * hardness * (0.3 + 0.7 * min(1.0, level))), seen.shape)
        seen = np.clip(seen + 0.5, 0, 255).astype(np.uint8)
        if rng.random() < 0.25:
            soft = cv2.GaussianBlur(seen, (0, 0), 1.0)
            seen = cv2.addWeighted(seen, 1.6, soft, -0.6, 0)
        if rng.random() < 0.5:
            _, data = cv2.imencode(
                ".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(95 - round(60 * hardness), 98))]
            )
            seen = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        return seen


def _moved(image: np.ndarray, length: float, turn: float) -> np.ndarray:
    """Blurred along a line of `length` pixels."""
    reach = int(np.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    half = np.array([np.cos(turn), np.sin(turn)]) * length / 2 + 0.0
    start, end = np.round(reach - half).astype(int), np.round(reach + half).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())
