"""Scenes for `bench/label.py`: a truck's front at a gate, seen through a pinhole camera, with and without a label.

Levels (the board's width is the head-on one, in pixels of a 1920x1080 frame; the tilt is away from the camera, about
any axis): easy 200-600 px to 15 degrees; medium 150-450 px to 25; hard 120-300 px to 35 in low light with blur, noise,
shadow and glare; extreme 83-195 px to 50 degrees, every second one with a strap over one edge. The same seed, level and
index give the same scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from label_board import HEIGHT, WIDTH, board, decoy, print_text

FRAME = (1920, 1080)
FOCAL = 1700.0
MARGIN = 200
PLACES = 12
LEVELS = ("easy", "medium", "hard", "extreme", "none")
NEGATIVES = ("other", "near", "mirrored", "swapped", "all", "none", "plates", "grids", "covered", "empty")


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
    "extreme": Level((83, 195), 50, (0.4, 1.0), (0.4, 0.9), 0, (1, 4), 0.2, 0.0),
    "none": Level((110, 600), 40, (0.3, 1.1), (0.4, 1.1), 2, (1, 5), 0.2, 0.1),
}


@dataclass(frozen=True)
class BenchScene:
    """One picture with its ground truth.

    `image` is BGR uint8; `number` is printed on its label ("" if no number may be reported); `corners` are those of the
    board, or None.
    """

    image: np.ndarray
    number: str
    corners: np.ndarray | None
    kind: str


def scene(seed: int, level: str, index: int) -> BenchScene:
    """Render one scene of a level; "none" are those where nothing may be reported."""
    rng = np.random.default_rng([seed, LEVELS.index(level), index])
    ranges = RANGES[level]
    image = _place(seed, int(rng.integers(PLACES)))
    image = np.ascontiguousarray(image[:, ::-1]) if rng.random() < 0.5 else image.copy()
    for _ in range(int(rng.integers(0, 3))):
        _put(image, decoy(rng), rng, rng.uniform(90, 360), 30)
    if level == "none":
        kind = NEGATIVES[index % len(NEGATIVES)]
        _mislead(image, rng, kind, ranges)
        return BenchScene(_camera(image, rng, ranges), "", None, kind)
    number = f"{rng.integers(100000):05d}"
    strap = level == "extreme" and index % 2 == 1
    sheet = _lit(board(number, rng), rng, ranges)
    corners = _pose(rng, rng.uniform(*ranges.width), ranges.tilt, upside_down=rng.random() < 0.1)
    _paste(image, sheet, corners, _strap(rng) if strap else None)
    return BenchScene(_camera(image, rng, ranges), number, corners, "strap" if strap else "plain")


def _mislead(image: np.ndarray, rng: np.random.Generator, kind: str, ranges: Level) -> None:
    """Draw what a scene without a readable label shows."""
    if kind == "empty":
        return
    for _ in range(int(rng.integers(1, 4))):
        width = rng.uniform(*ranges.width)
        number = f"{rng.integers(100000):05d}"
        if kind in ("plates", "grids"):
            for _ in range(3):
                _put(image, decoy(rng), rng, rng.uniform(110, 420), 30)
        elif kind == "covered":
            corners = _pose(rng, width, ranges.tilt)
            _paste(image, board(number, rng), corners, _cover(rng))
            return
        else:
            sheet = board(number, rng, "" if kind == "mirrored" else kind)
            _put(image, sheet[:, ::-1] if kind == "mirrored" else sheet, rng, width, ranges.tilt)
    if kind == "grids":
        step, gap = int(rng.integers(30, 140)), int(rng.integers(4, 14))
        part = image[int(rng.integers(0, 500)) :, int(rng.integers(0, 1100)) :][
            : int(rng.integers(300, 580)), : int(rng.integers(400, 800))
        ]
        part[np.arange(part.shape[0]) % step < gap] = 40
        part[:, np.arange(part.shape[1]) % round(step * 1.4) < gap] = 40


def _put(image, sheet, rng, width, tilt) -> None:
    _paste(image, sheet, _pose(rng, width, tilt, sheet.shape[0] / sheet.shape[1]))


def _pose(rng, width: float, tilt: float, ratio: float = HEIGHT / WIDTH, upside_down: bool = False) -> np.ndarray:
    """Corners (TL, TR, BR, BL) of a board before a pinhole camera: `width` px head on, tilted by up to `tilt` degrees
    about any axis in it.
    """
    angle, axis = np.radians(rng.uniform(0, tilt)), rng.uniform(0, 2 * np.pi)
    turn, _ = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0.0]) * angle)
    roll, _ = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(rng.normal(0, 7)) + (np.pi if upside_down else 0)]))
    flat = np.array([(-0.5, -ratio / 2, 0), (0.5, -ratio / 2, 0), (0.5, ratio / 2, 0), (-0.5, ratio / 2, 0)]) * width
    for _ in range(100):
        centre = np.array([rng.uniform(0, FRAME[0]), rng.uniform(FRAME[1] * 0.2, FRAME[1])])
        # In units in which one pixel head on is one unit at distance FOCAL.
        middle = np.array([*(centre - np.array(FRAME) / 2), FOCAL])
        points = flat @ (turn @ roll).T + middle
        corners = points[:, :2] / points[:, 2:] * FOCAL + np.array(FRAME) / 2
        if (corners > 6).all() and (corners < np.array(FRAME) - 6).all():
            break
    return np.float32(corners)


def _strap(rng) -> list[tuple[np.ndarray, tuple[int, int, int]]]:
    """A strap along one edge in board units: from outside the board to its frame or a little into the panel."""
    return [(_band(int(rng.integers(4)), rng.uniform(-70, 10), rng.uniform(70, 180), rng), _cloth(rng))]


def _cover(rng) -> list[tuple[np.ndarray, tuple[int, int, int]]]:
    """A covering over one half of the board or more: not every digit is left."""
    edge = int(rng.integers(4))
    length = HEIGHT if edge in (0, 2) else WIDTH
    return [(_band(edge, -150, length * rng.uniform(0.5, 0.75), rng), _cloth(rng))]


def _band(edge: int, start: float, end: float, rng) -> np.ndarray:
    """A slightly slanting band along an edge (0 top, 1 right, 2 bottom, 3 left), `start` to `end` units inwards."""
    slant = rng.uniform(-18, 18)
    reach = MARGIN - 20
    if edge in (0, 2):
        points = np.array(
            [
                (-reach, start - slant),
                (WIDTH + reach, start + slant),
                (WIDTH + reach, end + slant),
                (-reach, end - slant),
            ]
        )
        return points if edge == 0 else np.array((WIDTH, HEIGHT)) - points
    points = np.array(
        [(start - slant, -reach), (start + slant, HEIGHT + reach), (end + slant, HEIGHT + reach), (end - slant, -reach)]
    )
    return points if edge == 3 else np.array((WIDTH, HEIGHT)) - points


def _cloth(rng) -> tuple[int, int, int]:
    return tuple(int(v) for v in np.clip(rng.choice((35, 80, 130, 200)) + rng.normal(0, 18, 3), 5, 240))


def _paste(image, sheet, corners, bands=None) -> None:
    """Warp a sheet into the frame in place, four samples a pixel, with `bands` (board units, colour) laid over it."""
    height, width = sheet.shape[:2]
    span = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]), 8.0)
    scale = min(1.0, 2.0 * span / width)
    margin = MARGIN if bands else 0
    alpha = np.full((height, width), 255, np.uint8)
    if bands:
        sheet = cv2.copyMakeBorder(sheet, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        alpha = cv2.copyMakeBorder(alpha, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
        for points, colour in bands:
            outline = np.round((points + margin) * 16).astype(np.int32)
            cv2.fillPoly(sheet, [outline], colour, cv2.LINE_AA, 4)
            cv2.fillPoly(alpha, [outline], 255, cv2.LINE_AA, 4)
    small = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(alpha, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    square = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
    out = cv2.perspectiveTransform(
        np.float32(
            [
                (-margin, -margin),
                (width + margin, -margin),
                (width + margin, height + margin),
                (-margin, height + margin),
            ]
        )[None],
        cv2.getPerspectiveTransform(square, np.float32(corners)),
    )[0]
    left, top = np.maximum(np.floor(out.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(out.max(axis=0)).astype(int) + 2, FRAME)
    if right <= left or bottom <= top:
        return
    grid = np.float32([(0, 0), (small.shape[1], 0), (small.shape[1], small.shape[0]), (0, small.shape[0])]) - 0.5
    matrix = cv2.getPerspectiveTransform(grid, np.float32((out - (left, top)) * 2 - 0.5))
    size = (int(right - left) * 2, int(bottom - top) * 2)
    part = image[top:bottom, left:right]
    drawn = cv2.resize(
        cv2.warpPerspective(small, matrix, size, borderMode=cv2.BORDER_REPLICATE),
        part.shape[1::-1],
        interpolation=cv2.INTER_AREA,
    )
    share = (
        cv2.resize(cv2.warpPerspective(cover, matrix, size), part.shape[1::-1], interpolation=cv2.INTER_AREA)[
            ..., None
        ].astype(np.float32)
        / 255
    )
    part[:] = (part * (1 - share) + drawn * share + 0.5).astype(np.uint8)


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


@lru_cache(maxsize=PLACES)
def _place(seed: int, index: int) -> np.ndarray:
    """A place without a label: walls, ground, windows, a truck's front with glass, grille and plate; BGR uint8."""
    rng = np.random.default_rng([seed, 99, index])
    width, height = FRAME
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    image = (
        np.float32(rng.uniform(90, 230, 3)) * (1 - rows)
        + np.float32(rng.uniform(50, 160, 3)) * rows
        + np.zeros((1, width, 1), np.float32)
    )
    for size, strength in ((9, 16), (40, 9), (200, 6)):
        image += cv2.resize(
            rng.normal(0, strength, (size, size * 2)).astype(np.float32), FRAME, interpolation=cv2.INTER_CUBIC
        )[..., None]
    image = np.clip(image, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(10, 40))):
        x, y, w, h = (
            int(rng.integers(-50, width)),
            int(rng.integers(-50, 700)),
            int(rng.integers(20, 300)),
            int(rng.integers(20, 200)),
        )
        tone = tuple(int(v) for v in rng.integers(20, 235, 3))
        cv2.rectangle(image, (x, y), (x + w, y + h), tone, -1 if rng.random() < 0.6 else int(rng.integers(3, 16)))
    for _ in range(int(rng.integers(4, 12))):
        cv2.line(
            image,
            tuple(int(v) for v in rng.integers(0, 1900, 2)),
            tuple(int(v) for v in rng.integers(0, 1900, 2)),
            tuple(int(v) for v in rng.integers(20, 220, 3)),
            int(rng.integers(2, 12)),
            cv2.LINE_AA,
        )
    _truck(image, rng)
    return cv2.GaussianBlur(image, (0, 0), 0.8)


