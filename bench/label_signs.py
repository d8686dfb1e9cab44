"""What else stands on vehicles and gates for the benchmark: numbers, placards, codes and panels that are no label."""

from __future__ import annotations

import cv2
import numpy as np
from label_board import CODE, board, print_text

KINDS = ("phone", "fleet", "placard", "qr", "framed", "sheet")


def sign(rng: np.random.Generator, kind: str = "") -> np.ndarray:
    """One of KINDS, BGR uint8: by default any of them."""
    kind = kind or str(rng.choice(KINDS))
    dark, light = (int(rng.integers(8, 60)),) * 3, tuple(int(v) for v in rng.integers(180, 252, 3))
    digits = "".join(str(d) for d in rng.integers(0, 10, 10))
    style = int(rng.integers(6))
    if kind == "phone":
        image = np.full((150, 900, 3), light if rng.random() < 0.5 else dark, np.uint8)
        ink = dark if image[0, 0, 0] > 128 else light
        print_text(image, f"{digits[:3]} {digits[3:6]} {digits[6:]}", (450, 75), 88, ink, style)
    elif kind == "fleet":
        paint = tuple(int(v) for v in rng.integers(20, 235, 3))
        image = np.full((300, 620, 3), paint, np.uint8)
        print_text(image, digits[:5], (310, 150), 170, light if sum(paint) < 380 else dark, style)
    elif kind == "placard":
        image = np.full((420, 560, 3), (20, 120, 245), np.uint8)
        cv2.rectangle(image, (8, 8), (551, 411), (15, 15, 15), 16)
        cv2.line(image, (8, 210), (551, 210), (15, 15, 15), 16)
        print_text(image, digits[:2], (280, 110), 130, dark, style)
        print_text(image, digits[2:6], (280, 312), 130, dark, style)
    elif kind == "qr":
        modules = rng.integers(0, 2, (21, 21), dtype=np.uint8) * 225 + 15
        for y, x in ((0, 0), (0, 14), (14, 0)):
            modules[y : y + 7, x : x + 7] = 15
            modules[y + 1 : y + 6, x + 1 : x + 6] = 240
            modules[y + 2 : y + 5, x + 2 : x + 5] = 15
        image = cv2.cvtColor(np.pad(np.kron(modules, np.ones((16, 16), np.uint8)), 40, constant_values=240), 8)
    elif kind == "framed":
        # The label's own proportions, without a tick.
        image = np.full((842, 1191, 3), dark, np.uint8)
        image[90:752, 90:1101] = light
        print_text(image, digits[:5], (595, 421), int(rng.integers(140, 190)), dark, style)
    else:
        image = np.full((700, 500, 3), light, np.uint8)
        for row in range(60, 660, 48):
            print_text(image, digits[: int(rng.integers(5, 11))], (250, row), 26, dark, style)
    return image


def taped(number: str, rng: np.random.Generator) -> np.ndarray:
    """A label of which about half of one digit is covered in the paper's tone, so that it looks like another."""
    image = board(number, rng)
    x0, y0, x1, y1 = CODE["panel"]
    left, right, top, bottom = x0 + 100, x1 - 100, (y0 + y1) // 2 - 110, (y0 + y1) // 2 + 110
    ink = image[top:bottom, left:right, 1] < 128
    columns = np.flatnonzero(ink.any(axis=0))
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 3) + 1)
    run = runs[int(rng.integers(len(runs)))]
    rows = np.flatnonzero(ink[:, run[0] : run[-1] + 1].any(axis=1))
    a, b = left + int(run[0]) - 4, left + int(run[-1]) + 5
    c, d = top + int(rows[0]) - 4, top + int(rows[-1]) + 5
    share = rng.uniform(0.45, 0.62)
    way = int(rng.integers(4))
    part = [
        (a, c, a + round((b - a) * share), d),
        (b - round((b - a) * share), c, b, d),
        (a, c, b, c + round((d - c) * share)),
        (a, d - round((d - c) * share), b, d),
    ][way]
    tone = np.clip(image[y0 + 40, x0 + 30].astype(int) + rng.integers(-4, 5), 0, 255)
    image[part[1] : part[3], part[0] : part[2]] = tone
    return image
