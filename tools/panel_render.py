"""Render pictures to train and test the panel finder: boards before anything, by day and by night, as a frame reduced.

The boards' ticks, proportions and typefaces are random: the finder is to know light panels in dark frames, not one
label family.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from label_fonts import HEIGHT as FACE_HEIGHT
from label_fonts import Face

from agent_lib.label.panel_network import REDUCE
from agent_lib.label.panels import clockwise

WIDTH, HEIGHT = 144, 112
"""Size of a picture, in pixels of the network's input."""
FINE = 2
"""Drawn pixels per pixel of the input."""
UNITS = 300
"""Pixels of a drawn board's width."""
FRAME_PIXELS = REDUCE / FINE
"""Frame pixels per drawn pixel."""
GREY_NOISE = 0.67
"""Noise of a grey frame as a share of that of its colours."""


@dataclass(frozen=True)
class Picture:
    """`image` (HEIGHT, WIDTH) uint8, and the corners of the panels in it, (N, 4, 2) float32 in its pixels."""

    image: np.ndarray
    panels: np.ndarray


class PanelRenderer:
    """Draws pictures with one random generator: the same seed and faces give the same pictures."""

    def __init__(self, faces: list[Face], rng: np.random.Generator) -> None:
        self._faces, self._rng = faces, rng

    def picture(self) -> Picture:
        """One picture: no board in a fifth of them, two in a tenth."""
        fine = self.fine()
        small = cv2.resize(fine.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return Picture(small, np.asarray((fine.panels + 0.5) / FINE - 0.5, np.float32))

    def fine(self) -> Picture:
        """`picture` before it is reduced: FINE times as large."""
        rng = self._rng
        scene = self._ground()
        for _ in range(int(rng.integers(0, 4))):
            self._distraction(scene)
        panels = []
        for _ in range(int(rng.choice((0, 1, 2), p=(0.2, 0.7, 0.1)))):
            panel = self._board(scene)
            if panel is not None and all(np.linalg.norm(panel.mean(0) - p.mean(0)) > 60 for p in panels):
                panels.append(panel)
        if rng.random() < 0.3:
            self._shade(scene, rng.uniform(0.25, 0.8))
        corners = np.array(panels, np.float32).reshape(-1, 4, 2)
        return Picture(self._camera(scene), clockwise(corners) if len(corners) else corners)

    def _ground(self) -> np.ndarray:
        """Walls, ground, windows, edges of any tone; float32, FINE times a picture's size."""
        rng = self._rng
        width, height = WIDTH * FINE, HEIGHT * FINE
        ends = rng.uniform(20, 240, (2, 2)).astype(np.float32)
        scene = cv2.resize(ends, (width, height), interpolation=cv2.INTER_LINEAR)
        for cells, strength in ((6, 18), (24, 9), (90, 6)):
            rough = rng.normal(0, strength, (cells, cells)).astype(np.float32)
            scene += cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
        for _ in range(int(rng.integers(0, 12))):
            x, y = int(rng.integers(-40, width)), int(rng.integers(-40, height))
            w, h = int(rng.integers(8, 200)), int(rng.integers(8, 160))
            tone, thick = float(rng.uniform(10, 245)), -1 if rng.random() < 0.6 else int(rng.integers(2, 10))
            if rng.random() < 0.7:
                box = cv2.boxPoints(
                    ((x, y), (w, h), float(rng.normal(0, 8) if rng.random() < 0.7 else rng.uniform(0, 90)))
                )
                if thick < 0:
                    cv2.fillConvexPoly(scene, box.astype(np.int32), tone, cv2.LINE_AA)
                else:
                    cv2.polylines(scene, [box.astype(np.int32)], True, tone, thick, cv2.LINE_AA)
            else:
                cv2.ellipse(
                    scene, (x, y), (w // 2, h // 2), float(rng.uniform(0, 180)), 0, 360, tone, thick, cv2.LINE_AA
                )
        for _ in range(int(rng.integers(0, 6))):
            a, b = rng.integers(-20, 320, (2, 2))
            cv2.line(scene, a.tolist(), b.tolist(), float(rng.uniform(10, 240)), int(rng.integers(1, 8)), cv2.LINE_AA)
        if rng.random() < 0.3:
            step, top = int(rng.integers(8, 26)), int(rng.integers(0, height))
            for y in range(top, min(height, top + int(rng.integers(40, 160))), step):
                scene[y : y + max(2, step // 3)] = float(rng.uniform(15, 60))
        return np.clip(scene, 0, 255)

    def _distraction(self, scene: np.ndarray) -> None:
        """A plate, a sheet or a sign with writing, without a dark frame; drawn in place."""
        rng = self._rng
        wide, ratio = int(rng.integers(60, 220)), rng.uniform(0.2, 0.8)
        paper, ink = float(rng.uniform(150, 250)), float(rng.uniform(5, 90))
        if rng.random() < 0.25:
            paper, ink = ink, paper
        sheet = np.full((max(16, int(wide * ratio)), wide), paper, np.float32)
        lines = int(rng.integers(1, 4))
        for place in range(lines):
            tall = int(sheet.shape[0] * rng.uniform(0.4, 0.7) / lines)
            mask = self._written(int(rng.integers(3, 10)), max(6, tall), wide - 10)
            x = (wide - mask.shape[1]) // 2
            y = int(sheet.shape[0] * (place + 0.5) / lines - mask.shape[0] / 2)
            part = sheet[max(0, y) : y + mask.shape[0], x : x + mask.shape[1]]
            part += (ink - part) * mask[: part.shape[0], : part.shape[1]]
        if rng.random() < 0.4:
            cv2.rectangle(sheet, (2, 2), (wide - 3, sheet.shape[0] - 3), ink, 1)
        self._put(scene, sheet, self._corners(rng.uniform(20, 110), sheet.shape[0] / wide))

    def _written(self, count: int, tall: int, widest: int) -> np.ndarray:
        """Coverage (rows, columns) float32 0..1 of `count` digits in a random face, at most `widest` wide."""
        rng = self._rng
        face = self._faces[int(rng.integers(len(self._faces)))]
        gap = np.zeros((FACE_HEIGHT, int(rng.uniform(0.05, 0.3) * FACE_HEIGHT)), np.uint8)
        line = np.hstack([part for sign in rng.integers(0, 10, count) for part in (face[str(sign)], gap)])
        wide = min(widest, max(4, round(line.shape[1] * tall / FACE_HEIGHT * rng.uniform(0.8, 1.1))))
        return cv2.resize(line, (wide, tall), interpolation=cv2.INTER_AREA).astype(np.float32) / 255

    def _board(self, scene: np.ndarray) -> np.ndarray | None:
        """Draw a board in place; the corners of its panel in drawn pixels, or None if it sticks out of the scene."""
        rng = self._rng
        tall = round(UNITS / rng.uniform(1.3, 1.55))
        margin = round(UNITS * rng.uniform(0.06, 0.095))
        black, paper = float(rng.uniform(8, 48)), float(rng.uniform(180, 252))
        sheet = np.full((tall, UNITS), black, np.float32)
        self._ticks(sheet, margin, paper)
        sheet[margin:-margin, margin:-margin] = paper
        self._marks(sheet, margin, black)
        mask = self._written(5, round((tall - 2 * margin) * rng.uniform(0.2, 0.31)), round(0.66 * UNITS))
        x, y = (UNITS - mask.shape[1]) // 2, (tall - mask.shape[0]) // 2
        part = sheet[y : y + mask.shape[0], x : x + mask.shape[1]]
        part += (black - part) * mask
        if rng.random() < 0.4:
            self._shade(sheet, rng.uniform(0.35, 0.8))
        if rng.random() < 0.25:
            self._glare(sheet)
        wide = np.exp(rng.uniform(np.log(70), np.log(300))) / FRAME_PIXELS
        corners = self._corners(wide, tall / UNITS)
        inner = np.array(
            [(margin, margin), (UNITS - margin, margin), (UNITS - margin, tall - margin), (margin, tall - margin)]
        )
        outer = np.array([(0, 0), (UNITS, 0), (UNITS, tall), (0, tall)], np.float32)
        to_scene = cv2.getPerspectiveTransform(outer, corners.astype(np.float32))
        panel = cv2.perspectiveTransform(inner[None].astype(np.float32), to_scene)[0]
        limits = np.array(scene.shape[::-1]) + 4
        if (corners < -6).any() or (corners > limits).any():
            return None
        self._put(scene, sheet, corners)
        if rng.random() < 0.5:
            self._cover(scene, corners)
        return panel - 0.5

    def _ticks(self, sheet: np.ndarray, margin: int, paper: float) -> None:
        rng = self._rng
        step, long = UNITS * rng.uniform(0.034, 0.045), max(3, round(margin * rng.uniform(0.3, 0.5)))
        wide, share = max(2, round(step / 3)), rng.uniform(0.2, 0.6)
        for side in (sheet, sheet[::-1], sheet.T, sheet.T[::-1]):
            for place in np.arange(0, side.shape[1] - wide, step):
                if rng.random() < share:
                    side[margin - long : margin, round(place) : round(place) + wide] = paper

    def _marks(self, sheet: np.ndarray, margin: int, black: float) -> None:
        rng = self._rng
        tall, wide = sheet.shape
        inset, size = margin + round(UNITS * 0.045), max(2, round(UNITS * 0.013))
        across, down = (
            np.linspace(inset, wide - inset, int(rng.integers(5, 11))),
            np.linspace(inset, tall - inset, int(rng.integers(3, 7))),
        )
        thick = -1 if rng.random() < 0.5 else 1
        places = [(x, y) for x in across for y in (down[0], down[-1])] + [
            (x, y) for x in (across[0], across[-1]) for y in down
        ]
        for x, y in places:
            cv2.circle(sheet, (round(x), round(y)), size, black, thick, cv2.LINE_AA)

    def _corners(self, wide: float, ratio: float) -> np.ndarray:
        """Corners (TL, TR, BR, BL) in drawn pixels of a board `wide` pixels head on, tilted, rolled, anywhere."""
        rng = self._rng
        tilt, axis = np.radians(rng.uniform(0, 52)), rng.uniform(0, 2 * np.pi)
        turn, _ = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0.0]) * tilt)
        roll, _ = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(rng.uniform(-32, 32))]))
        flat = np.array([(-0.5, -ratio / 2, 0), (0.5, -ratio / 2, 0), (0.5, ratio / 2, 0), (-0.5, ratio / 2, 0)]) * wide
        points = flat @ (turn @ roll).T
        far = rng.uniform(4, 14) * wide
        seen = points[:, :2] * (far / (far + points[:, 2:]))
        low, high = -seen.min(axis=0), np.array((WIDTH, HEIGHT)) * FINE - seen.max(axis=0)
        return seen + low + (high - low) * rng.uniform(-0.04, 1.04, 2)

    def _put(self, scene: np.ndarray, sheet: np.ndarray, corners: np.ndarray) -> None:
        """Warp a sheet into the scene in place."""
        tall, wide = sheet.shape
        span = float(max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]), 4.0))
        scale = min(1.0, span / wide)
        small = cv2.resize(
            sheet, (max(4, round(wide * scale)), max(4, round(tall * scale))), interpolation=cv2.INTER_AREA
        )
        source = np.array([(0, 0), (small.shape[1], 0), small.shape[::-1], (0, small.shape[0])], np.float32) - 0.5
        matrix = cv2.getPerspectiveTransform(source, (corners - 0.5).astype(np.float32))
        low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 1, 0, scene.shape[::-1])
        high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, 0, scene.shape[::-1])
        if (high <= low).any():
            return
        matrix = np.array([(1, 0, -low[0]), (0, 1, -low[1]), (0, 0, 1)]) @ matrix
        size = tuple(int(v) for v in high - low)
        part = scene[low[1] : high[1], low[0] : high[0]]
        drawn = cv2.warpPerspective(small, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        part += (drawn - part) * cv2.warpPerspective(np.ones_like(small), matrix, size)

    def _cover(self, scene: np.ndarray, corners: np.ndarray) -> None:
        """A strap or fingers over one side of a board, in place."""
        rng = self._rng
        edge = int(rng.integers(4))
        a, b = corners[edge], corners[(edge + 1) % 4]
        inward = (corners[(edge + 2) % 4] + corners[(edge + 3) % 4] - a - b) / 2
        along, tone = b - a, float(rng.uniform(8, 235))
        if rng.random() < 0.6:
            start, end = rng.uniform(-0.1, 0.03), rng.uniform(0.06, 0.24)
            lean = rng.normal(0, 0.02, 2)
            quad = [a - 0.2 * along + inward * (start + lean[0]), b + 0.2 * along + inward * (start - lean[0]),
                    b + 0.2 * along + inward * (end - lean[1]), a - 0.2 * along + inward * (end + lean[1])]  # fmt: skip
            cv2.fillConvexPoly(scene, np.round(np.array(quad) * 16).astype(np.int32), tone, cv2.LINE_AA, 4)
            return
        first, wide = rng.uniform(0.05, 0.6), rng.uniform(0.06, 0.11)
        for finger in range(int(rng.integers(1, 5))):
            root = a + along * (first + finger * wide) - inward * 0.2
            tip = a + along * (first + finger * wide) + inward * rng.uniform(0.05, 0.24)
            thick = max(2, round(float(np.linalg.norm(along)) * wide * 0.9))
            cv2.line(
                scene,
                np.round(root).astype(int).tolist(),
                np.round(tip).astype(int).tolist(),
                tone + float(rng.normal(0, 5)),
                thick,
                cv2.LINE_AA,
            )

    def _shade(self, sheet: np.ndarray, level: float) -> None:
        """A cast shadow with an edge of any softness, in place."""
        rng = self._rng
        height, width = sheet.shape
        box = cv2.boxPoints(
            (
                (rng.uniform(0, width), rng.uniform(0, height)),
                (3 * width, rng.uniform(0.1, 1.0) * width),
                float(rng.uniform(0, 180)),
            )
        )
        mask = np.zeros(sheet.shape, np.float32)
        cv2.fillConvexPoly(mask, box.astype(np.int32), 1.0, cv2.LINE_AA)
        soft = 2 * int(rng.integers(0, 10)) + 1
        sheet *= 1 - (1 - level) * cv2.blur(mask, (soft, soft))

    def _glare(self, sheet: np.ndarray) -> None:
        rng = self._rng
        height, width = sheet.shape
        spot = np.zeros(sheet.shape, np.float32)
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(rng.uniform(15, 100)), int(rng.uniform(8, 45)))
        cv2.ellipse(spot, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        soft = 2 * int(rng.integers(6, 20)) + 1
        sheet += cv2.blur(spot, (soft, soft)) * rng.uniform(30, 190)

    def _camera(self, scene: np.ndarray) -> np.ndarray:
        """Exposure, headlights, rain, blur, motion and the noise that is left in a grey frame; uint8."""
        rng = self._rng
        level = float(np.exp(rng.uniform(np.log(0.1), np.log(1.0))))
        seen = np.clip(scene, 0, 255) * level
        if rng.random() < 0.2:
            for _ in range(int(rng.integers(3, 40))):
                x, y, long = rng.uniform(0, scene.shape[1]), rng.uniform(0, scene.shape[0]), rng.uniform(4, 25)
                end = (int(x + rng.normal(0, 0.2) * long), int(y + long))
                cv2.line(seen, (int(x), int(y)), end, float(rng.uniform(20, 130)) * level + 20, 1, cv2.LINE_AA)
        if rng.random() < 0.35:
            y, x = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
            far = np.hypot(x - rng.uniform(-100, 400), y - rng.uniform(-80, 300))
            seen += np.float32(rng.uniform(5, 45)) / (1 + far / 80)
            if rng.random() < 0.4:
                seen += np.float32(rng.uniform(120, 300)) / (1 + (far / np.float32(rng.uniform(6, 36))) ** 2)
        seen = cv2.GaussianBlur(seen, (0, 0), float(np.hypot(rng.uniform(0.3, 2.4), 0.5)) / FRAME_PIXELS)
        long = rng.uniform(1, 9) / FRAME_PIXELS
        if rng.random() < 0.7 and long > 1:
            turn = rng.uniform(0, np.pi)
            kernel = np.zeros((7, 7), np.float32)
            half = np.array((np.cos(turn), np.sin(turn))) * long / 2
            cv2.line(
                kernel,
                *(np.round((3 + way * half) * 16).astype(int).tolist() for way in (-1, 1)),
                1.0,
                1,
                cv2.LINE_AA,
                4,
            )
            seen = cv2.filter2D(seen, -1, kernel / kernel.sum())
        sigma = rng.uniform(1, 17) * GREY_NOISE
        share = rng.uniform(0, 0.6) if rng.random() < 0.5 else 0.0
        seen += rng.standard_normal(seen.shape, np.float32) * np.float32(sigma * np.sqrt(1 - share**2) / FRAME_PIXELS)
        if share:
            size = rng.uniform(2, 7) / FRAME_PIXELS
            spots = rng.standard_normal((int(seen.shape[0] / size), int(seen.shape[1] / size)), np.float32)
            seen += cv2.resize(spots, seen.shape[::-1], interpolation=cv2.INTER_CUBIC) * np.float32(sigma * share)
        return np.clip(seen + 0.5, 0, 255).astype(np.uint8)
