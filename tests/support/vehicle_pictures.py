"""Drawn pictures of a gate with and without a car, in which the built-in detector finds the car."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""480 x 640 x 3, BGR."""

WIDTH, HEIGHT, GROUND = 640, 480, 400
BODY, DARK, GLASS, TYRE, RIM = (40, 40, 170), (25, 25, 110), (120, 105, 90), (25, 25, 25), (170, 170, 175)


def gate() -> Picture:
    """The place without a vehicle: sky, a wall, a road."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:200] = np.linspace((235, 215, 190), (245, 235, 225), 200)[:, None]
    picture[200:330] = (150, 165, 170)
    picture[330:] = np.linspace((95, 95, 95), (125, 125, 125), HEIGHT - 330)[:, None]
    noise = np.random.default_rng(7).normal(0, 4, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def car(x: float = 150, length: float = 340) -> Picture:
    """The same with a car seen from its side, from the column `x` on, `length` pixels long."""
    picture, unit = gate(), length / 100

    def at(*points: tuple[float, float]) -> NDArray[np.int32]:
        """Points in hundredths of the car's length, up from the ground, as pixels."""
        return np.array([[round(x + across * unit), round(GROUND - up * unit)] for across, up in points], np.int32)

    cv2.ellipse(picture, *at((50, 1)).tolist(), (round(52 * unit), round(3 * unit)), 0, 0, 360, (60, 60, 60), -1)
    outline = at(
        (1, 7), (0, 16), (3, 21), (20, 24), (34, 35), (40, 36.5), (66, 36), (80, 26), (97, 23), (100, 17), (99, 7)
    )
    cv2.fillPoly(picture, [outline], BODY, cv2.LINE_AA)
    cv2.fillPoly(picture, [at((1, 7), (0, 12), (100, 12), (99, 7))], DARK, cv2.LINE_AA)
    cv2.fillPoly(picture, [at((25, 24.5), (36, 33.5), (50, 34.2), (50, 24.5))], GLASS, cv2.LINE_AA)
    cv2.fillPoly(picture, [at((52, 24.5), (52, 34.2), (65, 33.5), (75, 25.5))], GLASS, cv2.LINE_AA)
    for column in (25, 51, 74):
        cv2.line(picture, *at((column, 9), (column, 24)).tolist(), DARK, max(1, round(0.4 * unit)), cv2.LINE_AA)
    cv2.fillPoly(picture, [at((0.5, 16), (2, 20), (6, 19), (5, 16))], (200, 240, 250), cv2.LINE_AA)
    cv2.fillPoly(picture, [at((96, 22), (99.5, 20), (99.5, 16), (97, 16))], (40, 60, 230), cv2.LINE_AA)
    for column in (19, 80):
        for radius, colour in ((9.5, DARK), (8.3, TYRE), (5, RIM), (1.5, TYRE)):
            cv2.circle(picture, at((column, 8.3))[0].tolist(), round(radius * unit), colour, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 1.2)


def jpeg(picture: Picture) -> bytes:
    """The picture as the bytes of a JPEG."""
    return bytes(cv2.imencode(".jpg", picture)[1])
