"""Printed text for the simulated gate, from what OpenCV and Pillow carry themselves."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Each look is one way in which a label's digits may have been printed: the face, how bold
# (stroke width over height) and how wide against the face's own width.
LOOKS = (
    ("sans", 0.075, 0.92),
    ("sans", 0.055, 1.05),
    ("sans", 0.09, 0.8),
    ("round", 0.2, 0.95),
    ("round", 0.17, 1.1),
    ("double", 0.15, 1.0),
)


@lru_cache(maxsize=8)
def _font(size: int):
    return ImageFont.load_default(size)


def _sans(text: str, height: int, bold: float) -> np.ndarray:
    stroke = max(0, round(height * bold))
    # Pillow's built-in face has digits of 0.7 of its size.
    font = _font(max(8, round((height - 2 * stroke) / 0.7)))
    box = font.getbbox(text, stroke_width=stroke)
    mask = Image.new("L", (int(box[2] - box[0]) + 2, int(box[3] - box[1]) + 2))
    ImageDraw.Draw(mask).text((1 - box[0], 1 - box[1]), text, fill=255, font=font, stroke_width=stroke)
    return np.asarray(mask)


def _strokes(text: str, height: int, bold: float, face: int) -> np.ndarray:
    thick = max(1, round(height * bold))
    scale = (height - thick) / 21.0
    (width, _), _ = cv2.getTextSize(text, face, scale, thick)
    mask = np.zeros((height * 2 + thick, width + 2 * thick), np.uint8)
    cv2.putText(mask, text, (thick, round(height * 1.5)), face, scale, 255, thick, cv2.LINE_AA)
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return mask
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def text_mask(text: str, height: int, look: int = 0) -> np.ndarray:
    """The text as an 8-bit coverage mask about `height` pixels tall, in one of LOOKS."""
    face, bold, stretch = LOOKS[look % len(LOOKS)]
    if face == "sans":
        mask = _sans(text, height, bold)
    else:
        hershey = cv2.FONT_HERSHEY_SIMPLEX if face == "round" else cv2.FONT_HERSHEY_DUPLEX
        mask = _strokes(text, height, bold, hershey)
    if stretch != 1.0:
        size = (max(1, round(mask.shape[1] * stretch)), mask.shape[0])
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return mask


def put_text(image, text, centre, height, color, look=0) -> None:
    """Print `text` into the BGR `image` in place, centred at `centre` (x, y); cut at its border."""
    mask = text_mask(text, height, look)
    x0 = round(centre[0] - mask.shape[1] / 2)
    y0 = round(centre[1] - mask.shape[0] / 2)
    left, top = max(0, -x0), max(0, -y0)
    right = min(mask.shape[1], image.shape[1] - x0)
    bottom = min(mask.shape[0], image.shape[0] - y0)
    if right <= left or bottom <= top:
        return
    alpha = mask[top:bottom, left:right, None].astype(np.float32) / 255.0
    part = image[y0 + top : y0 + bottom, x0 + left : x0 + right]
    part[:] = (part * (1 - alpha) + np.float32(color) * alpha + 0.5).astype(np.uint8)
