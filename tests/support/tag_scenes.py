"""Pictures of small tags on backgrounds, and pictures without a tag that look like tags (bench/tag_detection.py)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tests.support.tag_pictures import tag_picture, turned

WIDTH, HEIGHT = 640, 480
COLUMNS, ROWS = 5, 4
TAGS = COLUMNS * ROWS
"""Tags in one picture of a cell, each in its own field."""

FINE = 8
"""A tag is drawn this many times as large and averaged down."""

IDS = 587


@dataclass(frozen=True)
class Cell:
    """Conditions of a row of the table. `side`, `blur`: pixels; `noise`: grey levels; `light`: share of full light."""

    side: float
    blur: float
    noise: float
    light: float = 1.0

    @property
    def name(self) -> str:
        dark = f", light {self.light:g}" if self.light < 1 else ""
        return f"{self.side:g} px, blur {self.blur:g}, noise {self.noise:g}{dark}"


def background(random: np.random.Generator) -> np.ndarray:
    """A grey background (HEIGHT, WIDTH), float: plain, texture with the spectrum of natural pictures, or leaves."""
    kind = random.integers(0, 3)
    level = random.uniform(70, 170)
    if kind == 0:
        return np.full((HEIGHT, WIDTH), level) + np.linspace(-30, 30, WIDTH)[None]
    if kind == 1:
        return np.clip(level + natural(random) * random.uniform(12, 35), 5, 250)
    picture = np.full((HEIGHT, WIDTH), level, np.uint8)
    for _ in range(700):
        centre = (int(random.integers(0, WIDTH)), int(random.integers(0, HEIGHT)))
        axes = (int(random.integers(2, 26)), int(random.integers(2, 12)))
        grey = float(np.clip(level + random.normal(0, 30), 5, 250))
        cv2.ellipse(picture, centre, axes, float(random.uniform(0, 180)), 0, 360, grey, -1, cv2.LINE_AA)
    return picture.astype(np.float64)


def natural(random: np.random.Generator) -> np.ndarray:
    """Noise whose amplitude falls with the frequency, as in photographs; mean 0, deviation 1."""
    rows, columns = np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None]
    amplitude = 1 / np.maximum(np.hypot(rows, columns), 1 / WIDTH) ** random.uniform(0.9, 1.4)
    phases = np.exp(2j * np.pi * random.random(amplitude.shape))
    picture = np.fft.irfft2(amplitude * phases, (HEIGHT, WIDTH))
    return (picture - picture.mean()) / picture.std()


def camera(random: np.random.Generator, picture: np.ndarray, blur: float, noise: float, light: float) -> np.ndarray:
    """What a camera makes of a scene: blur, exposure, noise; (height, width) uint8."""
    if blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    return np.clip(picture * light + random.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def scene(cell: Cell, seed: int) -> tuple[np.ndarray, dict[int, tuple[float, float]]]:
    """A picture of `TAGS` different tags of a cell, and the centre (x, y) of each id."""
    random = np.random.default_rng([seed, int(cell.side * 10), int(cell.blur * 10), int(cell.noise), 7])
    picture, truth = background(random), {}
    ids = random.choice(IDS, TAGS, replace=False)
    for number, tag_id in enumerate(ids):
        column, row = number % COLUMNS, number // COLUMNS
        centre = np.array([(column + 0.5) * WIDTH / COLUMNS, (row + 0.5) * HEIGHT / ROWS])
        centre += random.uniform(-12, 12, 2)
        _draw(random, picture, int(tag_id), cell.side, centre)
        truth[int(tag_id)] = (float(centre[0]), float(centre[1]))
    return camera(random, picture, cell.blur, cell.noise, cell.light), truth


def _draw(random: np.random.Generator, picture: np.ndarray, tag_id: int, side: float, centre: np.ndarray) -> None:
    """Draw a tag whose black square has a mean side of `side` pixels, tilted by at most 45 degrees."""
    turn = turned(random.uniform(-180, 180), random.uniform(-32, 32), random.uniform(-32, 32))
    flat = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64) / 2
    points = np.column_stack([flat * 10 / 8, np.zeros(4)]) @ turn.T
    corners = points[:, :2] / (1 + points[:, 2:] / 8)
    sides = np.linalg.norm(np.roll(corners, -1, 0) - corners, axis=1).mean() * 8 / 10
    reach = int(side * 1.2) + 4
    left, top = int(centre[0]) - reach, int(centre[1]) - reach
    corners = corners * side / sides + centre - (left, top)
    tag = tag_picture(tag_id).astype(np.float64)
    white, black = random.uniform(170, 245), random.uniform(10, 45)
    tag = black + tag / 255 * (white - black)
    whole = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32) * tag.shape[0] - 0.5
    there = (corners * FINE + (FINE - 1) / 2).astype(np.float32)
    transform = cv2.getPerspectiveTransform(whole.astype(np.float32), there)
    # The tag's picture is averaged down first: its cells may be smaller than a fine pixel.
    fine = (2 * reach * FINE, 2 * reach * FINE)
    drawn = cv2.warpPerspective(tag, transform, fine, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(np.ones_like(tag), transform, fine, flags=cv2.INTER_LINEAR)
    drawn, cover = (
        cv2.resize(one, (2 * reach, 2 * reach), interpolation=cv2.INTER_AREA) for one in (drawn * cover, cover)
    )
    patch = picture[top : top + 2 * reach, left : left + 2 * reach]
    patch[:] = drawn + patch * (1 - cover)


def without_tags(seed: int) -> np.ndarray:
    """A picture (HEIGHT, WIDTH) without a tag: one of eight kinds by `seed`, blurred and noisy."""
    random = np.random.default_rng([seed, 99])
    picture = GHOSTS[seed % len(GHOSTS)](random)
    blur, noise = random.choice([0.0, 0.5, 1.0, 1.6]), random.choice([0.0, 2.0, 6.0, 12.0])
    return camera(random, np.asarray(picture, np.float64), float(blur), float(noise), float(random.uniform(0.25, 1)))


def _noise(random: np.random.Generator) -> np.ndarray:
    grain = cv2.resize(random.normal(0, 1, (HEIGHT, WIDTH)), None, fx=1, fy=1)
    scale = random.integers(1, 6)
    small = random.normal(0, 1, (HEIGHT // scale + 1, WIDTH // scale + 1))
    grain = cv2.resize(small, (WIDTH, HEIGHT), interpolation=int(random.choice([cv2.INTER_NEAREST, cv2.INTER_CUBIC])))
    return np.clip(128 + grain * random.uniform(20, 90), 0, 255)


def _photo_like(random: np.random.Generator) -> np.ndarray:
    return np.clip(background(random) + natural(random) * random.uniform(10, 60), 0, 255)


def _board(random: np.random.Generator) -> np.ndarray:
    """A checkerboard in perspective."""
    cells, size = int(random.integers(6, 40)), 24
    board = (np.indices((cells, cells)).sum(0) % 2 * random.uniform(120, 230) + 15).repeat(size, 0).repeat(size, 1)
    return _warped(random, board)


def _matrix(random: np.random.Generator) -> np.ndarray:
    """QR codes: random modules, three finder patterns, a quiet zone."""
    picture = background(random)
    for _ in range(int(random.integers(2, 9))):
        modules = int(random.choice([21, 25, 29, 33]))
        code = random.integers(0, 2, (modules, modules)).astype(np.float64)
        finder = np.ones((8, 8))
        finder[:7, :7] = 0
        finder[1:6, 1:6] = 1
        finder[2:5, 2:5] = 0
        code[:8, :8] = finder
        code[:8, -8:] = finder[:, ::-1]
        code[-8:, :8] = finder[::-1]
        _paste(random, picture, np.pad(code, 2, constant_values=1), random.uniform(30, 180))
    return picture


def _frames(random: np.random.Generator) -> np.ndarray:
    """Markers of other kinds: black frames around random cells, of other counts than a tag's."""
    picture = background(random)
    for _ in range(int(random.integers(5, 25))):
        cells = int(random.choice([3, 4, 5, 7, 8]))
        code = np.pad(random.integers(0, 2, (cells, cells)).astype(np.float64), 1, constant_values=0)
        _paste(random, picture, np.pad(code, 1, constant_values=1), random.uniform(12, 80))
    return picture


