"""Scenes for `bench/label.py`: a truck's front at a gate, seen through a pinhole camera, with and without a label.

Levels (the board's width is the head-on one, in pixels of a 1920x1080 frame; the tilt is away from the camera, about
any axis): easy 200-600 px to 15 degrees; medium 150-450 px to 25; hard 120-300 px to 35 in low light with blur, noise,
shadow and glare; extreme by night: see `label_night.Night`. Every second scene without a label is by night as well. The
same seed, level and index give the same scene.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from label_board import HEIGHT, WIDTH, board, decoy
from label_digits import FURTHER
from label_night import NIGHT, Camera, Cover, lit, over_an_edge
from label_place import PLACES, place
from label_pose import FRAME, cover, night_pose, paste, pose, put
from label_signs import sign, taped

LEVELS = ("easy", "medium", "hard", "extreme", "none")
NEGATIVES = (
    "other",
    "near",
    "mirrored",
    "swapped",
    "all",
    "none",
    "plates",
    "grids",
    "covered",
    "empty",
    "taped",
    "framed",
    "signs",
)
JITTER = 2.5
"""How far a label moves from one frame to the next, in pixels (sigma)."""


@dataclass(frozen=True)
class Level:
    """Ranges of a level: width (px), tilt (degrees), exposure, blur and noise (sigma), motion (px), shadow, glare."""

    width: tuple[float, float]
    tilt: float
    exposure: tuple[float, float]
    blur: tuple[float, float]
    motion: int
    noise: tuple[float, float]
    shadow: float = 0.0
    glare: float = 0.0


RANGES = {
    "easy": Level((200, 600), 15, (0.75, 1.1), (0.4, 0.8), 0, (1, 3)),
    "medium": Level((150, 450), 25, (0.45, 1.1), (0.4, 1.1), 2, (1, 4), 0.3, 0.2),
    "hard": Level((120, 300), 35, (0.16, 0.9), (0.5, 1.3), 3, (2, 6), 0.4, 0.2),
    "none": Level((110, 600), 40, (0.3, 1.1), (0.4, 1.1), 2, (1, 5), 0.2, 0.1),
    "night": Level((83, 260), 45, (0.1, 0.5), (0.3, 2.4), 9, (7, 16), 0.2, 0.1),
}


@dataclass(frozen=True)
class BenchScene:
    """One picture with its ground truth.

    `image` is BGR uint8; `number` is printed on its label ("" if no number may be reported); `corners` are those of the
    board, or None. `taped` is the number on a label of which one digit is half under tape, else "": none is expected
    there, but what is left of some digits is enough (a 1 without its flag), and then the number is right.
    """

    image: np.ndarray
    number: str
    corners: np.ndarray | None
    kind: str
    taped: str = ""


def scene(seed: int, level: str, index: int) -> BenchScene:
    """Render one scene of a level; "none" are those where nothing may be reported."""
    if level == "extreme" or (level == "none" and index % 2):
        return _night(seed, level, index, 1)[0]
    rng = np.random.default_rng([seed, LEVELS.index(level), index])
    ranges = RANGES[level]
    image = place(seed, int(rng.integers(PLACES)))
    image = np.ascontiguousarray(image[:, ::-1]) if rng.random() < 0.5 else image.copy()
    for _ in range(int(rng.integers(0, 3))):
        put(image, decoy(rng), rng, rng.uniform(90, 360), 30)
    if level == "none":
        kind = NEGATIVES[index // 2 % len(NEGATIVES)]
        under_tape = _mislead(image, rng, kind, ranges)
        return BenchScene(_camera(image, rng, ranges), "", None, kind, under_tape)
    number = f"{rng.integers(100000):05d}"
    sheet = _lit(board(number, rng), rng, ranges)
    corners = pose(rng, rng.uniform(*ranges.width), ranges.tilt, upside_down=rng.random() < 0.1)
    paste(image, sheet, corners)
    return BenchScene(_camera(image, rng, ranges), number, corners, "plain")


def frames(seed: int, index: int, count: int) -> list[BenchScene]:
    """One label by night in `count` frames: it stays where it is but for a hand's trembling, and the noise changes. In
    half of the scenes the motion changes as well; in the others each frame is blurred as the first one is.
    """
    return _night(seed, "extreme", index, count)


def _night(seed: int, level: str, index: int, count: int) -> list[BenchScene]:
    rng, empty, camera = gate_by_night(seed, level, index)
    if level == "none":
        kind = NEGATIVES[index // 2 % len(NEGATIVES)]
        under_tape = _mislead(empty, rng, kind, RANGES["night"])
        return [BenchScene(camera.frame(empty, rng), "", None, kind, under_tape) for _ in range(count)]
    number, face = number_by_night(rng)
    sheet, corners, kind, covers = label_by_night(rng, index, number, face)
    found = []
    for now, moved in moments(rng, camera, corners, count):
        image = empty.copy()
        paste(image, sheet, moved, covers)
        found.append(BenchScene(now.frame(image, rng), number, moved, f"{kind} {face}".strip()))
    return found


def moments(
    rng: np.random.Generator, camera: Camera, corners: np.ndarray, count: int
) -> Iterator[tuple[Camera, np.ndarray]]:
    """The camera and the corners (4, 2) of a label in each of `count` frames; between two of them `rng` draws one."""
    trembling = False
    for one in range(count):
        trembling = trembling or (one == 1 and rng.random() < 0.5)
        if trembling:
            camera = camera.trembling(rng)
        yield camera, np.float32(corners + (rng.normal(0, JITTER, 2) if one else 0))


def gate_by_night(seed: int, level: str, index: int) -> tuple[np.random.Generator, np.ndarray, Camera]:
    """What draws a scene by night, the place without its label (BGR uint8), and the camera."""
    rng = np.random.default_rng([seed, LEVELS.index(level), index])
    empty = place(seed, int(rng.integers(PLACES)))
    empty = np.ascontiguousarray(empty[:, ::-1]) if rng.random() < 0.5 else empty.copy()
    for _ in range(int(rng.integers(0, 4))):
        put(empty, decoy(rng) if rng.random() < 0.5 else sign(rng), rng, rng.uniform(90, 300), 35)
    return rng, empty, Camera.drawn(rng)


def number_by_night(rng: np.random.Generator) -> tuple[str, str]:
    """The number of a label by night, and its face: one of FURTHER, or "" for a usual one."""
    return f"{rng.integers(100000):05d}", str(rng.choice(FURTHER)) if rng.random() < 0.5 else ""


def label_by_night(
    rng: np.random.Generator, index: int, number: str, face: str
) -> tuple[np.ndarray, np.ndarray, str, list[Cover] | None]:
    """A board as it is lit (BGR uint8), its corners (4, 2) in the frame, what kind of scene it is, and what lies over
    it. The same generator draws all but the number and its face.
    """
    sheet = lit(board(number, rng, face=face), rng)
    corners = night_pose(rng, NIGHT)
    kind, covers = over_an_edge(rng) if index % 2 else ("plain", None)
    return sheet, corners, kind, covers


def _mislead(image: np.ndarray, rng: np.random.Generator, kind: str, ranges: Level) -> str:
    """Draw what a scene without a readable label shows; the number of a label with tape on it, else ""."""
    if kind == "empty":
        return ""
    for _ in range(int(rng.integers(1, 4))):
        width = rng.uniform(*ranges.width)
        number = f"{rng.integers(100000):05d}"
        if kind == "signs":
            put(image, sign(rng), rng, width, ranges.tilt)
        elif kind == "framed":
            put(image, sign(rng, kind), rng, width, ranges.tilt)
        elif kind in ("plates", "grids"):
            for _ in range(3):
                put(image, decoy(rng), rng, rng.uniform(110, 420), 30)
        elif kind == "taped":
            paste(image, taped(number, rng), pose(rng, width, ranges.tilt))
            return number
        elif kind == "covered":
            corners = pose(rng, width, ranges.tilt)
            paste(image, board(number, rng), corners, cover(rng))
            return ""
        else:
            sheet = board(number, rng, "" if kind == "mirrored" else kind)
            put(image, sheet[:, ::-1] if kind == "mirrored" else sheet, rng, width, ranges.tilt)
    if kind == "grids":
        step, gap = int(rng.integers(30, 140)), int(rng.integers(4, 14))
        part = image[int(rng.integers(0, 500)) :, int(rng.integers(0, 1100)) :][
            : int(rng.integers(300, 580)), : int(rng.integers(400, 800))
        ]
        part[np.arange(part.shape[0]) % step < gap] = 40
        part[:, np.arange(part.shape[1]) % round(step * 1.4) < gap] = 40
    return ""


def _lit(sheet, rng, ranges: Level) -> np.ndarray:
    """Shadow with a hard or soft edge, and the sky's reflection in the glass before the board."""
    if rng.random() < ranges.shadow:
        ramp = np.linspace(-1, 1, WIDTH)[None, :] * rng.normal() + np.linspace(-1, 1, HEIGHT)[:, None] * rng.normal()
        dark, soft = rng.uniform(0.45, 0.8), rng.uniform(2, 30)
        field = dark + (1 - dark) / (1 + np.exp(-np.clip((ramp - rng.normal(0, 0.4)) * soft, -30, 30)))
        sheet = (sheet * field[..., None].astype(np.float32)).astype(np.uint8)
    if rng.random() < ranges.glare:
        glow = np.zeros((HEIGHT, WIDTH), np.float32)
        x, wide, lean = rng.uniform(0, WIDTH), rng.uniform(60, 220), rng.uniform(-200, 200)
        cv2.fillPoly(
            glow,
            [np.array([(x, 0), (x + wide, 0), (x + wide + lean, HEIGHT), (x + lean, HEIGHT)], np.int32)],
            float(rng.uniform(20, 70)),
        )
        sheet = np.clip(sheet + cv2.blur(glow, (61, 61))[..., None], 0, 255).astype(np.uint8)
    return sheet


