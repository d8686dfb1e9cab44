"""Reads a video with OpenCV, in the child process: at the video's pace on a thread, or every n-th frame on request.

The only module of the hub's video sources that imports OpenCV.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.vision.capture.errors import (
    BROKEN,
    MAX_PIXELS,
    NO_CAMERA,
    NO_FILE,
    NO_STREAM,
    NO_VIDEO,
    STALL_SECONDS,
    STALLED,
    TOO_LARGE,
)
from hub.vision.capture.target import CAMERA, FILE, STREAM

JPEG_QUALITY = 90
DEFAULT_FPS, MAX_FPS = 25.0, 240.0
"""The pace of a recording that gives none that can be believed."""
LATE_SECONDS = 0.2
MAX_SKIPPED = 8

Image = NDArray[np.uint8]


class ReadError(Exception):
    """The video cannot be opened or read; the text is a code of `errors`."""


@dataclass(frozen=True)
class Frame:
    """A frame: H x W x 3 BGR; `number` counts frames read from 1; `seconds` is its position."""

    image: Image
    number: int
    seconds: float


class Video:
    """An open cv2.VideoCapture. Raises ReadError where the source cannot be opened or its pictures are too large."""

    def __init__(self, kind: str, place: int | str, open_seconds: float) -> None:
        cv2.setNumThreads(1)
        self._capture = _open(kind, place, open_seconds)
        self._opened_at = time.monotonic()
        self.number = 0
        frames, fps = self._capture.get(cv2.CAP_PROP_FRAME_COUNT), self._capture.get(cv2.CAP_PROP_FPS)
        self.frames = int(frames) if 0 < frames < 1e9 else 0
        self.fps = float(fps) if math.isfinite(fps) and 0 < fps <= MAX_FPS else 0.0
        self.live = kind == CAMERA or (kind == STREAM and not self.frames)
        self._check_size()

    @property
    def pace(self) -> float:
        """Frames a second at which a recording is shown."""
        return self.fps or DEFAULT_FPS

    def info(self) -> dict[str, Any]:
        """For the hub's end; 0 for what is not known."""
        width, height = self._size()
        return {"frames": self.frames, "fps": self.fps, "width": width, "height": height, "live": self.live}

    def grab(self) -> bool:
        """Read the next frame without converting it; False where there is none. Raises ReadError."""
        if not self._capture.grab():
            return False
        self.number += 1
        self._check_size()
        return True

    def frame(self) -> Frame | None:
        """The frame that was grabbed last; None where it cannot be decoded."""
        done, image = self._capture.retrieve()
        if not done or image is None or not image.size:
            return None
        if image.shape[0] * image.shape[1] > MAX_PIXELS:
            raise ReadError(TOO_LARGE)
        return Frame(image.astype(np.uint8, copy=False), self.number, self._seconds())

    def _seconds(self) -> float:
        if self.live:
            return time.monotonic() - self._opened_at
        position = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return position if 0 <= position < 1e7 else (self.number - 1) / self.pace

    def _size(self) -> tuple[int, int]:
        width, height = self._capture.get(cv2.CAP_PROP_FRAME_WIDTH), self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        return max(0, int(width)), max(0, int(height))

    def _check_size(self) -> None:
        width, height = self._size()
        if width * height > MAX_PIXELS:
            raise ReadError(TOO_LARGE)


def _open(kind: str, place: int | str, open_seconds: float) -> cv2.VideoCapture:
    """Open with one backend alone: others would read numbered pictures, or text as the description of a pipeline."""
    if kind == CAMERA:
        capture = cv2.VideoCapture(int(place), cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
    else:
        if kind == FILE and not os.path.isfile(place):
            raise ReadError(NO_FILE)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(open_seconds * 1000)]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(STALL_SECONDS * 1000), cv2.CAP_PROP_N_THREADS, 1]
        capture = cv2.VideoCapture(str(place), cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise ReadError({CAMERA: NO_CAMERA, STREAM: NO_STREAM}.get(kind, NO_VIDEO))
    return capture


class PacedReader:
    """Reads on a thread of its own and keeps the newest frame alone: a recording in real time, others as they come."""

    def __init__(self, video: Video) -> None:
        self._video = video
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._ended, self._error = False, ""
        self._read_at = time.monotonic()
        threading.Thread(target=self._run, name="reader", daemon=True).start()

    def next(self, after: int, timeout: float) -> Frame | None:
        """The newest frame with a greater number; None when there is none in time, EOFError at the end.

        Raises ReadError when the device failed or gives no frames any more.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while self._newest is None or self._newest.number <= after:
                if self._error:
                    raise ReadError(self._error)
                if self._ended:
                    raise EOFError
                now = time.monotonic()
                if now - self._read_at > STALL_SECONDS:
                    raise ReadError(STALLED)
                if now >= end:
                    return None
                self._changed.wait(min(end - now, STALL_SECONDS / 10))
            return self._newest

    def _run(self) -> None:
        ended, error = False, ""
        try:
            self._read_all()
            ended = not self._video.live
            if not ended:
                stalled = time.monotonic() - self._read_at > 0.9 * STALL_SECONDS
                error = STALLED if stalled else BROKEN
        except ReadError as failure:
            error = str(failure)
        except (cv2.error, OSError, ValueError, MemoryError):
            error = BROKEN
        with self._changed:
            self._ended, self._error = ended, error
            self._changed.notify_all()

    def _read_all(self) -> None:
        began, skipped = time.monotonic(), 0
        while self._video.grab():
            now = time.monotonic()
            late = 0.0
            if not self._video.live:
                late = now - began - (self._video.number - 1) / self._video.pace
                if late < 0:
                    time.sleep(-late)
            if late > LATE_SECONDS and skipped < MAX_SKIPPED:  # this machine decodes slower than real time
                skipped += 1
                self._read_at = now
                continue
            skipped = 0
            frame = self._video.frame()
            with self._changed:
                self._read_at = time.monotonic()
                self._newest = frame or self._newest
                self._changed.notify_all()


class StepReader:
    """Gives every `step`-th frame of a recording, from the first on, once and in order, as fast as they are wanted."""

    def __init__(self, video: Video, step: int) -> None:
        self._video, self._step = video, step

    def next(self, after: int, timeout: float) -> Frame | None:
        """The next frame; None when it was not reached in time. Raises EOFError at the end, and ReadError.

        `after` says nothing here: frames come in their order.
        """
        end = time.monotonic() + timeout
        while self._video.grab():
            if (self._video.number - 1) % self._step == 0 and (frame := self._video.frame()) is not None:
                return frame
            if time.monotonic() >= end:
                return None
        raise EOFError


def encode(image: Image) -> bytes:
    """A JPEG."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ReadError(BROKEN)
    return data.tobytes()
