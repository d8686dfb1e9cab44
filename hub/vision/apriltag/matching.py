"""Tags that are too small or blurred to be read bit by bit: the quad is aligned with the picture of a tag, as a whole.

Thresholds and single bits fail where a cell is about a pixel wide, since each sample holds parts of its neighbours. The
templates of hub/vision/apriltag/family.py hold the same parts. A candidate is first aligned by the two rings that all
tags share, then compared with every tag, then aligned with the most similar ones (Gauss-Newton on the corners, as in
Lucas and Kanade's method). It counts where the bits correlate with one tag's and clearly less with any other's.
All quads of a picture are processed in the same numpy calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from hub.vision.apriltag import family

RING_STEPS, TAG_STEPS = 5, 4
"""Gauss-Newton steps with the rings, and with the whole tag."""

HYPOTHESES = 2
"""Tags that a quad is aligned with."""

MOST = 64
"""Quads of a picture that are aligned."""

MIN_SIDE = 5.0
"""Pixels."""

MIN_START = 0.2
"""Least correlation of the rings before any alignment."""

SAME = 0.2
"""Quads whose centres are less than this share of a side apart are one place."""

MIN_RINGS = 0.6
"""Least correlation of the rings: white outside, black inside."""

MIN_FIRST = 0.5
"""Least correlation of the bits before the alignment with the tag."""

MIN_BITS = 0.8
"""Least correlation of the bits."""

MIN_WHOLE = (0.84, 0.84, 0.88)
"""Least correlation of the whole tag, at each of `family.BLURS`."""

MIN_RATIO = (2.4, 2.4, 3.5)
"""The squared error of any other tag's bits, in that of this tag's, at least; at each of `family.BLURS`.

In 120 pictures without a tag the best of all tags reached 1.8 at the second blur and 3.0 at the third, where little is
left of the bits.
"""

MAX_QUADS = 2000
"""Quads of a picture that are compared with the rings at all."""

RINGS = family.is_ring(family.SAMPLES)


@dataclass(frozen=True)
class Match:
    """A tag that was matched: its corners (4, 2) in the order of OpenCV.

    `score`: correlation of its bits. `ratio`: how much larger the squared error of any other tag's bits is. `whole`:
    correlation with the rings. `level`: index in `family.BLURS`.
    """

    tag_id: int
    corners: np.ndarray
    score: float
    ratio: float
    whole: float
    level: int


def match(grey: np.ndarray, quads: np.ndarray) -> list[Match]:
    """Match candidate quads (n, 4, 2), clockwise, in a picture (height, width) of float32 or uint8."""
    if not len(quads):
        return []
    layers = _layers(grey)
    quads = _select(layers, quads[:MAX_QUADS].astype(np.float64))
    if not len(quads):
        return []
    quads, level, rings = _align_rings(layers, quads)
    good = rings > MIN_RINGS
    quads, level = quads[good], level[good]
    if not len(quads):
        return []
    rows, first = _most_similar(_bits(layers, quads), level)
    quad = np.repeat(np.arange(len(quads)), HYPOTHESES)[(first > MIN_FIRST).ravel()]
    rows = rows[first > MIN_FIRST]
    if not len(quad):
        return []
    cells = family.bits().reshape(-1, family.SPAN, family.SPAN)[rows]
    templates = np.empty((len(quad), len(family.SAMPLES)), np.float32)
    for one in range(len(family.BLURS)):
        of_level = level[quad] == one
        templates[of_level] = family.blurred(cells[of_level], family.BLURS[one], family.PER_CELL)
    everywhere = np.ones(len(family.SAMPLES), bool)
    aligned, whole = _align(layers, quads[quad], templates, everywhere, TAG_STEPS)
    best, scores = _most_similar(_bits(layers, aligned), level[quad])
    matches: dict[int, Match] = {}
    # A correlation r leaves the share 1 - r^2 of the squared deviations unexplained.
    ratio = (1 - np.maximum(scores[:, 1], 0) ** 2) / np.maximum(1 - scores[:, 0] ** 2, 1e-6)
    sure = (best[:, 0] == rows) & (scores[:, 0] > MIN_BITS) & (whole > np.array(MIN_WHOLE)[level[quad]])
    for number in np.flatnonzero(sure & (ratio > np.array(MIN_RATIO)[level[quad]])):
        tag_id, turn = divmod(int(rows[number]), 4)
        known, score = matches.get(int(quad[number])), float(scores[number, 0])
        if known is None or known.score < score:
            matches[int(quad[number])] = Match(
                tag_id,
                np.roll(aligned[number], turn, axis=0),
                score,
                float(ratio[number]),
                float(whole[number]),
                int(level[quad[number]]),
            )
    return sorted(matches.values(), key=lambda one: -one.score)


def _select(layers: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The at most `MOST` quads whose rings are most like a tag's before any alignment, each place once."""
    sides = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)
    quads = quads[(sides.min(axis=1) > MIN_SIDE) & (sides.max(axis=1) < 3 * sides.min(axis=1))]
    ring = family.is_ring(family.CENTRES)
    template = family.blurred(family.bits()[:, 0].mean(axis=0)[None], family.BLURS[1], 1)[:, ring]
    if not len(quads):
        return quads
    scores = family.normalised(_sample(layers, quads, family.CENTRES[ring])[:, :, 0]) @ family.normalised(template)[0]
    chosen: list[int] = []
    centres, reach = quads.mean(axis=1), np.sqrt(_area(quads)) * SAME
    left = scores > MIN_START
    for number in np.argsort(-scores):
        if left[number]:
            chosen.append(int(number))
            near = np.abs(centres - centres[number]).max(axis=1) < reach[number]
            alike = (reach < 1.25 * reach[number]) & (reach > 0.8 * reach[number])
            left &= ~(near & alike)
            if len(chosen) == MOST:
                break
    return quads[chosen]


