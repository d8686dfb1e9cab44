"""The empty gate of the simulated station: yard, weighbridge deck, posts and signs."""

from __future__ import annotations

import cv2
import numpy as np

from agent_lib.runtime.arrays import Image
from agent_lib.simulator.scene_text import Color, put_text

BASE = (1920, 1080)


def gate(rng: np.random.Generator, kind: str) -> Image:
    """Render the gate without a vehicle, in daylight: (1080, 1920, 3) BGR uint8."""
    width, height = BASE
    horizon = 400
    image = np.zeros((height, width, 3), np.uint8)
    image[:horizon] = _gradient((214, 190, 160), (232, 224, 214), horizon)
    image[horizon:] = _gradient((104, 106, 108), (128, 130, 134), height - horizon)
    _trees(image, rng, horizon)
    _ground(image, rng, horizon)
    _hall(image, rng, horizon, left=kind == "primary")
    _deck(image, horizon)
    _barrier(image, horizon)
    _signs(image, rng, left=kind != "primary")
    return image


def _gradient(top: Color, bottom: Color, rows: int) -> Image:
    mix = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    return (np.array(top, np.float32) * (1 - mix) + np.array(bottom, np.float32) * mix).astype(np.uint8)


def _trees(image: Image, rng: np.random.Generator, horizon: int) -> None:
    for x in range(-40, image.shape[1] + 80, 55):
        height = int(rng.integers(40, 130))
        green = int(rng.integers(60, 105))
        cv2.ellipse(image, (x, horizon), (60, height), 0, 180, 360, (green // 2, green, green - 20), -1, cv2.LINE_AA)
    image[horizon - 140 : horizon] = cv2.GaussianBlur(image[horizon - 140 : horizon], (0, 0), 3)


def _hall(image: Image, rng: np.random.Generator, horizon: int, left: bool) -> None:
    x0, x1 = (60, 760) if left else (1160, 1860)
    tone = int(rng.integers(140, 190))
    top = horizon - int(rng.integers(230, 280))
    cv2.rectangle(image, (x0, top), (x1, horizon + 40), (tone, tone + 6, tone + 10), -1)
    for x in range(x0, x1, 24):
        cv2.line(image, (x, top), (x, horizon + 40), (tone - 14, tone - 10, tone - 8), 2)
    cv2.rectangle(image, (x0 - 10, top - 16), (x1 + 10, top), (80, 76, 70), -1)
    for x in range(x0 + 50, x1 - 90, 150):
        cv2.rectangle(image, (x, top + 50), (x + 90, top + 110), (60, 54, 50), -1)
        cv2.rectangle(image, (x + 6, top + 56), (x + 84, top + 104), (196, 190, 176), -1)
        cv2.line(image, (x + 45, top + 56), (x + 45, top + 104), (60, 54, 50), 4)
    cv2.rectangle(image, (x0 + 240, top + 140), (x0 + 430, horizon + 40), (92, 88, 84), -1)
    put_text(image, f"HALL {rng.integers(1, 9)}", ((x0 + x1) / 2 + 120, top + 150), 40, (70, 60, 50), 1)


def _ground(image: Image, rng: np.random.Generator, horizon: int) -> None:
    coarse = rng.normal(0, 5, (135, 240)).astype(np.float32)
    grain = cv2.resize(coarse, (image.shape[1], image.shape[0] - horizon), interpolation=cv2.INTER_CUBIC)
    ground = image[horizon:]
    grain = np.clip(grain + 128, 0, 255).astype(np.uint8)
    cv2.addWeighted(ground, 1.0, cv2.merge([grain, grain, grain]), 1.0, -128.0, dst=ground)
    for side in (-1, 1):
        near, far = 960 + side * 900, 960 + side * 300
        cv2.line(image, (near, 1080), (far, horizon + 30), (190, 196, 198), 14, cv2.LINE_AA)


def _deck(image: Image, horizon: int) -> None:
    deck = np.array([(330, 1080), (690, horizon + 110), (1230, horizon + 110), (1590, 1080)], np.int32)
    overlay = image.copy()
    cv2.fillPoly(overlay, [deck], (142, 146, 148), cv2.LINE_AA)
    cv2.addWeighted(overlay, 0.75, image, 0.25, 0, dst=image)
    cv2.polylines(image, [deck], True, (60, 150, 190), 8, cv2.LINE_AA)
    for y in (600, 720, 860):
        reach = (y - horizon - 110) * 360 / 570 + 270
        cv2.line(image, (round(960 - reach), y), (round(960 + reach), y), (104, 106, 108), 4, cv2.LINE_AA)


def _barrier(image: Image, horizon: int) -> None:
    for x in (250, 1670):
        cv2.rectangle(image, (x - 34, horizon + 60), (x + 34, horizon + 380), (40, 140, 214), -1)
        cv2.rectangle(image, (x - 34, horizon + 60), (x + 34, horizon + 92), (40, 44, 48), -1)
    # The arm stands upright while a vehicle is expected on the deck.
    for step in range(6):
        color = (50, 50, 200) if step % 2 else (230, 232, 232)
        cv2.rectangle(image, (242, horizon + 60 - 62 * (step + 1)), (258, horizon + 60 - 62 * step), color, -1)
    cv2.rectangle(image, (1640, 190), (1700, 340), (40, 42, 44), -1)
    for y, color in ((215, (40, 40, 90)), (265, (40, 90, 110)), (315, (80, 220, 60))):
        cv2.circle(image, (1670, y), 20, color, -1, cv2.LINE_AA)
    cv2.line(image, (1670, 340), (1670, horizon + 60), (70, 72, 74), 12)


def _signs(image: Image, rng: np.random.Generator, left: bool) -> None:
    """Draw boards that must not be mistaken for the label: light panels in dark frames, 5 digits."""
    base = 110 if left else 1330
    number = int(rng.integers(10000, 99999))
    cv2.line(image, (base + 100, 330), (base + 100, 560), (90, 92, 94), 14)
    cv2.rectangle(image, (base, 190), (base + 210, 338), (28, 28, 30), -1)
    cv2.rectangle(image, (base + 15, 205), (base + 195, 323), (226, 230, 230), -1)
    put_text(image, f"{number:05d}", (base + 105, 264), 44, (24, 24, 26), int(rng.integers(6)))
    cv2.rectangle(image, (base + 260, 250), (base + 420, 350), (220, 226, 228), -1)
    cv2.rectangle(image, (base + 260, 250), (base + 420, 350), (40, 40, 190), 8)
    put_text(image, "MAX", (base + 340, 280), 24, (30, 30, 32), 1)
    put_text(image, str(int(rng.integers(20, 60)) * 1000), (base + 340, 320), 30, (30, 30, 32), 1)
