"""Boxes of the persons in a video: those of tracking_boxes.json, or the tracks of tracking_truth.py.

Most boxes of tracking_boxes.json come from the slow detector of tracking_truth.py; who each one is was decided by eye,
and boxes on the wrong person were left out. In its ten complete frames the 13 people whom that detector had missed, or
who are half hidden, were added by eye. Its people leave out the times at which something or somebody hides them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tracking_truth import reference_tracks

BOXES_FILE = Path(__file__).with_name("tracking_boxes.json")
MAX_STEP = 5
"""Frames between two checked boxes between which a person moves in a straight line."""
MAX_FRAMES = 1200


@dataclass
class Boxes:
    """`people`: box (x1, y1, x2, y2) by frame of each person. `complete`: frames with the boxes of everybody.

    `ignored`: boxes by frame of those that count neither as found nor as missed. `by_hand`: checked by eye.
    """

    people: dict[str, dict[int, np.ndarray]]
    complete: dict[int, np.ndarray]
    ignored: dict[int, np.ndarray]
    by_hand: bool


def read_frames(video: Path) -> tuple[list[np.ndarray], float]:
    """The first frames and their rate. Raises SystemExit where there are none."""
    capture = cv2.VideoCapture(str(video))
    frames: list[np.ndarray] = []
    while len(frames) < MAX_FRAMES:
        good, frame = capture.read()
        if not good:
            break
        frames.append(frame)
    if not frames:
        raise SystemExit(f"{video} is no video that can be read.")
    return frames, capture.get(cv2.CAP_PROP_FPS) or 25.0


def boxes_of(video: Path, frames: list[np.ndarray], fps: float) -> Boxes:
    """Checked boxes where they belong to this file, otherwise those of the slow reference (minutes)."""
    known = json.loads(BOXES_FILE.read_text("utf-8"))
    if hashlib.sha256(video.read_bytes()).hexdigest() == known["sha256"]:
        return Boxes(
            {name: _between(rows) for name, rows in known["people"].items()},
            {int(frame): np.array(rows, np.float32) for frame, rows in known["frames"].items()},
            {int(frame): np.array(rows, np.float32) for frame, rows in known["ignored"].items()},
            True,
        )
    print("No boxes were checked for this video: the slow reference looks for people now.", flush=True)
    tracks = reference_tracks(frames, fps)
    people = {
        f"track {number}": {frame: box for frame, box in track.boxes.items() if frame not in track.filled}
        for number, track in enumerate(tracks, 1)
    }
    complete, ignored = {}, {}
    for frame in np.linspace(0, len(frames) - 1, 30).astype(int):
        complete[frame] = np.array([each[frame] for each in people.values() if frame in each]).reshape(-1, 4)
        ignored[frame] = np.array([t.boxes[frame] for t in tracks if frame in t.filled]).reshape(-1, 4)
    return Boxes(people, complete, ignored, False)


def _between(rows: list[list[int]]) -> dict[int, np.ndarray]:
    """Boxes of all frames between the rows (frame, x1, y1, x2, y2) that are at most MAX_STEP frames apart."""
    boxes = {row[0]: np.array(row[1:], np.float32) for row in rows}
    for first, last in zip(rows, rows[1:], strict=False):
        if last[0] - first[0] <= MAX_STEP:
            for frame in range(first[0] + 1, last[0]):
                part = (frame - first[0]) / (last[0] - first[0])
                boxes[frame] = boxes[first[0]] + (boxes[last[0]] - boxes[first[0]]) * np.float32(part)
    return dict(sorted(boxes.items()))