def _align_rings(layers: np.ndarray, quads: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Align the rings: the corners, the level of blur that fits best, and the correlation of each quad."""
    template = np.broadcast_to(family.mean_template(1), (len(quads), len(family.SAMPLES)))
    corners, aligned = _align(layers, quads, template, RINGS, RING_STEPS)
    values = family.normalised(_sample(layers, corners, family.SAMPLES[RINGS])[:, :, 0])
    levels = np.stack([family.normalised(family.mean_template(one)[RINGS]) for one in range(len(family.BLURS))])
    scores = values @ levels.T
    return corners, scores.argmax(axis=1), np.where(aligned > 0, scores.max(axis=1), 0.0)


def _bits(layers: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The bits' values (n, 36), with mean 0 and length 1."""
    return family.normalised(_sample(layers, quads, family.CENTRES[family.BITS])[:, :, 0])


def _most_similar(values: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the `HYPOTHESES` most similar templates and their correlations, best first: (n, HYPOTHESES) each."""
    rows = np.zeros((len(values), HYPOTHESES), int)
    best = np.zeros((len(values), HYPOTHESES), np.float32)
    for one in range(len(family.BLURS)):
        here = np.flatnonzero(level == one)
        scores = values[here] @ family.bit_templates(one).T
        for rank in range(HYPOTHESES):
            rows[here, rank] = top = scores.argmax(axis=1) if len(here) else here
            best[here, rank] = scores[np.arange(len(here)), top]
            scores[np.arange(len(here)), top] = -1
    return rows, best


def _align(
    layers: np.ndarray, quads: np.ndarray, templates: np.ndarray, used: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Move the corners (n, 4, 2) so that the picture fits the templates (n, samples) at the `used` samples.

    Returns the corners and their correlations (n,): 0 for a quad that moved by more than a third of its side.
    """
    where, wanted = family.SAMPLES[used], family.normalised(templates[:, used])
    x, y = where[:, 0], where[:, 1]
    # How far a sample moves with each corner, without perspective.
    shares = np.stack([(1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y], axis=1).astype(np.float32)
    side = np.sqrt(np.maximum(_area(quads), 1.0))
    limit = (side / 8)[:, None, None]
    corners, best, score = quads, quads, np.full(len(quads), -1.0)
    for step in range(steps + 1):
        values = _sample(layers, corners, where)
        centred = values[:, :, 0] - values[:, :, 0].mean(axis=1, keepdims=True)
        length = np.maximum(np.linalg.norm(centred, axis=1), 1e-6)
        contrast = (centred * wanted).sum(axis=1)
        better = contrast / length > score
        best = np.where(better[:, None, None], corners, best)
        score = np.where(better, contrast / length, score)
        if step == steps:
            break
        jacobian = (shares[None, :, :, None] * values[:, :, None, 1:]).reshape(*values.shape[:2], 8)
        jacobian -= jacobian.mean(axis=1, keepdims=True)  # The brightness is free.
        residual = np.maximum(contrast, 0.2 * length)[:, None] * wanted - centred
        turned = np.swapaxes(jacobian, 1, 2)
        normal = (turned @ jacobian).astype(np.float64)
        damping = 0.02 * np.trace(normal, axis1=1, axis2=2)[:, None, None] / 8 + 1e-3
        change = np.linalg.solve(normal + damping * np.eye(8), turned @ residual[:, :, None])
        corners = corners + np.clip(change.reshape(-1, 4, 2), -limit, limit)
    far = np.abs(best - quads).max(axis=(1, 2)) > side / 3
    return best, np.where(far, 0.0, score)


def _layers(grey: np.ndarray) -> np.ndarray:
    """The picture and its slopes along x and y: (height, width, 3)."""
    picture = grey.astype(np.float32)
    slopes = (cv2.Sobel(picture, cv2.CV_32F, *along, ksize=1, scale=0.5) for along in ((1, 0), (0, 1)))
    return cv2.merge([picture, *slopes])


def _sample(layers: np.ndarray, quads: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The layers at positions (m, 2) of each quad, bilinear: (n, m, 3) float32."""
    points, unused = _points(quads, where).astype(np.float32), cast(Any, None)  # x and y are both in the first map
    return cv2.remap(layers, points, unused, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _area(quads: np.ndarray) -> np.ndarray:
    one, other = quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]
    area: np.ndarray = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / 2
    return area


def _points(quads: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Positions in a unit square (m, 2), seen in perspective in each quad: (n, m, 2) pixels."""
    origin, right, across, down = (quads[:, corner] for corner in range(4))
    one, other, rest = right - across, down - across, origin - right + across - down
    det = one[:, 0] * other[:, 1] - other[:, 0] * one[:, 1]
    det = np.where(np.abs(det) < 1e-6, 1e-6, det)
    g = (rest[:, 0] * other[:, 1] - other[:, 0] * rest[:, 1]) / det
    h = (one[:, 0] * rest[:, 1] - rest[:, 0] * one[:, 1]) / det
    # A quad that is no picture of a square (g or h near -1 or below) is treated as its parallelogram.
    flat = (np.minimum(np.minimum(g, h), g + h) < -0.6) | (np.maximum(np.abs(g), np.abs(h)) > 1.5)
    g, h = np.where(flat, 0.0, g)[:, None], np.where(flat, 0.0, h)[:, None]
    along = right - origin + g * right
    aside = down - origin + h * down
    x, y = where[None, :, :1], where[None, :, 1:]
    weight = 1 + g[:, None] * x + h[:, None] * y
    points: np.ndarray = (x * along[:, None] + y * aside[:, None] + origin[:, None]) / weight
    return points
