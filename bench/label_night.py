"""The gate by night, for the benchmark: what lies over a label, and a small sensor's camera in the dark.

Nothing of it is shared with what draws the label reader's training (`tools/label_film.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from label_pose import FRAME, band, cloth

Cover = tuple[np.ndarray, tuple[int, int, int]]


@dataclass(frozen=True)
class Night:
    """Ranges by night: board width head on (px), tilt and roll (degrees), exposure (share of a normal one), noise after
    it (sigma of 255), blur (sigma), motion (px), JPEG quality; and how often there is what else the night has.
    """

    width: tuple[float, float] = (83.0, 195.0)
    tilt: tuple[float, float] = (16.0, 50.0)
    roll: float = 30.0
    exposure: tuple[float, float] = (0.1, 0.5)
    noise: tuple[float, float] = (7.0, 16.0)
    blur: tuple[float, float] = (0.3, 2.4)
    motion: tuple[int, int] = (1, 9)
    quality: tuple[int, int] = (28, 60)
    blotches: float = 0.5
    shadow: float = 0.4
    glare: float = 0.25
    rain: float = 0.25
    drops: float = 0.2
    headlights: float = 0.35


NIGHT = Night()


def over_an_edge(rng: np.random.Generator) -> tuple[str, list[Cover]]:
    """A strap or a hand over one edge of a board, in board units, and its name."""
    edge = int(rng.integers(4))
    if rng.random() < 0.6:
        return "strap", [(band(edge, rng.uniform(-70, 20), rng.uniform(60, 185), rng), cloth(rng))]
    skin = tuple(int(v) for v in np.array((95, 130, 175)) * rng.uniform(0.35, 1.15) + rng.normal(0, 6, 3))
    skin = tuple(max(5, min(245, v)) for v in skin)
    length, deep = (1191, 842) if edge in (0, 2) else (842, 1191)
    fingers, first, wide = int(rng.integers(1, 5)), rng.uniform(0.1, 0.6) * length, rng.uniform(70, 110)
    found = []
    for one in range(fingers):
        x, reach = first + one * wide, rng.uniform(60, 190)
        tip = [(x + wide * 0.46 * np.cos(t), reach + wide * 0.46 * np.sin(t)) for t in np.linspace(np.pi, 0, 12)]
        finger = np.array([(x - wide * 0.46, -180), *tip, (x + wide * 0.46, -180)])
        if edge == 2:
            finger[:, 1] = deep - finger[:, 1]
        elif edge in (1, 3):
            finger = finger[:, ::-1].copy()
            if edge == 1:
                finger[:, 0] = deep - finger[:, 0]
        tone = tuple(max(4, min(250, v + int(rng.normal(0, 5)))) for v in skin)
        found.append((finger, tone))
    return "hand", found


def lit(sheet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A board with cast shadows and a lamp's reflection in the glass before it; BGR uint8."""
    height, width = sheet.shape[:2]
    light = np.ones((height, width), np.float32)
    if rng.random() < NIGHT.shadow:
        for _ in range(int(rng.integers(1, 3))):
            shade = np.zeros((height, width), np.float32)
            x, y, turn = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, np.pi)
            box = cv2.boxPoints(((x, y), (3 * width, rng.uniform(80, 900)), float(np.degrees(turn))))
            cv2.fillConvexPoly(shade, box.astype(np.int32), 1.0)
            soft = int(rng.integers(1, 30)) * 2 + 1
            light *= 1 - rng.uniform(0.2, 0.6) * cv2.blur(shade, (soft, soft))
    sheet = sheet * light[..., None]
    if rng.random() < NIGHT.glare:
        spot = np.zeros((height, width), np.float32)
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(rng.uniform(60, 380)), int(rng.uniform(30, 160)))
        cv2.ellipse(spot, centre, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
        spot = cv2.GaussianBlur(cv2.resize(spot, (width // 8, height // 8)), (0, 0), rng.uniform(3, 9))
        tint = np.float32(rng.uniform(0.75, 1.0, 3)) * rng.uniform(40, 190)
        sheet = sheet + cv2.resize(spot, (width, height))[..., None] * tint
    return np.clip(sheet, 0, 255).astype(np.uint8)


@dataclass
class Camera:
    """One camera in one night: what stays the same from frame to frame."""

    exposure: float
    noise: float
    blotch: float
    blur: float
    motion: int
    direction: float
    quality: int
    tint: np.ndarray
    glow: np.ndarray | None
    rain: bool
    drops: list[tuple[int, int, int, float]]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Camera:
        """A camera at one moment of the night."""
        exposure = float(rng.uniform(*NIGHT.exposure))
        low, high = NIGHT.exposure
        dark = (high - exposure) / (high - low)
        noise = NIGHT.noise[0] + (NIGHT.noise[1] - NIGHT.noise[0]) * (0.6 * dark + 0.4 * rng.random())
        drops = []
        if rng.random() < NIGHT.drops:
            drops = [
                (int(rng.integers(FRAME[0])), int(rng.integers(FRAME[1])), int(rng.integers(8, 42)), rng.uniform(2, 7))
                for _ in range(int(rng.integers(10, 60)))
            ]
        return cls(
            exposure,
            noise,
            float(rng.uniform(0.2, 0.6)) if rng.random() < NIGHT.blotches else 0.0,
            float(rng.uniform(*NIGHT.blur)),
            int(rng.integers(NIGHT.motion[0], NIGHT.motion[1] + 1)),
            float(rng.uniform(0, np.pi)),
            int(rng.integers(NIGHT.quality[0], NIGHT.quality[1] + 1)),
            rng.uniform(0.85, 1.12, 3),
            _headlights(rng) if rng.random() < NIGHT.headlights else None,
            rng.random() < NIGHT.rain,
            drops,
        )

    def trembling(self, rng: np.random.Generator) -> Camera:
        """The same camera when what it sees moves in another way."""
        motion = int(rng.integers(NIGHT.motion[0], NIGHT.motion[1] + 1))
        return replace(self, motion=motion, direction=float(rng.uniform(0, np.pi)))

    def on_sensor(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What falls on the sensor of what stands before the camera (both BGR uint8): a frame without its noise."""
        if self.rain:
            image = _rained(image, rng)
        table = np.clip(np.arange(256)[:, None] * (self.exposure * self.tint), 0, 255).astype(np.uint8)[:, None]
        image = cv2.LUT(image, table)
        if self.glow is not None:
            image = cv2.add(image, cv2.resize(self.glow, FRAME, interpolation=cv2.INTER_LINEAR))
        image = _blurred(image, self.blur, self.motion, self.direction)
        for x, y, size, soft in self.drops:
            _drop(image, x, y, size, soft)
        return image

    def frame(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One frame of what stands before the camera (BGR uint8)."""
        image = self.noisy(self.on_sensor(image, rng), rng)
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return cv2.imdecode(data, cv2.IMREAD_COLOR)

    def noisy(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What the sensor makes of what falls on it (BGR uint8), before JPEG."""
        return np.clip(image + grain(self.noise, self.blotch, rng) + 0.5, 0, 255).astype(np.uint8)


def grain(sigma: float, blotch: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of a frame (its shape, float32), of each colour on its own; a share `blotch` of it in coloured blotches."""
    noise = _cut(_grain(), rng) * np.float32(sigma * np.sqrt(1 - blotch**2))
    if blotch:
        noise += _cut(_blotches(), rng) * np.float32(sigma * blotch)
    return noise


def _blurred(image: np.ndarray, blur: float, motion: int, direction: float) -> np.ndarray:
    image = cv2.GaussianBlur(image, (0, 0), blur)
    if motion < 2:
        return image
    steps = np.linspace(-0.5, 0.5, 4 * motion + 1)[:, None] * motion * np.array([np.cos(direction), np.sin(direction)])
    reach = motion // 2 + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for x, y in steps + reach:
        i, j = int(x), int(y)
        for dx, dy, share in ((0, 0, (1 - x + i) * (1 - y + j)), (1, 0, (x - i) * (1 - y + j))):
            kernel[j + dy, i + dx] += share
        for dx, dy, share in ((0, 1, (1 - x + i) * (y - j)), (1, 1, (x - i) * (y - j))):
            kernel[j + dy, i + dx] += share
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _headlights(rng: np.random.Generator) -> np.ndarray:
    """The light that headlights scatter over the picture, an eighth of its size, BGR uint8."""
    width, height = FRAME[0] // 8, FRAME[1] // 8
    y, x = np.mgrid[:height, :width].astype(np.float32)
    glow = np.zeros((height, width), np.float32)
    left, apart, level = rng.uniform(0, width), rng.uniform(15, 90), rng.uniform(0.4, 1.0) * height
    for place in (left, left + apart):
        far = np.hypot(x - place, y - level)
        glow += rng.uniform(120, 300) / (1 + (far / rng.uniform(3, 9)) ** 2) + rng.uniform(5, 45) / (1 + far / 40)
    return np.clip(glow[..., None] * np.float32((1.0, 0.97, 0.9)), 0, 255).astype(np.uint8)


def _rained(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    streaks = np.zeros(image.shape[:2], np.uint8)
    slant = rng.normal(0, 0.2)
    for _ in range(int(rng.integers(200, 900))):
        x, y, long = int(rng.integers(FRAME[0])), int(rng.integers(FRAME[1])), int(rng.integers(8, 50))
        cv2.line(streaks, (x, y), (round(x + slant * long), y + long), int(rng.integers(30, 130)), 1, cv2.LINE_AA)
    return cv2.add(image, cv2.cvtColor(streaks, cv2.COLOR_GRAY2BGR))


def _drop(image: np.ndarray, x: int, y: int, size: int, soft: float) -> None:
    """A drop on the glass before the lens, in place: what is behind it is soft and a little brighter."""
    part = image[max(0, y - size) : y + size, max(0, x - size) : x + size]
    if min(part.shape[:2]) < 4:
        return
    mask = np.zeros(part.shape[:2], np.float32)
    cv2.circle(mask, (part.shape[1] // 2, part.shape[0] // 2), max(2, size - 2), 1.0, -1, cv2.LINE_AA)
    behind = cv2.GaussianBlur(part, (0, 0), soft).astype(np.float32) * 1.1
    part[:] = np.clip(part * (1 - mask[..., None]) + behind * mask[..., None], 0, 255).astype(np.uint8)


TILE = (1500, 2200)


@lru_cache(maxsize=1)
def _grain() -> np.ndarray:
    return np.random.default_rng(911).standard_normal((*TILE, 3), dtype=np.float32)


@lru_cache(maxsize=1)
def _blotches() -> np.ndarray:
    """Noise of a few pixels' size, another in each colour, of standard deviation 1."""
    rng = np.random.default_rng(912)
    total = np.zeros((*TILE, 3), np.float32)
    for size in (2, 4, 7):
        small = rng.standard_normal((TILE[0] // size, TILE[1] // size, 3), dtype=np.float32)
        total += cv2.resize(small, TILE[::-1], interpolation=cv2.INTER_CUBIC)
    return total / total.std()


def _cut(tile: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A part of the tile of a frame's size, turned one of four ways."""
    y, x = int(rng.integers(TILE[0] - FRAME[1])), int(rng.integers(TILE[1] - FRAME[0]))
    part = tile[y : y + FRAME[1], x : x + FRAME[0]]
    return part[:: int(rng.choice((-1, 1))), :: int(rng.choice((-1, 1)))]
