"""Search the label in a picture of any size: as it is, reduced, and with a border if the label fills it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from agent_lib.label.reading import FrameReader, LabelReading
from agent_lib.runtime.arrays import Image

AS_IT_IS, REDUCED, BORDERED = "as it is", "reduced", "with a border"
FRAME_SIDE = 1920
"""Width of the frames that the finder is tuned for."""
_BORDER_SIDE, _BORDER_SHARE, _GREY = 720, 0.15, (128, 128, 128)
_FILLS_SHARE = 0.5


def look(reader: FrameReader, image: Image) -> tuple[LabelReading, str]:
    """The best LabelReading of a BGR picture, with `corners` in its pixels, and the variant it was found in.

    The first variant is exactly what a station does. The others are tried only if it gives no number; with a border,
    only a label that fills half of the picture counts.
    """
    best, how = reader.read(image), AS_IT_IS
    if best.number:
        return best, how
    if max(image.shape[:2]) > 1.15 * FRAME_SIDE:
        best, how = _better(best, how, _reduced(reader, image), REDUCED)
    if not best.number and (not best.found or best.weak):
        best, how = _better(best, how, _bordered(reader, image), BORDERED)
    return best, how


def _better(best: LabelReading, how: str, other: LabelReading, other_how: str) -> tuple[LabelReading, str]:
    rank, other_rank = ((bool(one.number), one.found, not one.weak, one.score) for one in (best, other))
    return (other, other_how) if other_rank > rank else (best, how)


def _reduced(reader: FrameReader, image: Image) -> LabelReading:
    share = FRAME_SIDE / max(image.shape[:2])
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return _moved(reader.read(small), 1 / share, 0)


def _bordered(reader: FrameReader, image: Image) -> LabelReading:
    share = min(1.0, _BORDER_SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA) if share < 1 else image
    width = round(_BORDER_SHARE * max(small.shape[:2]))
    reading = reader.read(cv2.copyMakeBorder(small, width, width, width, width, cv2.BORDER_CONSTANT, value=_GREY))
    if (
        reading.corners is not None
        and cv2.contourArea(reading.corners) < _FILLS_SHARE * small.shape[0] * small.shape[1]
    ):
        return replace(reading, found=False, number="", score=0.0, others=[])
    return _moved(reading, 1 / share, width)


def _moved(reading: LabelReading, scale: float, border: int) -> LabelReading:
    """The reading with all corners converted to the pixels of the original picture."""
    if reading.corners is None:
        return reading
    corners = ((reading.corners - border) * scale).astype(np.float32)
    return replace(reading, corners=corners, others=[_moved(one, scale, border) for one in reading.others])
