"""Digits drawn as strokes, for faces that are always there: polylines, and the segments of a display or a stencil."""

from __future__ import annotations

import numpy as np

Shapes = dict[str, list[np.ndarray]]
"""From a digit to its lines, each (points, 2) x and y in a box of 4 by 6."""

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


def own_strokes(wide: float) -> Shapes:
    """Our own digits, `wide` times as wide as their box."""
    return {sign: [np.array(line) * (wide, 1.0) for line in lines] for sign, lines in STROKES.items()}


def segments(gap: float) -> Shapes:
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
