"""Boards and signs in a benchmark's frame: their pose before a pinhole camera, what lies over them, and the warp."""

from __future__ import annotations

import cv2
import numpy as np
from label_board import HEIGHT, WIDTH

FRAME = (1920, 1080)
FOCAL = 1700.0
MARGIN = 200


def put(image, sheet, rng, width, tilt) -> None:
    paste(image, sheet, pose(rng, width, tilt, sheet.shape[0] / sheet.shape[1]))


def pose(rng, width: float, tilt: float, ratio: float = HEIGHT / WIDTH, upside_down: bool = False) -> np.ndarray:
    """Corners (TL, TR, BR, BL) of a board before a pinhole camera: `width` px head on, tilted by up to `tilt` degrees
    about any axis in it.
    """
    angle, axis = np.radians(rng.uniform(0, tilt)), rng.uniform(0, 2 * np.pi)
    return _standing(rng, width, angle, axis, np.radians(rng.normal(0, 7)) + (np.pi if upside_down else 0), ratio)


def night_pose(rng, night, ratio: float = HEIGHT / WIDTH) -> np.ndarray:
    """`pose` in the ranges of a `label_night.Night`."""
    angle, axis = np.radians(rng.uniform(*night.tilt)), rng.uniform(0, 2 * np.pi)
    roll = np.radians(rng.uniform(-night.roll, night.roll))
    return _standing(rng, rng.uniform(*night.width), angle, axis, roll, ratio)


def _standing(rng, width: float, angle: float, axis: float, rolled: float, ratio: float) -> np.ndarray:
    """Corners of a board that is turned by these angles (radians), somewhere in the frame."""
    turn, _ = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0.0]) * angle)
    roll, _ = cv2.Rodrigues(np.array([0.0, 0.0, rolled]))
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


def strap(rng) -> list[tuple[np.ndarray, tuple[int, int, int]]]:
    """A strap along one edge in board units: from outside the board to its frame or a little into the panel."""
    return [(band(int(rng.integers(4)), rng.uniform(-70, 10), rng.uniform(70, 180), rng), cloth(rng))]


def cover(rng) -> list[tuple[np.ndarray, tuple[int, int, int]]]:
    """A covering over one half of the board or more: not every digit is left."""
    edge = int(rng.integers(4))
    length = HEIGHT if edge in (0, 2) else WIDTH
    return [(band(edge, -150, length * rng.uniform(0.5, 0.75), rng), cloth(rng))]


def band(edge: int, start: float, end: float, rng) -> np.ndarray:
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


def cloth(rng) -> tuple[int, int, int]:
    return tuple(int(v) for v in np.clip(rng.choice((35, 80, 130, 200)) + rng.normal(0, 18, 3), 5, 240))


def paste(image, sheet, corners, bands=None) -> None:
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
