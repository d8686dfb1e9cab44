"""Drawn people, their photos, and a video of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.support import people

RED = people.Person(x=200, jacket=(190, 40, 40), trousers=(50, 60, 120))
GREEN = people.Person(x=450, jacket=(60, 140, 70), trousers=(190, 180, 160), hair=(20, 18, 16), facing=-1)
BOTH = people.jpeg(people.frame([RED, GREEN], seed=3))
NOBODY = people.jpeg(people.frame([], seed=3))
PHOTO = people.jpeg(people.portrait(RED))
PHOTO_GREEN = people.jpeg(people.portrait(GREEN))


def write_video(path: Path, frames: int = 30, fps: float = 10.0) -> None:
    """A video in which RED walks by GREEN."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (640, 480))
    for picture, _ in people.walk([RED, GREEN], frames, steps=0.05, seed=3):
        writer.write(np.ascontiguousarray(picture))
    writer.release()
