"""Drawn pictures of a car on a street that the built-in detector finds, with its box."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.people import BLUR, Colour, background

LENGTH, HEIGHT = 360, 130
"""Pixels of the car as drawn, before scaling."""


def car(
    x: float = 320, ground: float = 380, length: float = 300, colour: Colour = (150, 30, 35), seed: int = 3
) -> np.ndarray:
    """A 640 x 480 picture (BGR) of a car from the side; `x` is its middle, `ground` the lowest row of its wheels."""
    picture = background(640, 480, seed).copy()
    scale = length / LENGTH

    def at(points: list[tuple[float, float]]) -> np.ndarray:
        return np.array([(x + (a - LENGTH / 2) * scale, ground - b * scale) for a, b in points], np.int32)

    def fill(points: list[tuple[float, float]], rgb: Colour) -> None:
        cv2.fillPoly(picture, [at(points)], rgb[::-1], cv2.LINE_AA)

    def wheel(a: float) -> None:
        ((centre_x, centre_y),) = at([(a, 30)])
        for radius, grey in ((38, 25), (31, 15), (19, 150), (16, 100), (5, 60)):
            cv2.circle(picture, (int(centre_x), int(centre_y)), int(radius * scale), (grey,) * 3, -1, cv2.LINE_AA)

    dark, light = (
        tuple(int(value * 0.6) for value in colour),
        tuple(min(255, int(value * 1.25) + 20) for value in colour),
    )
    ((shadow_x, shadow_y),) = at([(LENGTH / 2, 0)])
    shadow = picture.copy()
    cv2.ellipse(
        shadow, (int(shadow_x), int(shadow_y)), (int(185 * scale), int(12 * scale)), 0, 0, 360, (35, 35, 35), -1
    )
    picture[:] = cv2.addWeighted(cv2.GaussianBlur(shadow, (0, 0), 4), 0.8, picture, 0.2, 0)
    fill(
        [(2, 30), (0, 62), (14, 80), (90, 88), (132, 128), (232, 130), (288, 92), (350, 84), (360, 60), (358, 30)],
        colour,
    )
    fill([(2, 30), (0, 48), (360, 48), (358, 28), (330, 22), (25, 22)], dark)
    fill([(14, 80), (90, 88), (288, 92), (350, 84), (350, 80), (14, 75)], light)
    fill([(104, 90), (138, 122), (180, 123), (180, 91)], (45, 55, 65))
    fill([(188, 91), (188, 123), (228, 124), (270, 93)], (45, 55, 65))
    fill([(112, 92), (140, 119), (152, 119), (128, 92)], (120, 135, 145))
    for a in (98, 184, 262):
        cv2.line(
            picture, *(tuple(int(v) for v in point) for point in at([(a, 88), (a, 34)])), dark[::-1], 1, cv2.LINE_AA
        )
    fill([(348, 62), (360, 60), (360, 72), (352, 76)], (250, 245, 220))
    fill([(0, 62), (8, 62), (12, 74), (3, 74)], (170, 20, 20))
    fill([(166, 74), (178, 74), (178, 77), (166, 77)], (40, 40, 40))
    wheel(78)
    wheel(286)
    grains = np.random.default_rng(seed).normal(0, 1, picture.shape)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), BLUR) + grains, 0, 255).astype(np.uint8)


def car_box(x: float = 320, ground: float = 380, length: float = 300) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of the car in the picture of the same arguments."""
    return x - length / 2, ground - HEIGHT * length / LENGTH, x + length / 2, ground
