"""The weighbridge label of the simulated gate: its printed board, readable or not."""

from __future__ import annotations

import cv2
import numpy as np

from agent_lib.label.code import LabelCode
from agent_lib.label.code_file import load_label_code
from agent_lib.runtime.arrays import Array, Image
from agent_lib.simulator.scene_text import LOOKS, text_mask

BLACK, WHITE = (24, 22, 22), (238, 240, 240)


def board(number: str, rng: np.random.Generator, code: LabelCode | None = None) -> Image:
    """Render a label at one pixel per board unit: (842, 1191, 3) BGR uint8.

    `rng` chooses the print (digit style, panel tone, which marks are filled). `code` is the label family; another code
    gives a board that must not be taken for a label.
    """
    code = code or load_label_code()
    image = np.full((code.height, code.width, 3), BLACK, np.uint8)
    x0, y0, x1, y1 = code.panel
    for left, top, right, bottom in code.tick_boxes():
        image[max(0, top) : bottom, max(0, left) : right] = WHITE
    tone = int(rng.integers(205, 245))
    image[y0:y1, x0:x1] = (tone, tone, min(255, tone + int(rng.integers(-6, 10))))
    _marks(image, code, rng)
    if number:
        _digits(image, number, code, rng)
    return image


def _digits(image: Image, number: str, code: LabelCode, rng: np.random.Generator) -> None:
    x0, y0, x1, y1 = code.panel
    height = round((y1 - y0) * rng.uniform(0.23, 0.28))
    mask = text_mask(number, height, int(rng.integers(len(LOOKS))))
    widest = (x1 - x0) * 0.7
    if mask.shape[1] > widest:
        mask = cv2.resize(mask, (round(widest), mask.shape[0]), interpolation=cv2.INTER_AREA)
    left = round((x0 + x1 - mask.shape[1]) / 2)
    top = round((y0 + y1 - mask.shape[0]) / 2)
    part = image[top : top + mask.shape[0], left : left + mask.shape[1]]
    ink = np.array(BLACK, np.float32)
    alpha = mask[..., None].astype(np.float32) / 255.0
    part[:] = (part * (1 - alpha) + ink * alpha).astype(np.uint8)


def _marks(image: Image, code: LabelCode, rng: np.random.Generator) -> None:
    """Draw small outlined squares and circles near the panel's border, some of them filled."""
    x0, y0, x1, y1 = code.panel
    size, gap = 34, 46
    places = [(x, y) for x in range(x0 + gap, x1 - gap + 1, 102) for y in (y0 + gap, y1 - gap)]
    places += [(x, y) for y in range(y0 + gap + 110, y1 - gap - 60, 102) for x in (x0 + gap, x1 - gap)]
    half = size // 2
    for x, y in places:
        if rng.random() < 0.15:
            continue
        thick = -1 if rng.random() < 0.35 else 4
        if rng.random() < 0.5:
            cv2.rectangle(image, (x - half, y - half), (x + half, y + half), BLACK, thick, cv2.LINE_AA)
        else:
            cv2.circle(image, (x, y), half, BLACK, thick, cv2.LINE_AA)


def spoil(image: Image, rng: np.random.Generator) -> Image:
    """Make a rendered board unreadable: dirt smeared over the digits, a cover, or glare.

    No digit remains complete, so a correct reader reports nothing.
    """
    way = int(rng.integers(3))
    image = image.copy()
    height, width = image.shape[:2]
    top, bottom = round(height * 0.31), round(height * 0.69)
    left, right = round(width * 0.13), round(width * 0.87)
    middle = image[top:bottom, left:right]
    if way == 0:
        smeared = cv2.blur(cv2.blur(middle, (401, 61)), (301, 61)).astype(np.float32)
        dirt = cv2.resize(rng.normal(0, 14, (9, 22)).astype(np.float32), middle.shape[1::-1])
        middle[:] = np.clip(smeared * 0.85 + dirt[..., None], 0, 255).astype(np.uint8)
    elif way == 1:
        # A folded cloth on the dashboard covers most of the board.
        cloth = np.array(
            [
                (0, height),
                (0, height * 0.2),
                (width * 0.3, height * 0.12),
                (width * 0.75, height * 0.2),
                (width, height * 0.14),
                (width, height),
            ]
        )
        cv2.fillPoly(image, [cloth.astype(np.int32)], (70, 84, 96), cv2.LINE_AA)
        for x in (0.2, 0.45, 0.7):
            cv2.line(
                image,
                (round(width * x), round(height * 0.2)),
                (round(width * (x - 0.08)), height),
                (58, 70, 82),
                14,
                cv2.LINE_AA,
            )
    else:
        glow = np.zeros((height, width), np.float32)
        cv2.ellipse(
            glow,
            (width // 2, height // 2),
            (round(width * 0.42), round(height * 0.24)),
            float(rng.uniform(-6, 6)),
            0,
            360,
            1.0,
            -1,
        )
        glow = np.minimum(cv2.blur(glow, (91, 91)) * 1.35, 1.0)[..., None]
        image = (image * (1 - glow) + 250.0 * glow).astype(np.uint8)
    return image


def place(board_image: Image, corners: Array, canvas: Image) -> None:
    """Draw the board into the BGR `canvas` in place, its TL, TR, BR, BL at `corners` (4, 2).

    The board is first reduced to about its final size: warping it directly would drop ticks instead of averaging them.
    """
    corners = np.array(corners, np.float32)
    span = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    scale = min(1.0, float(1.5 * span / board_image.shape[1]))
    small = cv2.resize(board_image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(source, corners)
    size = canvas.shape[1::-1]
    warped = cv2.warpPerspective(small, matrix, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)
    alpha = cover[..., None].astype(np.float32) / 255.0
    canvas[:] = (canvas * (1 - alpha) + warped * alpha + 0.5).astype(np.uint8)
