"""A gate with a vehicle that drives in, stands and leaves, as the station's cameras see it.

Everything static is rendered once; a frame is then one resize, one masked copy and one addition. The same seed, index
and kind give the same pictures.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from agent_lib.runtime.arrays import Image, Points
from agent_lib.simulator import scene_background, scene_vehicle

KINDS = ("primary", "secondary")
SIZE = (1920, 1080)
BLANK_ROWS = 64


@dataclass(frozen=True)
class Light:
    """How the camera sees this gate: gain per channel (B, G, R), gamma, blur and noise."""

    gain: tuple[float, float, float]
    gamma: float
    blur: float
    noise: float


def _kind_code(kind: str) -> int:
    if kind not in KINDS:
        raise ValueError(f"A scene's kind is one of {', '.join(KINDS)}, not {kind!r}.")
    return KINDS.index(kind)


@lru_cache(maxsize=8)
def _light(seed: int) -> Light:
    rng = np.random.default_rng([seed, 11])
    name = rng.choice(("day", "overcast", "evening", "lamps"), p=(0.4, 0.3, 0.2, 0.1))
    gain, gamma, noise = {
        "day": ((1.0, 1.0, 1.02), 1.0, 2.0),
        "overcast": ((0.86, 0.84, 0.82), 1.05, 2.5),
        "evening": ((0.5, 0.58, 0.7), 1.1, 4.0),
        "lamps": ((0.3, 0.4, 0.5), 1.05, 6.0),
    }[str(name)]
    return Light(gain, gamma, float(rng.uniform(0.3, 1.0)), noise * float(rng.uniform(0.7, 1.3)))


def _lit(image: Image, light: Light, factor: float = 1.0) -> Image:
    level = (np.arange(256, dtype=np.float32) / 255) ** light.gamma * 255 * factor
    table = np.stack([np.clip(level * g, 0, 255) for g in light.gain], axis=1).astype(np.uint8)
    return cv2.GaussianBlur(cv2.LUT(image, table[:, None, :]), (0, 0), light.blur)


@lru_cache(maxsize=4)
def _background(seed: int, kind: str, size: tuple[int, int]) -> Image:
    rng = np.random.default_rng([seed, 7, _kind_code(kind)])
    image = scene_background.gate(rng, kind)
    if size != scene_background.BASE:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return _lit(image, _light(seed))


@lru_cache(maxsize=4)
def _grain(level: float, size: tuple[int, int]) -> Image:
    """Sensor noise around 128, taller than a frame by some rows so that it can slide."""
    tile = np.random.default_rng(5).normal(128, level, (256, 320, 3))
    repeat = (-(-(size[1] + BLANK_ROWS) // 256), -(-size[0] // 320), 1)
    whole = np.tile(np.clip(tile, 0, 255).astype(np.uint8), repeat)
    return np.ascontiguousarray(whole[: size[1] + BLANK_ROWS, : size[0]])


def _with_noise(image: Image, light: Light, step: int) -> Image:
    height, width = image.shape[:2]
    row = step * 37 % BLANK_ROWS
    grain = _grain(light.noise, (width, height))[row : row + height]
    return cv2.addWeighted(image, 1.0, grain, 1.0, -128.0, dst=image)


def empty_gate(seed: int, kind: str = "primary", size: tuple[int, int] = SIZE) -> Image:
    """The gate without a vehicle: a new (height, width, 3) BGR uint8 picture."""
    size = (int(size[0]), int(size[1]))
    return _with_noise(_background(seed, kind, size).copy(), _light(seed), 0)


class Scene:
    """One vehicle at one gate camera. Thread-safe.

    `number` is the label's; None or "" gives an unreadable label. "secondary" is the camera behind the vehicle: another
    view of the same arrival, without a label. `plate` is painted on it; empty: one that follows from seed and index.
    """

    def __init__(
        self,
        seed: int,
        index: int,
        number: str | None,
        kind: str = "primary",
        size: tuple[int, int] = SIZE,
        plate: str = "",
    ) -> None:
        self.seed, self.index, self.kind = int(seed), int(index), kind
        self.number = number or ""
        self._own_plate = plate
        self.size = (int(size[0]), int(size[1]))
        self._code = _kind_code(kind)
        self._lock = threading.Lock()
        self._sprite: scene_vehicle.Sprite | None = None

    def frame(self, position: float) -> Image:
        """The picture at `position`: 0 coming into view, 1 standing, 2 gone; (h, w, 3) BGR uint8.

        The label is in view and readable from about 0.5. Each call returns a new array.
        """
        position = min(2.0, max(0.0, float(position)))
        image = _background(self.seed, self.kind, self.size).copy()
        self._draw(image, position)
        return _with_noise(image, _light(self.seed), round(position * 1000))

    def label_corners(self, position: float) -> Points | None:
        """The label's TL, TR, BR, BL corners in that frame, (4, 2) float32; None on the secondary camera.

        They may lie outside the picture.
        """
        label = self._vehicle().label
        return None if label is None else self._in_frame(label, position)

    @property
    def plate(self) -> str:
        """The text of the licence plate that is painted on this side of the vehicle."""
        return self._vehicle().plate

    def plate_corners(self, position: float) -> Points:
        """The licence plate's TL, TR, BR, BL corners in that frame, (4, 2) float32."""
        left, top, right, bottom = scene_vehicle.PLATE if self.kind == "primary" else scene_vehicle.REAR_PLATE
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
        return self._in_frame(corners, position)

    def _in_frame(self, points: Points, position: float) -> Points:
        """Points of the sprite as pixels of the frame at `position`."""
        scale, x, y = self._pose(min(2.0, max(0.0, float(position))))
        return np.asarray((points + 0.5) * scale + np.array((x, y)) - 0.5, np.float32)

    def _vehicle(self) -> scene_vehicle.Sprite:
        with self._lock:
            if self._sprite is None:
                rng = np.random.default_rng([self.seed, self.index, self._code, 3])
                sprite = scene_vehicle.render(rng, self.kind, self.number, self._own_plate)
                sprite.image = _lit(sprite.image, _light(self.seed), float(rng.uniform(0.88, 1.08)))
                self._sprite = sprite
            return self._sprite

    def _pose(self, position: float) -> tuple[float, int, int]:
        """Scale of the sprite, and its top left corner in pixels of the frame."""
        width, height = self.size
        if position <= 1:
            done = 1 - (1 - position) ** 2
            scale, x, y = 0.5 + 0.5 * done, -0.14 + 0.64 * done, 0.6 + 0.36 * done
        else:
            done = (position - 1) ** 2
            scale, x, y = 1 + 0.3 * done, 0.5 + 0.85 * done, 0.96 + 0.12 * done
        if self.kind == "secondary":
            x = 1 - x
        scale *= height / 1080
        left = round(x * width - scale * scene_vehicle.WIDTH / 2)
        return scale, left, round(y * height - scale * scene_vehicle.HEIGHT)

    def _draw(self, image: Image, position: float) -> None:
        sprite = self._vehicle()
        scale, x, y = self._pose(position)
        height, width = image.shape[:2]
        span = (round(scene_vehicle.WIDTH * scale), round(scene_vehicle.HEIGHT * scale))
        left, top = max(0, -x), max(0, -y)
        right, bottom = min(span[0], width - x), min(span[1], height - y)
        if right <= left or bottom <= top:
            return
        self._shadow(image, x + span[0] // 2, y + span[1], span[0])
        vehicle, mask = sprite.image, sprite.mask
        if scale != 1.0:
            matrix = np.array([(scale, 0, scale / 2 - 0.5), (0, scale, scale / 2 - 0.5)], np.float32)
            vehicle = cv2.warpAffine(vehicle, matrix, span, borderMode=cv2.BORDER_REPLICATE)
            mask = cv2.warpAffine(mask, matrix, span)
        if position < 0.75:
            vehicle = cv2.blur(vehicle, (3 if position > 0.4 else 5, 1))
        cv2.copyTo(
            vehicle[top:bottom, left:right],
            mask[top:bottom, left:right],
            image[y + top : y + bottom, x + left : x + right],
        )

    @staticmethod
    def _shadow(image: Image, x: int, y: int, span: int) -> None:
        height, width = image.shape[:2]
        reach, deep = round(span * 0.52), round(span * 0.045)
        x0, x1 = max(0, x - reach), min(width, x + reach)
        y0, y1 = max(0, y - deep), min(height, y + deep)
        if x1 <= x0 or y1 <= y0:
            return
        part = image[y0:y1, x0:x1]
        mask = np.zeros(part.shape[:2], np.uint8)
        cv2.ellipse(mask, (x - x0, y - y0), (reach, deep), 0, 0, 360, 255, -1)
        cv2.copyTo(cv2.convertScaleAbs(part, alpha=0.5), mask, part)
