"""One picture from a camera: JPEG bytes or pixels, each turned into the other only when asked for."""

import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

MAX_FRAME_BYTES = 32 * 1024 * 1024
# 8192 x 8192. A small file can announce a picture that fills the memory when it is unpacked.
MAX_PIXELS = 1 << 26

JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
# Cameras pad behind the end marker, with zeros or a line end.
_PADDING = b"\x00\r\n \xff"
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA


class FrameError(ValueError):
    """The bytes of a picture are no picture; the text says what is wrong with them."""


class Frame:
    """A picture and when it was taken: `ts` is time.time(), `mono` time.monotonic(), of its first byte or of the grab.

    Made from JPEG bytes (`data`) or from pixels (`image`, BGR uint8, height x width x 3). May be used from several
    threads.
    """

    def __init__(
        self,
        data: bytes | None = None,
        image: np.ndarray | None = None,
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

    def image(self) -> np.ndarray:
        """The pixels, BGR uint8, height x width x 3; unpacked once. Do not write into them. Raises FrameError."""
        with self._lock:
            if self._image is None:
                if not self._bad:
                    try:
                        self._image = decode(self._data)
                        return self._image
                    except FrameError as error:
                        self._bad = str(error)
                    if self._on_bad is not None:
                        self._on_bad(self._bad)
                raise FrameError(self._bad)
            return self._image

    def jpeg(self, quality: int = 90) -> bytes:
        """The camera's own bytes where it sent JPEG (whatever `quality` says), else the pixels packed. Raises
        FrameError.
        """
        with self._lock:
            if self._data is None:
                done, packed = cv2.imencode(".jpg", self._image, [cv2.IMWRITE_JPEG_QUALITY, quality])
                if not done:
                    raise FrameError("The picture could not be packed as JPEG.")
                self._data = packed.tobytes()
            return self._data

    @property
    def packed(self) -> bool:
        """Whether `jpeg()` has its bytes at hand."""
        return self._data is not None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, (0, 0) when the bytes do not tell."""
        image = self._image
        return (image.shape[1], image.shape[0]) if image is not None else jpeg_size(self._data or b"")


def decode(data: bytes) -> np.ndarray:
    """Picture bytes (JPEG, or any other kind a file may have) to BGR uint8 pixels. Raises FrameError."""
    if data[:2] == JPEG_START:
        # The decoder fills the missing half of a cut JPEG with grey and says nothing.
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
    """Length of the JPEG in `data` without what a camera padded behind it; 0 when it has no beginning or no end."""
    if data[:2] != JPEG_START:
        return 0
    end = data.rfind(_JPEG_END, max(0, len(data) - 1024))
    return end + 2 if end > 0 and not data[end + 2 :].strip(_PADDING) else 0


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) from a JPEG's header without unpacking it; (0, 0) when there is none."""
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
