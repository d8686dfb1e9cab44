"""Reference tracks of the persons in a video of a camera that does not move, built without their appearance.

A slow detector looks at every frame in many overlapping windows; what does not differ from the background (the median
of the frames) is dropped; the rest is joined over time by position and velocity alone, and gaps are filled. Part of
bench/tracking.py. It uses the same network as the hub, at up to four times the resolution, so recall and precision
against it flatter the detector: the boxes checked by eye (tracking_boxes.py) are better for those.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from hub.vision.objects.interfaces import PERSON
from hub.vision.objects.ssd import SsdDetector
from hub.vision.objects.suppression import covered, iou

WINDOW_HEIGHTS = (1.0, 0.72, 0.5)
"""Of the picture's height: squares of these sides, half overlapping, are looked at one by one."""
LEAST_SCORE = 0.3
STRONG_SCORE = 0.45
"""A track needs some boxes of at least this score."""
FOREGROUND_DIFFERENCE = 22
LEAST_FOREGROUND = 0.18
"""Part of a box that has to differ from the background."""
MAX_GAP_SECONDS = 1.5
LEAST_TRACK_SECONDS = 1.5
SMOOTH = 0.6


@dataclass
class ReferenceTrack:
    """One person: box (x1, y1, x2, y2) by frame; in the frames `filled` it is between two that were detected."""

    boxes: dict[int, np.ndarray] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)
    filled: set[int] = field(default_factory=set)
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))

    @property
    def last(self) -> int:
        return max(self.boxes)

    def predicted(self, frame: int) -> np.ndarray:
        """The box in a frame after the last one, moved by the velocity."""
        shift = self.velocity * min(frame - self.last, 15)
        return self.boxes[self.last] + np.tile(shift, 2)

    def add(self, frame: int, box: np.ndarray, score: float) -> None:
        """Append a detected box; frames between are filled."""
        if self.boxes:
            last, before = self.last, self.boxes[self.last]
            for number in range(last + 1, frame):
                part = (number - last) / (frame - last)
                self.boxes[number] = before + (box - before) * part
                self.filled.add(number)
            moved = (_foot(box) - _foot(before)) / (frame - last)
            self.velocity = moved if len(self.boxes) < 3 else SMOOTH * self.velocity + (1 - SMOOTH) * moved
        self.boxes[frame] = box
        self.scores.append(score)


def reference_tracks(frames: list[np.ndarray], fps: float) -> list[ReferenceTrack]:
    """Tracks of at least LEAST_TRACK_SECONDS, the longest first."""
    background = np.median(np.stack(frames[:: max(1, len(frames) // 60)]), axis=0).astype(np.uint8)
    detector = SsdDetector(1, LEAST_SCORE)
    found = [_moving(detect_slowly(detector, frame), frame, background) for frame in frames]
    return [
        track
        for track in join(found, fps)
        if len(track.scores) >= LEAST_TRACK_SECONDS * fps
        and sum(score >= STRONG_SCORE for score in track.scores) >= 0.2 * len(track.scores)
    ]


def detect_slowly(detector: SsdDetector, frame: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Boxes with scores of all windows, merged; those that the side of a window cuts off are left out."""
    height, width = frame.shape[:2]
    candidates: list[tuple[np.ndarray, float]] = []
    for part in WINDOW_HEIGHTS:
        side = round(part * height)
        for top in _starts(height, side):
            for left in _starts(width, side):
                window = frame[top : top + side, left : left + side]
                for box in detector.detect(window, frozenset({PERSON})):
                    corners = np.array([box.x1 + left, box.y1 + top, box.x2 + left, box.y2 + top])
                    tall = corners[3] - corners[1]
                    if not _cut(corners, (left, top, side), (width, height)) and 0.08 * side < tall < 0.75 * side:
                        candidates.append((corners, box.confidence))
    kept: list[tuple[np.ndarray, float]] = []
    for corners, score in sorted(candidates, key=lambda pair: -pair[1]):
        others = np.array([other for other, _ in kept]).reshape(-1, 4)
        if not len(others) or (iou(corners, others).max() < 0.45 and covered(corners, others).max() < 0.7):
            kept.append((corners, score))
    return kept


def join(found: list[list[tuple[np.ndarray, float]]], fps: float) -> list[ReferenceTrack]:
    """Join boxes of successive frames: the pair of box and predicted box that is closest first."""
    finished: list[ReferenceTrack] = []
    current: list[ReferenceTrack] = []
    for number, boxes in enumerate(found):
        finished += [track for track in current if number - track.last > MAX_GAP_SECONDS * fps]
        current = [track for track in current if number - track.last <= MAX_GAP_SECONDS * fps]
        pairs = sorted(
            (_cost(track, number, box), index, at)
            for index, track in enumerate(current)
            for at, (box, _) in enumerate(boxes)
        )
        used_tracks: set[int] = set()
        used_boxes: set[int] = set()
        for cost, index, at in pairs:
            if cost < 1 and index not in used_tracks and at not in used_boxes:
                current[index].add(number, *boxes[at])
                used_tracks.add(index)
                used_boxes.add(at)
        for at, (box, score) in enumerate(boxes):
            if at not in used_boxes:
                current.append(ReferenceTrack())
                current[-1].add(number, box, score)
    return sorted(finished + current, key=lambda track: -len(track.boxes))


def _cost(track: ReferenceTrack, frame: int, box: np.ndarray) -> float:
    """Distance of a box from where the track should be, in parts of what a person may deviate; from 1 on too far."""
    predicted = track.predicted(frame)
    tall = predicted[3] - predicted[1]
    ratio = abs(np.log((box[3] - box[1]) / tall))
    gap = frame - track.last
    allowed = tall * min(0.22 + 0.04 * gap, 0.5)
    return float(np.linalg.norm(_foot(box) - _foot(predicted)) / allowed + ratio)


def _foot(box: np.ndarray) -> np.ndarray:
    """Horizontal middle and vertical middle: the feet are hidden more often."""
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def _starts(length: int, side: int) -> list[int]:
    count = max(1, int(np.ceil((length - side) / (side / 2))) + 1)
    return sorted({round(value) for value in np.linspace(0, length - side, count)})


def _cut(box: np.ndarray, window: tuple[int, int, int], size: tuple[int, int]) -> bool:
    left, top, side = window
    near = 0.015 * side
    return bool(
        (left > 0 and box[0] - left < near)
        or (top > 0 and box[1] - top < near)
        or (left + side < size[0] and left + side - box[2] < near)
        or (top + side < size[1] and top + side - box[3] < near)
    )


def _moving(
    boxes: list[tuple[np.ndarray, float]], frame: np.ndarray, background: np.ndarray
) -> list[tuple[np.ndarray, float]]:
    """The boxes that differ enough from the background."""
    mask = cv2.absdiff(frame, background).max(axis=2) > FOREGROUND_DIFFERENCE
    kept = []
    for box, score in boxes:
        x1, y1, x2, y2 = (max(0, round(value)) for value in box)
        if x2 > x1 and y2 > y1 and mask[y1:y2, x1:x2].mean() >= LEAST_FOREGROUND:
            kept.append((box, score))
    return kept
