"""The vehicles of the simulated gate: a truck from the front (with its label) and from the rear."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from agent_lib.runtime.arrays import Image, Points, as_mat
from agent_lib.simulator import scene_label
from agent_lib.simulator.scene_text import Color, put_text

WIDTH, HEIGHT = 1000, 900
PAINTS = ((150, 78, 34), (40, 46, 168), (206, 208, 210), (60, 118, 62), (38, 150, 214), (92, 84, 80), (150, 140, 30))
PLATE, REAR_PLATE = (393, 757, 607, 801), (393, 786, 607, 830)
GLASS = np.array([(118, 190), (882, 190), (916, 468), (84, 468)], np.int32)


@dataclass
class Sprite:
    """A vehicle alone: `image` (900, 1000, 3) BGR, `mask` 8-bit coverage, its label's corners and its plate.

    `label` is TL, TR, BR, BL in the image, (4, 2) float32; None on the rear. `plate` is the text of the licence plate,
    which the image has at PLATE (front) or REAR_PLATE: left, top, right, bottom.
    """

    image: Image
    mask: Image
    label: Points | None
    plate: str


def render(rng: np.random.Generator, kind: str, number: str, own_plate: str = "") -> Sprite:
    """Draw one vehicle; an empty `number` gives an unreadable label, an empty `own_plate` one of the generator's."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    paint = PAINTS[int(rng.integers(len(PAINTS)))]
    plate = "".join(rng.choice(list("BCDFGHKLMNPRSTVW"), 3)) + f" {rng.integers(100, 9999)}"
    plate = own_plate or plate
    if kind == "primary":
        _cab(image, mask, rng, paint)
        _front(image, rng, plate)
        label = _windscreen(image, rng, number)
    else:
        _rear(image, mask, rng, paint, plate)
        label = None
    return Sprite(image, mask, label, plate)


def _shade(color: Color, factor: float) -> Color:
    blue, green, red = (int(min(255, max(0, c * factor))) for c in color)
    return blue, green, red


def _both(image: Image, mask: Image, points: list[tuple[int, int]], color: Color) -> None:
    outline = np.array(points, np.int32)
    cv2.fillPoly(image, [outline], color, cv2.LINE_AA)
    cv2.fillPoly(mask, [outline], 255)


def _box(image: Image, mask: Image, left: int, top: int, right: int, bottom: int, color: Color) -> None:
    _both(image, mask, [(left, top), (right, top), (right, bottom), (left, bottom)], color)


def _cab(image: Image, mask: Image, rng: np.random.Generator, paint: Color) -> None:
    for x0, x1 in ((110, 270), (730, 890)):
        _box(image, mask, x0, 780, x1, 895, (26, 26, 28))
    _both(image, mask, [(96, 60), (140, 24), (860, 24), (904, 60), (940, 500), (948, 840), (52, 840), (60, 500)], paint)
    light = np.linspace(1.12, 0.8, 816, dtype=np.float32)[:, None, None]
    body = np.clip(np.array(paint, np.float32) * light, 0, 255).astype(np.uint8)
    painted = cv2.inRange(image[24:840], paint, paint)
    cv2.copyTo(np.repeat(body, WIDTH, axis=1), painted, image[24:840])
    cv2.rectangle(image, (150, 60), (850, 150), _shade(paint, 0.55), -1)
    put_text(image, f"{rng.integers(10000, 99999)}", (640, 106), 46, (232, 234, 234), int(rng.integers(6)))
    put_text(image, "HAULAGE", (350, 106), 40, (232, 234, 234), 1)
    for x0, x1 in ((4, 48), (952, 996)):
        _box(image, mask, x0, 230, x1, 420, (34, 34, 36))
        near = 60 if x0 < 500 else 940
        cv2.line(image, (x1 if x0 < 500 else x0, 250), (near, 250), (34, 34, 36), 10)
        cv2.line(mask, (x1 if x0 < 500 else x0, 250), (near, 250), 255, 10)


def _front(image: Image, rng: np.random.Generator, plate: str) -> None:
    cv2.rectangle(image, (250, 520), (750, 690), (36, 36, 38), -1)
    for y in range(538, 690, 26):
        cv2.line(image, (262, y), (738, y), (92, 92, 94), 6)
    put_text(image, str(rng.choice(("ATLAS", "NORD", "TITAN", "VARO"))), (500, 498), 30, (222, 222, 224), 1)
    for x in (150, 850):
        cv2.ellipse(image, (x, 640), (74, 48), 0, 0, 360, (170, 172, 174), -1, cv2.LINE_AA)
        cv2.ellipse(image, (x, 640), (56, 34), 0, 0, 360, (246, 250, 252), -1, cv2.LINE_AA)
        cv2.rectangle(image, (x - 70, 702), (x + 70, 724), (30, 130, 230), -1)
    cv2.rectangle(image, (56, 735), (944, 838), (58, 58, 60), -1)
    cv2.rectangle(image, (388, 752), (612, 806), (20, 20, 22), -1)
    cv2.rectangle(image, PLATE[:2], PLATE[2:], (236, 238, 238), -1)
    put_text(image, plate, (500, 779), 30, (20, 20, 22), 1)


