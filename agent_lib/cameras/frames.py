"""One camera frame: JPEG bytes or pixels, converted into each other only on demand."""

import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

from agent_lib.runtime.arrays import Image

MAX_FRAME_BYTES = 32 * 1024 * 1024
# 8192 x 8192. A small file may declare dimensions that would exhaust the memory when decoded.
MAX_PIXELS = 1 << 26

JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
# Cameras pad after the end marker, with zeros or a line end.
_PADDING = b"\x00\r\n \xff"
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA


class FrameError(ValueError):
    """The bytes are not a usable picture; the message says why."""


class Frame:
    """A picture and its capture time: `ts` is time.time(), `mono` time.monotonic(), of the first byte or the grab.

    Created from JPEG bytes (`data`) or from pixels (`image`, BGR uint8, height x width x 3). Thread-safe.
    """

    def __init__(
        self,
        data: bytes | None = None,
        image: Image | None = None,
        ts: float | None = None,
        mono: float | None = None,
        on_bad: Callable[[str], None] | None = None,
    ) -> None:
        if (data is None) == (image is None):
            raise ValueError("A frame is made from JPEG bytes or from pixels, one of both.")
        self._data, self._image, self._on_bad = data, image, on_bad
        self._bad = ""
        self._lock = threading.Lock()
        self.ts = time.time() if ts is None else ts
        self.mono = time.monotonic() if mono is None else mono

    def image(self) -> Image:
        """The pixels, BGR uint8, height x width x 3; decoded once. Do not modify them. Raises FrameError."""
        with self._lock:
            if self._image is None:
                if not self._bad:
                    try:
                        self._image = decode(self._data or b"")
                        return self._image
                    except FrameError as error:
                        self._bad = str(error)
                    if self._on_bad is not None:
                        self._on_bad(self._bad)
                raise FrameError(self._bad)
            return self._image

    def jpeg(self, quality: int = 90) -> bytes:
        """The camera's own bytes if it sent JPEG (`quality` is ignored), else the encoded pixels. Raises FrameError."""
        with self._lock:
            if self._data is None:
                assert self._image is not None, "a frame has JPEG bytes or pixels"
                done, encoded = cv2.imencode(".jpg", self._image, [cv2.IMWRITE_JPEG_QUALITY, quality])
                if not done:
                    raise FrameError("The picture could not be packed as JPEG.")
                self._data = encoded.tobytes()
            return self._data

    @property
    def encoded(self) -> bool:
        """Whether the JPEG bytes exist already, so that `jpeg()` does not have to encode."""
        return self._data is not None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, (0, 0) if the header does not give them."""
        image = self._image
        return (image.shape[1], image.shape[0]) if image is not None else jpeg_size(self._data or b"")


def decode(data: bytes) -> Image:
    """Decode picture bytes (JPEG or another file format) to BGR uint8 pixels. Raises FrameError."""
    if data[:2] == JPEG_START:
        # The decoder silently fills the missing part of a truncated JPEG with grey.
        if not whole_jpeg_length(data):
            raise FrameError(f"The picture is cut off: its {len(data)} bytes have no JPEG end.")
        width, height = jpeg_size(data)
        if not 0 < width * height <= MAX_PIXELS:
            raise FrameError(f"The picture is not a usable JPEG: it announces {width} x {height} pixels.")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:
        raise FrameError(f"The picture of {len(data)} bytes cannot be decoded: {error.err}") from error
    if image is None:
        raise FrameError(f"The picture of {len(data)} bytes is corrupt: it cannot be decoded.")
    return image


def whole_jpeg_length(data: bytes) -> int:
    """Length of the JPEG in `data` without the padding after it; 0 if its start or end marker is missing."""
    if data[:2] != JPEG_START:
        return 0
    end = data.rfind(_JPEG_END, max(0, len(data) - 1024))
    return end + 2 if end > 0 and not data[end + 2 :].strip(_PADDING) else 0


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) from a JPEG header, without decoding; (0, 0) if not found."""
    at = 2
    while data[:2] == JPEG_START and at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _SIZE_MARKERS:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        if marker == _START_OF_SCAN:
            break
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0
