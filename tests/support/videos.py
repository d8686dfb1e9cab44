"""Recorded videos for the tests, written with OpenCV: each frame is grey, of the level `level_of(its number)`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

CODECS = {"avi": "MJPG", "mp4": "mp4v", "mkv": "mp4v", "mov": "mp4v", "wmv": "WMV2"}


def level_of(number: int) -> int:
    """The grey level of frame `number`, from 1; levels repeat after 24 frames."""
    return 10 + 10 * ((number - 1) % 24)


def write_video(path: Path, frames: int = 20, fps: float = 10.0, size: tuple[int, int] = (64, 48)) -> Path:
    """Write a video of this many frames, `size` is width and height; its format follows from the suffix."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*CODECS[path.suffix[1:]]), fps, size)
    for number in range(1, frames + 1):
        writer.write(np.full((size[1], size[0], 3), level_of(number), np.uint8))
    writer.release()
    assert path.stat().st_size > 0
    return path


def level(jpeg: bytes) -> int:
    """The grey level of a picture, to the nearest 10."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return round(float(np.median(image)) / 10) * 10