def _truck(image, rng) -> None:
    left, right = int(rng.integers(80, 400)), int(rng.integers(1400, 1860))
    paint = tuple(int(v) for v in rng.integers(20, 230, 3))
    cv2.rectangle(image, (left, 120), (right, 1075), paint, -1)
    glass = np.array([(left + 90, 180), (right - 90, 180), (right - 40, 660), (left + 40, 660)])
    cv2.fillPoly(image, [glass], tuple(int(v) for v in rng.integers(25, 90, 3)), cv2.LINE_AA)
    for seat in np.linspace(left + 250, right - 250, 2):
        cv2.ellipse(
            image, (round(seat), 480), (110, 190), 0, 180, 360, tuple(int(v) for v in rng.integers(30, 100, 3)), -1
        )
    cv2.rectangle(image, (left + 60, 600), (right - 60, 660), tuple(int(v) for v in rng.integers(20, 80, 3)), -1)
    cv2.line(image, (left + 200, 650), (left + 600, 420), (20, 20, 20), 8, cv2.LINE_AA)
    for y in range(720, 960, int(rng.integers(22, 50))):
        cv2.rectangle(image, (left + 220, y), (right - 220, y + 10), (30, 30, 32), -1)
    for x in (left + 60, right - 180):
        cv2.ellipse(image, (x + 60, 860), (70, 46), 0, 0, 360, (225, 230, 230), -1, cv2.LINE_AA)
    centre = (left + right) // 2
    cv2.rectangle(image, (centre - 140, 975), (centre + 140, 1035), (230, 232, 232), -1)
    print_text(image, f"{rng.integers(100000):05d}", (centre, 1005), 44, (25, 25, 28), int(rng.integers(6)))
