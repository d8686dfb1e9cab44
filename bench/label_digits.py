"""Digits for the benchmark's further typefaces, drawn from straight lines and arcs; no other part of the project has
them.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

SIZE = 300
"""Height of a digit before it is scaled; a digit is WIDE by 1.6 units, and a unit SIZE / 1.6 pixels."""
UNIT = SIZE / 1.6
FURTHER = ("round", "narrow", "heavy", "stencil", "slanted", "square")


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points of an arc; degrees run clockwise from the right, as y runs down."""
    turn = np.radians(np.linspace(start, end, 28))
    return list(zip(x + rx * np.cos(turn), y + ry * np.sin(turn), strict=True))


def _lines(sign: str, square: bool) -> list[list[tuple[float, float]]]:
    """The polylines of one digit in a box of 1 by 1.6; `square` ones have corners in the place of arcs."""
    if square:
        low, mid, high = 0.0, 0.75, 1.6
        shapes = {
            "0": [[(0.15, low), (0.85, low), (1, 0.15), (1, 1.45), (0.85, high), (0.15, high), (0, 1.45), (0, 0.15)]],
            "1": [[(0.2, 0.3), (0.55, low), (0.55, high)], [(0.2, high), (0.9, high)]],
            "2": [[(0, 0.3), (0.2, low), (0.8, low), (1, 0.2), (1, 0.6), (0, 1.4), (0, high), (1, high)]],
            "3": [
                [(0, low), (1, low), (0.5, 0.62), (0.8, 0.62), (1, 0.85), (1, 1.4), (0.8, high), (0.2, high), (0, 1.4)]
            ],
            "4": [[(0.65, low), (0, 1.1), (1, 1.1)], [(0.75, 0.7), (0.75, high)]],
            "5": [[(0.95, low), (0.05, low), (0.05, 0.7), (0.8, 0.7), (1, 0.9), (1, 1.4), (0.8, high), (0, high)]],
            "6": [
                [
                    (0.9, low),
                    (0.3, low),
                    (0, 0.4),
                    (0, 1.4),
                    (0.2, high),
                    (0.8, high),
                    (1, 1.4),
                    (1, 0.9),
                    (0.8, mid),
                    (0, mid),
                ]
            ],
            "7": [[(0, 0.2), (0, low), (1, low), (1, 0.2), (0.45, high)]],
            "8": [
                [
                    (0.2, low),
                    (0.8, low),
                    (0.95, 0.15),
                    (0.95, 0.6),
                    (0.8, mid),
                    (1, 0.9),
                    (1, 1.4),
                    (0.8, high),
                    (0.2, high),
                    (0, 1.4),
                    (0, 0.9),
                    (0.2, mid),
                    (0.05, 0.6),
                    (0.05, 0.15),
                    (0.2, low),
                ],
                [(0.2, mid), (0.8, mid)],
            ],
            "9": [
                [
                    (0.1, high),
                    (0.7, high),
                    (1, 1.2),
                    (1, 0.2),
                    (0.8, low),
                    (0.2, low),
                    (0, 0.2),
                    (0, 0.7),
                    (0.2, 0.85),
                    (1, 0.85),
                ]
            ],
        }
        if sign == "0":
            return [[*shapes["0"][0], shapes["0"][0][0]]]
        return shapes[sign]
    shapes = {
        "0": [[*_arc(0.5, 0.5, 0.5, 0.5, 180, 360), *_arc(0.5, 1.1, 0.5, 0.5, 0, 180), (0, 0.5)]],
        "1": [[(0.1, 0.42), (0.6, 0.0), (0.6, 1.6)]],
        "2": [[*_arc(0.5, 0.48, 0.46, 0.48, 190, 390), (0.0, 1.6), (1.0, 1.6)]],
        "3": [[*_arc(0.5, 0.4, 0.42, 0.4, 200, 440)], [*_arc(0.5, 1.18, 0.48, 0.42, 270, 520)]],
        "4": [[(0.7, 1.6), (0.7, 0.0), (0.0, 1.15), (1.0, 1.15)]],
        "5": [[(0.92, 0.0), (0.15, 0.0), (0.1, 0.75), *_arc(0.48, 1.08, 0.5, 0.52, 215, 500)]],
        "6": [[(0.75, 0.0), *_arc(0.5, 1.1, 0.5, 0.5, 205, 565)]],
        "7": [[(0.0, 0.0), (1.0, 0.0), (0.35, 1.6)]],
        "8": [[*_arc(0.5, 0.38, 0.4, 0.38, 0, 360)], [*_arc(0.5, 1.16, 0.48, 0.44, 0, 360)]],
        "9": [[*_arc(0.5, 0.5, 0.5, 0.5, 25, 385), (0.25, 1.6)]],
    }
    return shapes[sign]


@lru_cache(maxsize=128)
def _digit(sign: str, face: str) -> np.ndarray:
    """Coverage mask of one digit, cut to its width, SIZE rows and a stroke's margin high."""
    thick = {"narrow": 34, "heavy": 62, "stencil": 46}.get(face, 42)
    pad = thick
    sheet = np.zeros((SIZE + 2 * pad, round(UNIT) + 2 * pad), np.uint8)
    inner = SIZE - thick
    for line in _lines(sign, face == "square"):
        points = np.array(line) * (inner / 1.6) + pad + thick / 2
        cv2.polylines(sheet, [np.round(points * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
    if face == "stencil":
        middle = sheet.shape[1] // 2
        sheet[: pad + thick + 8, middle - 9 : middle + 9] = 0
        sheet[-pad - thick - 8 :, middle - 9 : middle + 9] = 0
    if face == "slanted":
        lean = np.array([(1, -0.2, 0.1 * sheet.shape[0]), (0, 1, 0)])
        sheet = cv2.warpAffine(sheet, lean, (sheet.shape[1] + 40, sheet.shape[0]))
    if face == "narrow":
        sheet = cv2.resize(sheet, None, fx=0.72, fy=1, interpolation=cv2.INTER_AREA)
    used = np.flatnonzero(sheet.any(axis=0))
    return sheet[pad : pad + SIZE, used[0] : used[-1] + 1]


def digits(number: str, height: int, face: str) -> np.ndarray:
    """Coverage mask (uint8) of a number in one of the FURTHER faces, `height` rows high."""
    gap = np.zeros((SIZE, 40), np.uint8)
    parts = [part for sign in number for part in (_digit(sign, face), gap)]
    line = np.hstack(parts[:-1])
    return cv2.resize(line, (round(line.shape[1] * height / SIZE), height), interpolation=cv2.INTER_AREA)
