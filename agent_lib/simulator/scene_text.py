"""Printed text for the simulated gate, with the fonts of OpenCV and Pillow."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from agent_lib.runtime.arrays import Image

Color = tuple[int, int, int]

# Each look is one style of printed digits: the face, boldness (stroke width / height), and width relative to the face's
# own width.
LOOKS = (
    ("sans", 0.06, 0.95),
    ("sans", 0.045, 1.08),
    ("sans", 0.07, 0.85),
    ("round", 0.17, 0.95),
    ("round", 0.15, 1.1),
    ("double", 0.12, 1.0),
)
# Gap between two characters, as a share of the height, so that bold strokes do not merge.
GAP = 0.1


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _sans(sign: str, height: int, bold: float) -> Image:
    stroke = max(0, round(height * bold))
    # Pillow's built-in face has digits of 0.7 of its size.
    font = _font(max(8, round((height - 2 * stroke) / 0.7)))
    left, _, right, _ = font.getbbox(sign, stroke_width=stroke)
    mask = PIL.Image.new("L", (int(right - left) + 2, height * 2))
    # All characters share one base line.
    place = (1 - left, round(height * 1.5) - stroke)
    ImageDraw.Draw(mask).text(place, sign, fill=255, font=font, stroke_width=stroke, anchor="ls")
    return np.asarray(mask)


def _strokes(sign: str, height: int, bold: float, face: int) -> Image:
    thick = max(1, round(height * bold))
    scale = (height - thick) / 21.0
    (width, _), _ = cv2.getTextSize(sign, face, scale, thick)
    mask = np.zeros((height * 2, width + 2 * thick), np.uint8)
    place = (thick, round(height * 1.5) - thick // 2)
    cv2.putText(mask, sign, place, face, scale, 255, thick, cv2.LINE_AA)
    return mask


def _trimmed(mask: Image, axis: int) -> Image:
    used = np.flatnonzero(mask.any(axis=axis))
    if not len(used):
        return mask
    return mask[:, used[0] : used[-1] + 1] if axis == 0 else mask[used[0] : used[-1] + 1]


def text_mask(text: str, height: int, look: int = 0) -> Image:
    """The text as an 8-bit coverage mask about `height` pixels tall, in one of LOOKS."""
    face, bold, stretch = LOOKS[look % len(LOOKS)]
    gap = np.zeros((height * 2, max(1, round(height * GAP))), np.uint8)
    parts = []
    for sign in text:
        if sign == " ":
            parts += [gap, gap, gap]
        elif face == "sans":
            parts += [_trimmed(_sans(sign, height, bold), 0), gap]
        else:
            hershey = cv2.FONT_HERSHEY_SIMPLEX if face == "round" else cv2.FONT_HERSHEY_DUPLEX
            parts += [_trimmed(_strokes(sign, height, bold, hershey), 0), gap]
    mask = _trimmed(np.hstack(parts[:-1] or [gap]), 1)
    if stretch != 1.0:
        size = (max(1, round(mask.shape[1] * stretch)), mask.shape[0])
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return mask


def put_text(image: Image, text: str, centre: tuple[float, float], height: int, color: Color, look: int = 0) -> None:
    """Print `text` into the BGR `image` in place, centred at `centre` (x, y) and clipped at its border."""
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
    part[:] = (part * (1 - alpha) + np.array(color, np.float32) * alpha + 0.5).astype(np.uint8)
