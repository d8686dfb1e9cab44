"""Annotated copies of pictures: the board's corners, its score and its number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from agent_lib.label.reading import LabelReading
from agent_lib.runtime.arrays import Image

READ, UNREAD, NOTHING = (60, 200, 60), (0, 190, 255), (60, 60, 235)
"""BGR: a number is reported; a label without a number; no label."""
_QUALITY = 90


class Annotator:
    """Writes `NAME-read.jpg` for each picture into one folder, never overwriting a given picture."""

    def __init__(self, folder: Path) -> None:
        """Create the folder. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._taken: set[str] = set()

    def spare(self, pictures: Iterable[Path]) -> None:
        """Never overwrite one of these pictures."""
        here = self.folder.resolve()
        self._taken |= {path.name.lower() for path in pictures if path.parent.resolve() == here}

    def write(self, source: Path, image: Image, reading: LabelReading) -> Path:
        """Draw and save the annotated picture. Raises OSError."""
        name, number = f"{source.stem}-read.jpg", 1
        while name.lower() in self._taken:
            number += 1
            name = f"{source.stem}-read-{number}.jpg"
        self._taken.add(name.lower())
        done, data = cv2.imencode(".jpg", draw(image, reading), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise OSError("the picture could not be packed")
        path = self.folder / name
        # Not cv2.imwrite, which does not support all characters in names on Windows.
        path.write_bytes(data.tobytes())
        return path


def draw(image: Image, reading: LabelReading) -> Image:
    """A copy of a BGR picture with outline, a dot at the board's own top left corner and a line of text per label."""
    image = image.copy()
    size = max(0.45, max(image.shape[:2]) / 1600)
    for one in [*reversed(reading.others), reading] if reading.found else [reading]:
        _draw_one(image, one, size)
    return image


def _draw_one(image: Image, reading: LabelReading, size: float) -> None:
    colour = READ if reading.number else UNREAD if reading.found else NOTHING
    thick = max(1, round(2 * size))
    text = "No label found"
    if reading.found and reading.corners is not None:
        corners = np.round(reading.corners).astype(np.int32)
        cv2.polylines(image, [corners.reshape(-1, 1, 2)], True, colour, thick, cv2.LINE_AA)
        cv2.circle(image, [int(value) for value in corners[0]], 3 * thick, colour, -1, cv2.LINE_AA)
        # Rounded down as in the JSON line: 0.90 means at least 0.9.
        text = (
            f"{reading.number or reading.reason}   score {reading.score:.2f}   sure "
            f"{math.floor(100 * reading.confidence) / 100:.2f}"
        )
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    size *= min(1.0, (image.shape[1] - 8) / max(1, width))
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    x, y = _place(image, reading, width, height, base)
    cv2.rectangle(image, (x - 4, y - height - 6), (x + width + 4, y + base + 2), (30, 30, 30), -1)
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)


def _place(image: Image, reading: LabelReading, width: int, height: int, base: int) -> tuple[int, int]:
    """Position of the text: above the label, else below it, else at the top left; always inside the picture."""
    x, y = 8.0, height + 10.0
    if reading.found and reading.corners is not None:
        x = float(reading.corners[:, 0].min())
        above = float(reading.corners[:, 1].min()) - base - 8
        below = float(reading.corners[:, 1].max()) + height + 12
        y = above if above > height + 6 else below if below < image.shape[0] - base else height + 10
    return int(max(4, min(x, image.shape[1] - width - 4))), int(max(height + 6, min(y, image.shape[0] - base - 2)))
