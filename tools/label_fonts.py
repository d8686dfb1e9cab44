"""Typefaces to train the label reader on: ten digit masks each, from Pillow, OpenCV, this file and the system."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

HEIGHT = 80
"""Height of the masks in pixels: above what any strip shows."""
OTHER_SIGNS = "ABCDEFHKLNPRSTXY"
"""Signs that are no digits; they stand for whatever else may be printed there."""
SYSTEM_FACES = 40
SYSTEM_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "C:/Windows/Fonts",
)
PLAIN_FAMILIES = (
    "dejavu",
    "liberation",
    "freesans",
    "freemono",
    "freeserif",
    "ubuntu",
    "roboto",
    "opensans",
    "lato",
    "arial",
    "helvet",
    "verdana",
    "tahoma",
    "courier",
    "times",
    "georgia",
    "consola",
    "calibri",
    "segoe",
    "garuda",
    "loma",
    "umpush",
    "waree",
    "sawasdee",
    "laksaman",
    "tlwg",
    "norasi",
    "kinnari",
    "notosans-",
    "notoserif-",
    "notomono",
)

# Our own digits, drawn as strokes in a box of 4 by 6: polylines, rounded where they are drawn with a curve.
STROKES = {
    "0": [[(1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)]],
    "1": [[(0.6, 1.4), (2.2, 0), (2.2, 6)]],
    "2": [[(0, 1.2), (0.8, 0.2), (2, 0), (3.4, 0.4), (3.9, 1.6), (3.2, 3), (0, 6), (4, 6)]],
    "3": [
        [(0, 0.8), (1.2, 0), (3, 0), (3.9, 1), (3.6, 2.4), (1.6, 2.9), (3.6, 3.4), (4, 4.8), (3, 6), (1.2, 6), (0, 5.2)]
    ],
    "4": [[(3, 6), (3, 0), (0, 4.2), (4, 4.2)]],
    "5": [[(3.8, 0), (0.5, 0), (0.2, 2.8), (1.6, 2.2), (3.2, 2.5), (4, 3.8), (3.6, 5.4), (2, 6), (0, 5.3)]],
    "6": [
        [
            (3.6, 0.3),
            (1.8, 0.8),
            (0.4, 2.6),
            (0, 4.4),
            (0.8, 5.7),
            (2.2, 6),
            (3.7, 5.2),
            (3.9, 3.8),
            (3, 2.7),
            (1.4, 2.7),
            (0.2, 3.8),
        ]
    ],
    "7": [[(0, 0), (4, 0), (1.4, 6)]],
    "8": [
        [
            (2, 2.8),
            (0.6, 2.2),
            (0.4, 0.8),
            (1.4, 0),
            (2.6, 0),
            (3.6, 0.8),
            (3.4, 2.2),
            (2, 2.8),
            (0.3, 3.6),
            (0, 5),
            (1.2, 6),
            (2.8, 6),
            (4, 5),
            (3.7, 3.6),
            (2, 2.8),
        ]
    ],
    "9": [
        [
            (0.4, 5.7),
            (2.2, 5.2),
            (3.6, 3.4),
            (4, 1.6),
            (3.2, 0.3),
            (1.8, 0),
            (0.3, 0.8),
            (0.1, 2.2),
            (1, 3.3),
            (2.6, 3.3),
            (3.8, 2.2),
        ]
    ],
}
SEGMENTS = {
    "a": ((0, 0), (4, 0)),
    "b": ((4, 0), (4, 3)),
    "c": ((4, 3), (4, 6)),
    "d": ((0, 6), (4, 6)),
    "e": ((0, 3), (0, 6)),
    "f": ((0, 0), (0, 3)),
    "g": ((0, 3), (4, 3)),
}
LIT = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgecd",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
}

Face = dict[str, np.ndarray]
log = logging.getLogger(__name__)


def faces(rng: np.random.Generator, system: bool = True) -> list[Face]:
    """All faces, each from a digit (or one of OTHER_SIGNS, where the face has it) to its 8-bit coverage mask of HEIGHT
    rows.

    Pillow's own face, OpenCV's and ours are always there; `system` adds what this machine has installed, drawn by
    `rng`.
    """
    made = [_printed(ImageFont.load_default(400), bold) for bold in (0.0, 0.015, 0.03, 0.045, 0.06, 0.075)]
    for face, bolds in (
        (cv2.FONT_HERSHEY_SIMPLEX, (0.09, 0.13, 0.17)),
        (cv2.FONT_HERSHEY_DUPLEX, (0.06, 0.1, 0.14)),
        (cv2.FONT_HERSHEY_COMPLEX, (0.05, 0.09)),
        (cv2.FONT_HERSHEY_TRIPLEX, (0.05, 0.08)),
    ):
        made += [_stroked(face, bold) for bold in bolds]
    made += [_drawn(_own_strokes(digit_box), bold) for digit_box in (0.8, 1.0) for bold in (0.1, 0.15, 0.2)]
    made += [_drawn(_segments(gap), bold) for gap, bold in ((0.0, 0.1), (0.0, 0.16), (0.12, 0.13))]
    return made + (_system_faces(rng) if system else [])


def _system_faces(rng: np.random.Generator) -> list[Face]:
    files = sorted(
        {
            path
            for folder in SYSTEM_FOLDERS
            for path in Path(folder).rglob("*.[to]tf")
            if any(name in path.name.lower() for name in PLAIN_FAMILIES)
        }
    )
    made = []
    for i in rng.permutation(len(files)):
        if len(made) == SYSTEM_FACES:
            break
        try:
            face = _printed(ImageFont.truetype(str(files[i]), 400), float(rng.choice((0.0, 0.0, 0.02))))
        except (OSError, ValueError) as error:
            log.info("The font %s is left out: %s", files[i], error)
            continue
        # A face without digits draws the same box for each of them.
        if len({face[digit].tobytes() for digit in "0123456789"}) == 10:
            made.append(face)
    return made


def _printed(font: ImageFont.FreeTypeFont, bold: float) -> Face:
    """A scalable face, thickened by `bold` of its height on each side."""
    stroke = round(280 * bold)
    face = {}
    for sign in "0123456789" + OTHER_SIGNS:
        image = Image.new("L", (900, 900))
        ImageDraw.Draw(image).text((200, 600), sign, fill=255, font=font, stroke_width=stroke, anchor="ls")
        face[sign] = np.asarray(image)
    return _fitted(face)


def _stroked(hershey: int, bold: float) -> Face:
    thick, scale = round(250 * bold), 250 / 21.0
    face = {}
    for sign in "0123456789" + OTHER_SIGNS:
        image = np.zeros((700, 700), np.uint8)
        cv2.putText(image, sign, (150, 500), hershey, scale, 255, thick, cv2.LINE_AA)
        face[sign] = image
    return _fitted(face)


def _own_strokes(wide: float):
    return {sign: [np.array(line) * (wide, 1.0) for line in lines] for sign, lines in STROKES.items()}


def _segments(gap: float):
    """Segments as a display or a stencil has them; `gap` is left open at their ends."""
    shapes = {}
    for sign, lit in LIT.items():
        lines = []
        for segment in lit:
            start, end = (np.array(point, float) for point in SEGMENTS[segment])
            along = (end - start) * gap
            lines.append(np.array([start + along, end - along]) * (0.85, 1.0))
        shapes[sign] = lines
    return shapes


def _drawn(shapes, bold: float) -> Face:
    face = {}
    for sign, lines in shapes.items():
        image = np.zeros((500, 420), np.uint8)
        points = [np.round(line * 50 + 80).astype(np.int32) for line in lines]
        cv2.polylines(image, points, False, 255, round(300 * bold), cv2.LINE_AA)
        face[sign] = image
    return _fitted(face)


def _fitted(face: Face) -> Face:
    """Cut to the digits' common height, each sign to its own width, and reduced to HEIGHT rows."""
    rows = np.flatnonzero(np.max([face[digit].max(axis=1) for digit in "0123456789"], axis=0))
    if not len(rows):
        raise ValueError("it has no digits")
    fitted = {}
    for sign, image in face.items():
        columns = np.flatnonzero(image.max(axis=0))
        if not len(columns):
            raise ValueError(f"it has no {sign}")
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        wide = max(2, round(cut.shape[1] * HEIGHT / cut.shape[0]))
        fitted[sign] = cv2.resize(cut, (wide, HEIGHT), interpolation=cv2.INTER_AREA)
    return fitted