def _camera(image, rng, ranges: Level) -> np.ndarray:
    """Exposure, white balance, defocus, motion, sensor noise, and for every third picture JPEG."""
    exposure = np.exp(rng.uniform(*np.log(ranges.exposure)))
    levels = np.arange(256, dtype=np.float32) * exposure
    tint = rng.uniform(0.9, 1.1, 3)
    table = np.stack([np.clip(levels * t, 0, 255) for t in tint], axis=1).astype(np.uint8)[:, None, :]
    image = cv2.GaussianBlur(cv2.LUT(image, table), (0, 0), float(rng.uniform(*ranges.blur)))
    length = int(rng.integers(0, ranges.motion + 1))
    if length > 1:
        image = cv2.blur(image, (length, 1) if rng.random() < 0.7 else (1, length))
    grain = _grain(round(float(rng.uniform(*ranges.noise))))
    x, y = int(rng.integers(0, 200)), int(rng.integers(0, 200))
    image = cv2.addWeighted(image, 1.0, grain[y : y + FRAME[1], x : x + FRAME[0]], 1.0, -128.0)
    if rng.random() < 1 / 3:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 95))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image


@lru_cache(maxsize=8)
def _grain(sigma: int) -> np.ndarray:
    rng = np.random.default_rng([77, sigma])
    tile = np.clip(rng.normal(128, sigma, (320, 410, 3)), 0, 255).astype(np.uint8)
    return np.tile(tile, (4, 6, 1))
