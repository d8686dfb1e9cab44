"""A drawn picture with two figures, to try models on. It tells nothing about their accuracy on people."""

from __future__ import annotations

import cv2
import numpy as np

from hub.vision.objects.interfaces import PERSON, Box, Picture

WIDTH, HEIGHT = 640, 480
SKIN, SHOES = (150, 180, 220), (30, 30, 35)


def drawn_street() -> tuple[Picture, list[Box]]:
    """A street of 640 x 480 pixels, BGR, and the boxes of the two figures on it."""
    rng = np.random.default_rng(13)
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:200], picture[200:] = (205, 190, 175), (120, 122, 125)
    cv2.rectangle(picture, (60, 40), (580, 260), (95, 110, 140), -1)
    for left in range(90, 560, 90):
        cv2.rectangle(picture, (left, 70), (left + 50, 140), (90, 75, 60), -1)
    boxes = [
        _figure(picture, 200, (40, 40, 190), (110, 70, 30)),
        _figure(picture, 430, (60, 140, 60), (60, 60, 65)),
    ]
    noise = rng.normal(0, 4, picture.shape)
    blurred = cv2.GaussianBlur(picture, (3, 3), 0)
    return np.clip(blurred + noise, 0, 255).astype(np.uint8), boxes


def _figure(
    picture: Picture, middle: int, coat: tuple[int, int, int], trousers: tuple[int, int, int], feet: int = 440
) -> Box:
    """Draw a standing person of 260 pixels; the box around it."""
    top = feet - 260
    cv2.ellipse(picture, (middle, top + 22), (16, 22), 0, 0, 360, SKIN, -1)
    cv2.ellipse(picture, (middle, top + 12), (17, 14), 0, 180, 360, SHOES, -1)
    for side in (-1, 1):
        cv2.line(picture, (middle + side * 14, top + 140), (middle + side * 20, feet - 8), trousers, 24)
        cv2.ellipse(picture, (middle + side * 24, feet - 6), (16, 7), 0, 0, 360, SHOES, -1)
        cv2.line(picture, (middle + side * 30, top + 62), (middle + side * 44, top + 140), coat, 17)
        cv2.circle(picture, (middle + side * 45, top + 148), 8, SKIN, -1)
    body = np.array([(-34, 50), (34, 50), (28, 150), (-28, 150)], np.int32) + (middle, top)
    cv2.fillPoly(picture, [body.astype(np.int32)], coat)
    return Box(middle - 54.0, float(top), middle + 54.0, float(feet), 1.0, PERSON)
