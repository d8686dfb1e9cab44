"""Tracks of the persons in one stream: boxes of successive frames joined by overlap, with the mean of their vectors."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.interfaces import Box, Vectors
from hub.vision.objects.suppression import corners_of, iou

MIN_IOU = 0.2
"""Of a box with the last one of its track."""
MAX_CROWDED_IOU = 0.25
"""Two boxes of one frame that overlap more show parts of each other: their vectors are not averaged into tracks."""
MAX_MISSED = 5
"""Frames without its person after which a track ends."""
MAX_AVERAGED = 30
"""Weight of a track's mean against a new vector."""
MAX_TRACKS = 200


@dataclass
class Track:
    """One person over time. `vector`: the mean of its vectors, of length 1, None before the first one that counts."""

    number: int
    corners: NDArray[np.float32]
    vector: NDArray[np.float32] | None = None
    averaged: int = 0
    missed: int = 0


class Tracks:
    """Tracks of one stream."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._numbers = itertools.count(1)

    def update(self, boxes: list[Box], vectors: Vectors) -> list[Track]:
        """The track of each box of the next frame."""
        corners = corners_of(boxes)
        assigned = self._assign(corners)
        for track in self._tracks:
            track.missed += 1
        result = []
        for number, (one, vector) in enumerate(zip(corners, vectors, strict=True)):
            track = assigned.get(number) or self._start(one)
            track.corners, track.missed = one, 0
            others = np.delete(corners, number, axis=0)
            if track.vector is None or not (others.size and iou(one, others).max() > MAX_CROWDED_IOU):
                _average(track, vector)
            result.append(track)
        self._tracks = [track for track in self._tracks if track.missed <= MAX_MISSED][-MAX_TRACKS:]
        return result

    def _assign(self, corners: NDArray[np.float32]) -> dict[int, Track]:
        """Tracks by the number of their box: pairs of the largest overlap first."""
        pairs = []
        if corners.size:
            for track in self._tracks:
                overlaps = iou(track.corners, corners)
                pairs += [(float(overlaps[number]), number, track) for number in np.nonzero(overlaps >= MIN_IOU)[0]]
        assigned: dict[int, Track] = {}
        used: set[int] = set()
        for _, number, track in sorted(pairs, key=lambda pair: -pair[0]):
            if number not in assigned and track.number not in used:
                assigned[int(number)] = track
                used.add(track.number)
        return assigned

    def _start(self, corners: NDArray[np.float32]) -> Track:
        track = Track(next(self._numbers), corners)
        self._tracks.append(track)
        return track


def _average(track: Track, vector: NDArray[np.float32]) -> None:
    if track.vector is None:
        track.vector, track.averaged = vector, 1
        return
    mean = track.vector * track.averaged + vector
    track.vector = np.asarray(mean / np.linalg.norm(mean), np.float32)
    track.averaged = min(track.averaged + 1, MAX_AVERAGED)
