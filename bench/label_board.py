"""Label boards, plates, signs and grids for the benchmark, independent of the simulator's drawing."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from label_digits import digits
from PIL import Image, ImageDraw, ImageFont

CODE = json.loads((Path(__file__).resolve().parent.parent / "agent_lib/data/label_code.json").read_text("utf-8"))
WIDTH, HEIGHT = CODE["board"]
HERSHEY = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SIMPLEX)


@lru_cache(maxsize=16)
def _face(size: int):
    return ImageFont.load_default(size)


def text(sign: str, height: int, style: int, stretch: float = 1.0) -> np.ndarray:
    """Coverage mask (uint8) of printed text about `height` pixels tall; `style` 0..5 chooses face and weight."""
    if style < 2:
        stroke = max(1, round(height * (0.035, 0.06)[style]))
        font = _face(max(8, round((height - 2 * stroke) / 0.7)))
        left, top, right, bottom = font.getbbox(sign, stroke_width=stroke)
        sheet = Image.new("L", (int(right - left) + 6, int(bottom - top) + 6))
        ImageDraw.Draw(sheet).text((3 - left, 3 - top), sign, fill=255, font=font, stroke_width=stroke)
        mask = np.asarray(sheet)
    else:
        face = HERSHEY[(style - 2) % len(HERSHEY)]
        thick = max(2, round(height * (0.13 if face != cv2.FONT_HERSHEY_SIMPLEX else 0.16)))
        scale = (height - thick) / 22.0
        parts = []
        for one in sign:
            (wide, _), _ = cv2.getTextSize(one, face, scale, thick)
            cell = np.zeros((height * 2, wide + 2 * thick), np.uint8)
            cv2.putText(cell, one, (thick, round(height * 1.5)), face, scale, 255, thick, cv2.LINE_AA)
            used = np.flatnonzero(cell.any(axis=0))
            gap = np.zeros((height * 2, max(2, round(height * 0.1))), np.uint8)
            parts += [
                cell[:, used[0] : used[-1] + 1] if len(used) else np.zeros((height * 2, height // 2), np.uint8),
                gap,
            ]
        mask = np.hstack(parts)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return cv2.resize(mask, (max(1, round(mask.shape[1] * stretch)), mask.shape[0]), interpolation=cv2.INTER_AREA)


def print_text(image: np.ndarray, sign: str, centre, height: int, ink, style: int, stretch: float = 1.0) -> None:
    """Print into a BGR picture in place; what sticks out of the picture is cut."""
    lay(image, text(sign, height, style, stretch), centre, ink)


def lay(image: np.ndarray, mask: np.ndarray, centre, ink) -> None:
    """Lay ink of a coverage mask over a BGR picture in place; what sticks out of the picture is cut."""
    x, y = round(centre[0] - mask.shape[1] / 2), round(centre[1] - mask.shape[0] / 2)
    left, top = max(0, -x), max(0, -y)
    mask = mask[top : image.shape[0] - y, left : image.shape[1] - x]
    if mask.size:
        part = image[y + top : y + top + mask.shape[0], x + left : x + left + mask.shape[1]]
        alpha = mask[..., None].astype(np.float32) / 255
        part[:] = (part * (1 - alpha) + np.float32(ink) * alpha).astype(np.uint8)


def ticks(rng: np.random.Generator, wrong: str = "") -> dict[str, list[int]]:
    """Where each edge's ticks start: the label's own, or a misleading set.

    "other": as many ticks on each edge, at most half of them at the label's places; "near": so on two edges, the
    label's own on the others; "all": one at every place; "none"; "swapped": the label's own edges on the opposite
    sides.
    """
    own = {
        edge: list(CODE[edge]["x" if edge in ("top", "bottom") else "y"]) for edge in ("top", "bottom", "left", "right")
    }
    if not wrong:
        return own
    if wrong == "swapped":
        return {"top": own["bottom"], "bottom": own["top"], "left": own["right"], "right": own["left"]}
    result = {}
    keep = set(rng.choice(list(own), 2, replace=False)) if wrong == "near" else set()
    for edge, starts in own.items():
        places = 27 if edge in ("top", "bottom") else 19
        if wrong == "none":
            result[edge] = []
        elif wrong == "all":
            result[edge] = [45 * place for place in range(places)]
        elif edge in keep:
            result[edge] = starts
        else:
            result[edge] = starts
            while len(set(starts) & set(result[edge])) > len(starts) / 2:
                result[edge] = [int(45 * place) for place in rng.choice(places, len(starts), replace=False)]
    return result


def board(number: str, rng: np.random.Generator, wrong: str = "", face: str = "") -> np.ndarray:
    """A printed board, one pixel per board unit, (842, 1191, 3) BGR uint8; `face` is one of `label_digits.FURTHER`."""
    black, white = int(rng.integers(12, 44)), int(rng.integers(200, 250))
    image = np.full((HEIGHT, WIDTH, 3), black, np.uint8)
    wide, long = CODE["tick"]["width"], CODE["tick"]["length"]
    for edge, starts in ticks(rng, wrong).items():
        flat = edge in ("top", "bottom")
        across = CODE[edge]["y" if flat else "x"]
        for start in starts:
            if flat:
                image[across : across + long, start : start + wide] = white
            else:
                image[start : start + wide, across : across + long] = white
    x0, y0, x1, y1 = CODE["panel"]
    paper = np.clip(white + rng.normal(0, 4, 3), 185, 252)
    image[y0:y1, x0:x1] = paper.astype(np.uint8)
    _marks(image, rng, black)
    height, style, stretch = int(rng.integers(150, 182)), int(rng.integers(6)), float(rng.uniform(0.88, 1.05))
    mask = digits(number, height, face) if face else text(number, height, style, stretch)
    lay(image, mask, ((x0 + x1) / 2, (y0 + y1) / 2), (black,) * 3)
    return image


def _marks(image: np.ndarray, rng: np.random.Generator, ink: int) -> None:
    x0, y0, x1, y1 = CODE["panel"]
    across = np.linspace(x0 + 55, x1 - 55, int(rng.integers(7, 11)))
    down = np.linspace(y0 + 55, y1 - 55, int(rng.integers(5, 7)))
    for x, y in [(x, y) for x in across for y in (down[0], down[-1])] + [
        (x, y) for y in down[1:-1] for x in (across[0], across[-1])
    ]:
        half, thick = int(rng.integers(13, 20)), -1 if rng.random() < 0.4 else int(rng.integers(3, 6))
        x, y = round(x), round(y)
        if rng.random() < 0.5:
            cv2.circle(image, (x, y), half, (ink,) * 3, thick, cv2.LINE_AA)
        else:
            cv2.rectangle(image, (x - half, y - half), (x + half, y + half), (ink,) * 3, thick)


def decoy(rng: np.random.Generator) -> np.ndarray:
    """Something with digits or a frame that is no label: a plate, a sign, a framed number, a grid; BGR uint8."""
    kind = int(rng.integers(5))
    dark, light = (int(rng.integers(10, 70)),) * 3, tuple(int(v) for v in rng.integers(170, 250, 3))
    number = f"{rng.integers(100000):05d}"
    if kind == 0:
        image = np.full((130, 560, 3), dark, np.uint8)
        image[8:-8, 8:-8] = (60, 210, 240) if rng.random() < 0.4 else light
        print_text(
            image,
            f"{rng.choice(list('ABKMTX'))}{rng.choice(list('CHRSW'))} {number[:4]}",
            (280, 65),
            84,
            dark,
            int(rng.integers(6)),
        )
    elif kind == 1:
        image = np.full((420, 600, 3), light, np.uint8)
        cv2.rectangle(
            image, (12, 12), (588, 408), tuple(int(v) for v in rng.integers(0, 120, 3)), int(rng.integers(14, 40))
        )
        print_text(image, number, (300, 210), int(rng.integers(90, 150)), dark, int(rng.integers(6)))
    elif kind == 2:
        image = np.full((440, 640, 3), dark, np.uint8)
        border = int(rng.integers(24, 70))
        image[border:-border, border:-border] = light
        for place in range(int(rng.integers(0, 26))):
            x = int(rng.integers(0, 620))
            image[slice(0, border) if place % 2 else slice(-border, None), x : x + int(rng.integers(5, 14))] = light
        print_text(image, number, (320, 220), int(rng.integers(80, 150)), dark, int(rng.integers(6)))
    elif kind == 3:
        image = np.full((480, 640, 3), dark, np.uint8)
        nx, ny, gap = int(rng.integers(2, 8)), int(rng.integers(2, 6)), int(rng.integers(6, 16))
        for i in range(nx):
            for j in range(ny):
                image[
                    j * 480 // ny + gap : (j + 1) * 480 // ny - gap, i * 640 // nx + gap : (i + 1) * 640 // nx - gap
                ] = light
    else:
        image = np.full((300, 700, 3), light, np.uint8)
        for row in range(3):
            print_text(image, f"{rng.integers(10**6):06d} KG", (350, 60 + 90 * row), 56, dark, int(rng.integers(6)))
    return image
