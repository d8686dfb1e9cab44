"""Photograph a printed canvas as a gate's camera does, and cut the strip of digits as it is cut from a found label.

The canvas is projected into a picture at the size that a label has there, degraded (light, blur, noise, JPEG), and
warped back with corners that are as inexact as found ones. By night the ranges are those of small, tilted boards in the
dark: see `NIGHT`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.label.code import LabelCode
from agent_lib.label.reader import NARROWEST

CANVAS = 0.5
"""Canvas pixels per board unit."""


@dataclass(frozen=True)
class NightRanges:
    """A board by night: width (px), tilt and roll (degrees), exposure, noise of the grey picture and blur (sigma),
    motion (px), JPEG quality.
    """

    width: tuple[float, float] = (78.0, 212.0)
    tilt: tuple[float, float] = (8.0, 52.0)
    roll: float = 30.0
    exposure: tuple[float, float] = (0.1, 0.55)
    noise: tuple[float, float] = (3.0, 12.0)
    blur: tuple[float, float] = (0.3, 2.4)
    motion: tuple[float, float] = (1.0, 9.0)
    quality: tuple[int, int] = (28, 70)


NIGHT = NightRanges()
MOVING = 0.85
"""Share of the pictures by night with motion blur."""
# Bounds beyond which nobody could read a digit, so that nothing is learnt from it: blur and motion as shares of the
# board's width, and noise as a share of the contrast between paper and ink.
MOST_BLUR, MOST_MOTION, MOST_NOISE = 0.023, 0.08, 0.75


@dataclass(frozen=True)
class Shot:
    """A photographed canvas: the picture (grey uint8), the board's width in pixels head on, where its corners lie in
    the frame (4, 2), and what takes the frame's pixels to the picture's (3, 3).
    """

    picture: np.ndarray
    wide: float
    corners: np.ndarray
    shift: np.ndarray


class Film:
    """The camera, for canvases whose first pixel lies at `corner` of the board; `box` is the strip's x0, y0, x1, y1.

    Both are in board units.
    """

    def __init__(
        self,
        code: LabelCode,
        corner: np.ndarray,
        box: np.ndarray,
        rng: np.random.Generator,
        ranges: NightRanges = NIGHT,
    ) -> None:
        self._corner, self._box, self._rng, self._night = corner, box, rng, ranges
        self._board = np.array([(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)], np.float64)

    def strip(self, canvas: np.ndarray, hardness: float, night: bool) -> np.ndarray:
        """The strip (height, width) grey uint8 of a canvas as a camera sees it."""
        shot = self.shot(canvas, hardness, night)
        found = shot.corners + self._errors(shot.wide, hardness, night)
        back = cv2.getPerspectiveTransform(self._board.astype(np.float32), found.astype(np.float32))
        scale = NARROWEST / self._board[1, 0]
        x0, y0, x1, y1 = self._box
        strip_size = (round((x1 - x0) * scale), round((y1 - y0) * scale))
        from_strip = np.array([(1 / scale, 0, x0 + 0.5 / scale), (0, 1 / scale, y0 + 0.5 / scale), (0, 0, 1)])
        return cv2.warpPerspective(
            shot.picture,
            shot.shift @ back @ self._loose(hardness, night) @ from_strip,
            strip_size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def shot(self, canvas: np.ndarray, hardness: float, night: bool) -> Shot:
        """A canvas (float32) as a camera sees it."""
        wide, corners = self._far() if night else self._standing(hardness)
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
        seen = self._dark(seen, wide) if night else self._camera(seen, hardness, wide)
        return Shot(seen, wide, corners, shift)

    def _errors(self, wide: float, hardness: float, night: bool) -> np.ndarray:
        """How far found corners lie from the true ones, (4, 2) pixels; a side under a strap is worse than the rest."""
        rng = self._rng
        if not night:
            return rng.normal(0, 0.25 + rng.uniform(0, 0.006) * wide * max(0.3, hardness), (4, 2))
        errors = rng.normal(0, 0.2 + rng.uniform(0, 0.007) * wide, (4, 2))
        if rng.random() < 0.25:
            side = int(rng.integers(4))
            errors[[side, (side + 1) % 4]] += rng.normal(0, 0.012 * wide, (2, 2))
        return errors

    def _loose(self, hardness: float, night: bool) -> np.ndarray:
        """What finding leaves besides: turned by up to three degrees, larger or smaller, moved; in board units.

        Half as much by night, where the whole border is fitted (`agent_lib.label.fit`): with the errors of the corners
        that is still more than what that leaves (measured: the strip 4 units beside its place, 1.3 % off its size).
        """
        rng = self._rng
        share = 0.5 if night else 1.0
        turn = np.radians(rng.uniform(-3, 3) * hardness * share) if rng.random() < 0.5 else 0.0
        wide, tall = 1 + rng.normal(0, 0.025 * share, 2)
        x, y = self._box.reshape(2, 2).mean(axis=0)
        turned = np.array([(wide * np.cos(turn), -np.sin(turn), 0), (np.sin(turn), tall * np.cos(turn), 0), (0, 0, 1)])
        moved = np.array([(1, 0, x + rng.normal(0, 8 * share)), (0, 1, y + rng.normal(0, 6 * share)), (0, 0, 1)])
        return moved @ turned @ np.array([(1, 0, -x), (0, 1, -y), (0, 0, 1)])

    def _standing(self, hardness: float) -> tuple[float, np.ndarray]:
        """The board's width in pixels head on, and where its corners come to lie."""
        rng = self._rng
        wide = float(np.exp(rng.uniform(np.log(300 - 225 * hardness), np.log(560 - 260 * hardness * rng.random()))))
        yaw, pitch = np.radians(rng.uniform(-50, 50, 2) * (0.3 + 0.7 * hardness) * (1.0, 0.8))
        return wide, self._seen(wide, yaw, pitch, np.radians(rng.normal(0, 8)))

    def _far(self) -> tuple[float, np.ndarray]:
        """`_standing` by night: small, turned away about any axis, and rolled."""
        rng = self._rng
        wide = float(np.exp(rng.uniform(*np.log(self._night.width))))
        tilt, axis = np.radians(rng.uniform(*self._night.tilt)), rng.uniform(0, 2 * np.pi)
        roll = np.radians(rng.uniform(-self._night.roll, self._night.roll))
        return wide, self._seen(wide, tilt * np.cos(axis), tilt * np.sin(axis), roll)

    def _seen(self, wide: float, yaw: float, pitch: float, roll: float) -> np.ndarray:
        """The corners (4, 2) of a board turned about its upright, its level and its normal axis (radians)."""
        rng = self._rng
        flat = (self._board / self._board[1, 0] - (0.5, 0.3535)) * wide
        x, y, z = flat[:, 0] * np.cos(yaw), flat[:, 1], flat[:, 0] * np.sin(yaw)
        y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
        far = rng.uniform(3, 12) * wide
        seen = np.stack([x, y], axis=1) * (far / (far + z))[:, None]
        around = np.array([(np.cos(roll), np.sin(roll)), (-np.sin(roll), np.cos(roll))])
        return seen @ around + rng.uniform(0, 1, 2) + 1000

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
            seen = _compressed(seen, int(rng.integers(95 - round(60 * hardness), 98)))
        return seen

    def _dark(self, seen: np.ndarray, wide: float) -> np.ndarray:
        """The picture (float32) by night: rain, headlights, blur and motion first, noise after the exposure."""
        rng = self._rng
        if rng.random() < 0.2:
            self._rain(seen)
        level = float(rng.uniform(*self._night.exposure))
        veil = rng.uniform(5, 70) if rng.random() < 0.2 else 0.0
        seen = seen * level + veil * self._slope(seen.shape)
        blur = rng.uniform(self._night.blur[0], min(self._night.blur[1], MOST_BLUR * wide))
        seen = cv2.GaussianBlur(seen, (0, 0), blur)
        if rng.random() < MOVING:
            longest = min(self._night.motion[1], MOST_MOTION * wide)
            seen = _moved(seen, rng.uniform(self._night.motion[0], longest), rng.uniform(0, np.pi))
        sigma = min(rng.uniform(*self._night.noise), MOST_NOISE * 170 * level)
        seen = np.clip(seen + self._noise(seen.shape, sigma), 0, 255).astype(np.uint8)
        if rng.random() < 0.12:
            seen = cv2.medianBlur(seen, 3) if rng.random() < 0.5 else cv2.GaussianBlur(seen, (0, 0), 0.8)
        if rng.random() < 0.75:
            seen = _compressed(seen, int(rng.integers(*self._night.quality)))
        return seen

    def _noise(self, shape: tuple[int, ...], sigma: float) -> np.ndarray:
        """Grain, and a share of it in blotches of a few pixels."""
        rng = self._rng
        share = rng.uniform(0, 0.6) if rng.random() < 0.6 else 0.0
        noise = rng.normal(0, sigma * np.sqrt(1 - share * share), shape).astype(np.float32)
        if share:
            size = rng.uniform(1.5, 6.0)
            small = (max(2, int(shape[1] / size)), max(2, int(shape[0] / size)))
            spots = rng.normal(0, sigma * share * 1.4, small[::-1]).astype(np.float32)
            noise += cv2.resize(spots, shape[::-1], interpolation=cv2.INTER_CUBIC)
        return noise

    def _slope(self, shape: tuple[int, ...]) -> np.ndarray:
        """Light scattered in the lens: more at one side than at the other, 0..1."""
        ends = self._rng.uniform(0, 1, (2, 2)).astype(np.float32)
        return cv2.resize(ends, shape[::-1], interpolation=cv2.INTER_LINEAR)

    def _rain(self, seen: np.ndarray) -> None:
        """Bright streaks, and drops in which the picture is blurred, drawn in place."""
        rng = self._rng
        height, width = seen.shape
        slant = rng.normal(0, 0.25)
        light = seen.copy()
        for _ in range(int(rng.integers(1, 9))):
            x, y, long = rng.uniform(0, width), rng.uniform(-10, height), rng.uniform(6, 40)
            end = (int(x + slant * long), int(y + long))
            cv2.line(light, (int(x), int(y)), end, float(rng.uniform(120, 330)), 1, cv2.LINE_AA)
        share = rng.uniform(0.15, 0.6)
        seen[:] = seen * (1 - share) + light * share
        for _ in range(int(rng.integers(0, 3))):
            mask = np.zeros(seen.shape, np.float32)
            centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
            cv2.circle(mask, centre, int(rng.integers(3, 14)), 1.0, -1, cv2.LINE_AA)
            seen[:] = seen * (1 - mask) + cv2.GaussianBlur(seen, (0, 0), rng.uniform(1.5, 5)) * mask


def _compressed(seen: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def _moved(image: np.ndarray, length: float, turn: float) -> np.ndarray:
    """Blurred along a line of `length` pixels, any length and direction."""
    reach = int(np.ceil(length / 2)) + 1
    fine = 8
    half = np.array([np.cos(turn), np.sin(turn)]) * length / 2
    places = reach + np.linspace(-1, 1, int(fine * length) + 2)[:, None] * half
    size = 2 * reach + 1
    kernel = np.zeros((size, size), np.float32)
    low = np.floor(places).astype(int)
    rest = places - low
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        share = np.abs(1 - right - rest[:, 0]) * np.abs(1 - down - rest[:, 1])
        np.add.at(kernel, (low[:, 1] + down, low[:, 0] + right), share)
    return cv2.filter2D(image, -1, kernel / kernel.sum())
