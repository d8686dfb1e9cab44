"""Small and blurred tags of one camera: searched for when there is time, and followed from picture to picture.

A search costs several times as much as OpenCV's detection. All searches of the process together therefore use at most
`SHARE` of a core: the first picture of a camera is always searched, and those after it when the last search is paid
off. A tag that was found is looked for at its place in each following picture, which costs little.
"""

from __future__ import annotations

import math
import time
import weakref

import numpy as np

from hub.vision.apriltag.candidates import candidates
from hub.vision.apriltag.matching import Match, match

SHARE = 0.4
"""Of a core, for all searches together."""

REACH = 2
"""Pixels by which a tag may have moved since the picture before, in each direction; a cell may be one pixel wide."""

MAX_PIXELS = 9_000_000
"""Larger pictures are not searched."""

_searching: weakref.WeakSet[SmallTags] = weakref.WeakSet()


class SmallTags:
    """Finds the small tags in the pictures of one camera."""

    def __init__(self) -> None:
        self._followed = np.empty((0, 4, 2))
        self._due = -math.inf
        _searching.add(self)

    def find(self, grey: np.ndarray, known: list[np.ndarray], rejected: np.ndarray) -> list[Match]:
        """Find tags in a grey picture apart from the `known` quads (4, 2); `rejected` (n, 4, 2): further candidates."""
        quads = _around(self._followed)
        began, cpu = time.monotonic(), time.thread_time()
        search = began >= self._due and grey.size <= MAX_PIXELS
        if search:
            quads = np.concatenate([quads, rejected, candidates(grey)])
        # Twice, since a quad beside a known tag may move onto it.
        matches = _apart(match(grey, quads[_elsewhere(quads, known)]))
        elsewhere = _elsewhere(np.array([one.corners for one in matches]).reshape(-1, 4, 2), known)
        matches = [one for one, apart in zip(matches, elsewhere, strict=True) if apart]
        if search:
            cost = time.thread_time() - cpu
            self._due = began + cost * len(_searching) / SHARE
        self._followed = np.array([one.corners for one in matches]).reshape(-1, 4, 2)
        return matches


def _around(quads: np.ndarray) -> np.ndarray:
    """The quads (n, 4, 2) at each whole pixel within reach of their places: (25 n, 4, 2)."""
    steps = np.arange(-REACH, REACH + 1)
    moves = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 1, 1, 2)
    return (quads[None] + moves).reshape(-1, 4, 2)


def _elsewhere(quads: np.ndarray, known: list[np.ndarray]) -> np.ndarray:
    """Which quads (n, 4, 2) have their centre in none of the known ones: (n,) bool."""
    centres, elsewhere = quads.mean(axis=1), np.ones(len(quads), bool)
    for quad in known:
        reach = np.abs(quad - quad.mean(axis=0)).max(axis=0)
        elsewhere &= (np.abs(centres - quad.mean(axis=0)) > reach).any(axis=1)
    return elsewhere


def _apart(matches: list[Match]) -> list[Match]:
    """The best match of each place: two tags cannot overlap."""
    kept: list[Match] = []
    for one in sorted(matches, key=lambda one: -one.score):
        centre, side = one.corners.mean(axis=0), math.dist(one.corners[0], one.corners[2]) / 1.5
        if all(math.dist(centre, other.corners.mean(axis=0)) > side / 2 for other in kept):
            kept.append(one)
    return kept