def _text(random: np.random.Generator) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH), random.uniform(150, 250))
    letters = "ABCDEFGHKLMNPRSTXYZ0123456789#@%&"
    row = 0
    while row < HEIGHT:
        size = random.uniform(0.3, 1.6)
        row += int(30 * size) + 4
        words = "".join(random.choice(list(letters + "     "), 90))
        font = int(random.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]))
        cv2.putText(picture, words, (0, row), font, size, float(random.uniform(0, 70)), int(1 + 2 * size), cv2.LINE_AA)
    return _warped(random, picture)


def _squares(random: np.random.Generator) -> np.ndarray:
    """Dark squares with a light edge, with spots, letters, windows or smaller squares in them."""
    picture = background(random)
    for _ in range(int(random.integers(20, 70))):
        inside = np.zeros((8, 8)) + random.uniform(0, 0.2)
        for _ in range(int(random.integers(0, 9))):
            row, column, height, width = (int(one) for one in random.integers(1, 5, 4))
            inside[row : row + height, column : column + width] = random.uniform(0.2, 1)
        inside[:, [0, 7]] = inside[[0, 7]] = 0
        _paste(random, picture, np.pad(inside, 1, constant_values=1), random.uniform(8, 70))
    return picture


def _grid(random: np.random.Generator) -> np.ndarray:
    """Bricks, tiles, fences and facades: lines with a period, each field in its own grey."""
    picture = np.full((HEIGHT, WIDTH), random.uniform(90, 230))
    wide, high = (int(one) for one in random.integers(7, 50, 2))
    gap = int(random.integers(1, 6))
    for row, top in enumerate(range(0, HEIGHT, high + gap)):
        for left in range(-(row % 2) * int(random.choice([0, wide // 2])), WIDTH, wide + gap):
            grey = float(random.uniform(0, 120))
            cv2.rectangle(picture, (left, top), (left + wide - 1, top + high - 1), grey, -1)
            if random.random() < 0.5:
                third = (left + wide // 3, top + high // 3), (left + 2 * wide // 3, top + 2 * high // 3)
                cv2.rectangle(picture, *third, float(random.uniform(60, 255)), -1)
    return _warped(random, picture)


def _paste(random: np.random.Generator, picture: np.ndarray, code: np.ndarray, size: float) -> None:
    """Paste cells (0 to 1) about `size` pixels wide at a random place, turned and tilted."""
    large = code.repeat(16, 0).repeat(16, 1) * random.uniform(130, 235) + random.uniform(5, 40)
    side = large.shape[0]
    turn = turned(random.uniform(-180, 180), random.uniform(-35, 35), random.uniform(-35, 35))
    points = np.array([(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)]) @ turn.T
    centre = random.uniform((0, 0), (WIDTH, HEIGHT))
    corners = points[:, :2] / (1 + points[:, 2:] / 6) * size + centre
    whole = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32) - np.float32(0.5)
    transform = cv2.getPerspectiveTransform(whole, corners.astype(np.float32))
    large = cv2.GaussianBlur(large, (0, 0), max(0.3, 0.4 * side / size))
    cover = cv2.warpPerspective(np.ones_like(large), transform, (WIDTH, HEIGHT))
    picture[:] = cv2.warpPerspective(large, transform, (WIDTH, HEIGHT)) * cover + picture * (1 - cover)


def _warped(random: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The picture over the whole frame and beyond, turned and tilted."""
    height, width = picture.shape
    whole = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    there = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]) + random.uniform(-120, 120, (4, 2))
    transform = cv2.getPerspectiveTransform(whole, there.astype(np.float32))
    return cv2.warpPerspective(
        cv2.GaussianBlur(picture, (0, 0), 0.8), transform, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT
    )


GHOSTS = (_noise, _photo_like, _board, _matrix, _frames, _text, _squares, _grid)