def _windscreen(image: Image, rng: np.random.Generator, number: str) -> Points:
    """Draw the glass and what is behind it; returns the label's corners in the sprite."""
    top, bottom = GLASS[0][1], GLASS[2][1] + 1
    pane = image[top:bottom]
    shift = np.array([(0, top)])
    inside = _dashboard(pane.shape, top)
    corners = _label_corners(rng)
    board = scene_label.board(number or f"{rng.integers(100000):05d}", rng)
    if not number:
        board = scene_label.spoil(board, rng)
    scene_label.place(board, corners - shift, inside)
    _reflect(inside, rng)
    glass = np.zeros(pane.shape[:2], np.uint8)
    cv2.fillPoly(glass, [GLASS - shift], 255)
    cv2.copyTo(inside, glass, pane)
    cv2.polylines(image, [GLASS], True, (20, 20, 22), 8, cv2.LINE_AA)
    for x in (300, 620):
        cv2.line(image, (x, 476), (x - 200, 462), (16, 16, 18), 7, cv2.LINE_AA)
    return corners


def _dashboard(shape: tuple[int, ...], top: int) -> Image:
    inside = np.zeros(shape, np.uint8)
    rows = np.linspace(0.2, 0.55, shape[0], dtype=np.float32)[:, None, None]
    light, dark = np.array((70, 64, 58), np.float32), np.array((30, 30, 32), np.float32)
    inside[:] = (light * (1 - rows) + dark * rows).astype(np.uint8)
    for x in (300, 700):
        cv2.ellipse(inside, (x, 330 - top), (66, 110), 0, 180, 360, (52, 50, 50), -1, cv2.LINE_AA)
        cv2.rectangle(inside, (x - 66, 330 - top), (x + 66, 480 - top), (52, 50, 50), -1)
    cv2.circle(inside, (690, 440 - top), 84, (22, 22, 24), 14, cv2.LINE_AA)
    cv2.rectangle(inside, (80, 440 - top), (920, 480 - top), (44, 44, 46), -1)
    return inside


def _label_corners(rng: np.random.Generator) -> Points:
    """Corners of a board standing on the dashboard, turned by up to 22 degrees and slightly tilted."""
    width = rng.uniform(170, 330)
    yaw, pitch, roll = np.radians((rng.uniform(-22, 22), rng.uniform(-12, 12), rng.uniform(-7, 7)))
    points = np.array([(-0.5, -0.354), (0.5, -0.354), (0.5, 0.354), (-0.5, 0.354)]) * width
    points = points @ np.array([(np.cos(roll), np.sin(roll)), (-np.sin(roll), np.cos(roll))])
    x, y = points[:, 0] * np.cos(yaw), points[:, 1] * np.cos(pitch)
    depth = 1400 + points[:, 0] * np.sin(yaw) + points[:, 1] * np.sin(pitch)
    flat = np.stack([x, y], axis=1) * (1400 / depth)[:, None]
    half = np.abs(flat).max(axis=0)
    centre = (rng.uniform(120 + half[0], 880 - half[0]), 452 - half[1])
    return np.asarray(flat + np.array(centre), np.float32)


def _reflect(inside: Image, rng: np.random.Generator) -> None:
    """Add the sky's reflection in the glass: a slanted band, weak enough to read the label through."""
    height = inside.shape[0]
    x = int(rng.integers(120, 800))
    wide = int(rng.integers(60, 200))
    band = np.zeros(inside.shape[:2], np.uint8)
    strip = np.array([(x, 0), (x + wide, 0), (x + wide - 170, height), (x - 170, height)], np.int32)
    cv2.fillPoly(band, [strip], int(rng.integers(10, 46)))
    glow = cv2.add(cv2.GaussianBlur(band, (0, 0), 9), as_mat(int(rng.integers(0, 16))))
    cv2.add(inside, cv2.merge([glow, glow, glow]), dst=inside)


def _rear(image: Image, mask: Image, rng: np.random.Generator, paint: Color, plate: str) -> None:
    for x0, x1 in ((110, 290), (710, 890)):
        _box(image, mask, x0, 770, x1, 895, (26, 26, 28))
    _box(image, mask, 60, 20, 940, 730, _shade(paint, 0.95))
    for x in (64, 496, 932):
        cv2.rectangle(image, (x, 24), (x + 6, 726), _shade(paint, 0.6), -1)
    for x in (380, 452, 548, 620):
        cv2.line(image, (x, 40), (x, 700), (170, 172, 174), 8)
        cv2.rectangle(image, (x - 18, 560), (x + 18, 580), (120, 122, 124), -1)
    cv2.rectangle(image, (130, 130), (360, 270), (230, 232, 232), -1)
    put_text(image, "LONG", (245, 168), 40, (30, 30, 32), 1)
    put_text(image, "VEHICLE", (245, 228), 40, (30, 30, 32), 1)
    put_text(image, f"{rng.integers(10000, 99999)}", (780, 200), 64, (236, 238, 238), int(rng.integers(6)))
    _box(image, mask, 60, 730, 940, 780, (50, 50, 52))
    for x in range(70, 930, 120):
        cv2.fillPoly(
            image, [np.array([(x, 776), (x + 40, 734), (x + 80, 734), (x + 40, 776)], np.int32)], (40, 60, 220)
        )
    for x in (90, 800):
        cv2.rectangle(image, (x, 786), (x + 110, 826), (40, 40, 190), -1)
        cv2.rectangle(mask, (x, 780), (x + 110, 826), 255, -1)
    _box(image, mask, 388, 780, 612, 836, (20, 20, 22))
    cv2.rectangle(image, REAR_PLATE[:2], REAR_PLATE[2:], (60, 214, 240), -1)
    put_text(image, plate, (500, 808), 30, (20, 20, 22), 1)
