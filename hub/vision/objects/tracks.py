"""Tracks of the persons in one stream: boxes of successive frames joined by place, movement and appearance.

The limits were chosen on one street video with nine people at 10, 5 and 1.7 looks a second (bench/tracking.py).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.interfaces import Box, Vectors
from hub.vision.objects.suppression import corners_of, iou

MAX_SHIFT, MAX_SHIFT_PER_GAP, MAX_SHIFT_EVER = 0.6, 0.15, 1.2
"""Heights of the person: how far a box may be from where its track should be, more for each look without it."""
MAX_LOG_RATIO = 0.6
"""Of the heights of two successive boxes of a person."""
MAX_CHANGE = 1.15
"""Euclidean distance of the vectors of a box and its track."""
APPEARANCE_WEIGHT = 3.0
"""Of that distance against the shift in parts of what is allowed: people who cross differ in appearance only."""
VELOCITY_KEPT = 0.7
MAX_CROWDED_IOU = 0.4
"""Two boxes of one frame that overlap more show parts of each other: their vectors do not count for their tracks."""
MAX_MISSED = 8
"""Looks without its person after which a track ends."""
LEAST_TOGETHER = 3
MAX_AVERAGED = 30
"""Weight of a track's mean against a new vector."""
MAX_SAMPLES = 20
"""Vectors kept of a track, spread over its time."""


@dataclass
class Track:
    """One person over time.

    `mean` (size): the mean of its vectors, of length 1. `samples`: some of them. `velocity`: pixels a look. `began` and
    `seen`: the numbers of its first and its newest look.
    """

    number: int
    corners: NDArray[np.float32]
    mean: NDArray[np.float32]
    began: int
    seen: int
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    samples: list[NDArray[np.float32]] = field(default_factory=list)
    boxes: int = 1
    averaged: int = 1
    stride: int = 1

    def add(self, vector: NDArray[np.float32]) -> None:
        """Count one more vector. When the samples are full, every second one is dropped and half as many are taken."""
        mean = self.mean * min(self.averaged, MAX_AVERAGED) + vector
        self.mean = np.asarray(mean / np.linalg.norm(mean), np.float32)
        if self.averaged % self.stride == 0:
            self.samples.append(vector)
        self.averaged += 1
        if len(self.samples) > MAX_SAMPLES:
            self.samples, self.stride = self.samples[::2], 2 * self.stride

    def move(self, corners: NDArray[np.float32], look: int) -> None:
        """Note the newest box."""
        moved = (_centre(corners) - _centre(self.corners)) / (look - self.seen)
        first = self.boxes == 1
        self.velocity = (
            VELOCITY_KEPT * (moved if first else self.velocity) + (0 if first else 1 - VELOCITY_KEPT) * moved
        )
        self.corners, self.seen, self.boxes = corners, look, self.boxes + 1

    def is_other_than(self, other: Track) -> bool:
        """True for two persons: both are in the newest frame, or were there together for LEAST_TOGETHER looks.

        For a shorter time one person may have had two boxes.
        """
        together = min(self.seen, other.seen) - max(self.began, other.began)
        return self is not other and (together >= LEAST_TOGETHER or self.seen == other.seen)


class Tracks:
    """Tracks of one stream."""

    def __init__(self) -> None:
        self.current: list[Track] = []
        self._numbers = itertools.count(1)
        self._look = 0

    def update(self, boxes: list[Box], vectors: Vectors) -> list[Track]:
        """The track of each box of the next frame."""
        self._look += 1
        corners = corners_of(boxes)
        assigned = self._assign(corners, vectors)
        result = []
        for number, (one, vector) in enumerate(zip(corners, vectors, strict=True)):
            track = assigned.get(number)
            if track is None:
                track = Track(next(self._numbers), one, vector, self._look, self._look, samples=[vector])
                self.current.append(track)
            else:
                track.move(one, self._look)
                others = np.delete(corners, number, axis=0)
                if not others.size or iou(one, others).max() <= MAX_CROWDED_IOU:
                    track.add(vector)
            result.append(track)
        self.current = [track for track in self.current if self._look - track.seen <= MAX_MISSED]
        return result

    def _assign(self, corners: NDArray[np.float32], vectors: Vectors) -> dict[int, Track]:
        """Tracks by the number of their box: the pairs of the lowest cost first."""
        pairs: list[tuple[float, int, Track]] = []
        for track in self.current if corners.size else ():
            cost = self._costs(track, corners, vectors)
            pairs += [(float(cost[number]), int(number), track) for number in np.nonzero(np.isfinite(cost))[0]]
        assigned: dict[int, Track] = {}
        used: set[int] = set()
        for _, number, track in sorted(pairs, key=lambda pair: pair[0]):
            if number not in assigned and track.number not in used:
                assigned[number] = track
                used.add(track.number)
        return assigned

    def _costs(self, track: Track, corners: NDArray[np.float32], vectors: Vectors) -> NDArray[np.float64]:
        """What it costs to give each box to a track; infinite where it cannot be the same person."""
        gap = self._look - track.seen
        height = max(float(track.corners[3] - track.corners[1]), 1.0)
        allowed = height * min(MAX_SHIFT + MAX_SHIFT_PER_GAP * gap, MAX_SHIFT_EVER)
        centres = (corners[:, :2] + corners[:, 2:]) / 2
        shift = np.linalg.norm(centres - (_centre(track.corners) + gap * track.velocity), axis=1) / allowed
        ratio = np.abs(np.log(np.maximum(corners[:, 3] - corners[:, 1], 1) / height))
        change = np.linalg.norm(vectors - track.mean, axis=1)
        possible = (shift < 1) & (ratio < MAX_LOG_RATIO) & (change < MAX_CHANGE)
        return np.where(possible, shift + ratio + APPEARANCE_WEIGHT * change, np.inf)


def _centre(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray((corners[:2] + corners[2:]) / 2, np.float64)
