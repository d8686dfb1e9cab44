"""Frames scaled down to the size that they are shown at, so that a wall of cameras costs a browser little.

A smaller frame is made on a native thread when a viewer is about to be sent it, once for all viewers of the same width.
Whoever asks for no width gets the bytes that the camera sent, and so does everybody while the lane is busy.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

from gevent.event import AsyncResult
from PIL import Image

from hub.contract.errors import ContractError
from hub.runtime.lanes import Lane
from hub.store.examine import DecodeLimits, inspect
from hub.store.pictures import PictureError, decoding
from hub.video.frames import Frame

WIDTHS = (160, 320, 480, 640, 960, 1280)
"""Pixels. A requested width is rounded up to one of these, so that viewers share what is made."""
WORTH_IT = 1.25  # a frame that is less wider than that is sent as it is
QUALITY = 75
MAX_PENDING = 6
LIMITS = DecodeLimits(megapixels=16, scans=20, memory=64 * 1024 * 1024)
ORIENTATION = 0x0112  # the EXIF tag; a browser turns the picture, so a copy without it would lie


class Scaler:
    """`scaled(frame, width)` for the viewers of live pictures."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.made = self.busy = self.failed = 0

    def scaled(self, frame: Frame, width: int) -> Frame:
        """The frame with `width` pixels a row, or itself: 0 is any width, it is not wider, or it cannot be scaled now.

        Waits for a native thread, and for the same frame that is in the making for another viewer.
        """
        if width <= 0 or frame.width <= width * WORTH_IT:
            return frame
        key = f"width {width}"
        result: AsyncResult[Frame | None] | None = frame.encoded.get(key)
        if result is not None:
            return result.get() or frame
        if self._lane.pending >= MAX_PENDING:
            self.busy += 1
            return frame
        smaller: Frame | None = None  # not the frame itself: a reference from its own cache would keep it in memory
        result = frame.encoded[key] = AsyncResult()
        try:
            data, size = self._lane.run(shrink, frame.data, width)
            smaller = replace(frame, data=data, width=size[0], height=size[1])
            self.made += 1
        except PictureError:
            self.failed += 1
        finally:
            result.set(smaller)
        return smaller or frame

    def status(self) -> dict[str, Any]:
        """For the status page: frames that were scaled, and those sent in full as the lane was busy or it failed."""
        return {"made": self.made, "busy": self.busy, "failed": self.failed}


def shrink(data: bytes, width: int) -> tuple[bytes, tuple[int, int]]:
    """A JPEG scaled down to `width`, and its size. On a native thread. Raises PictureError."""
    inspect(data, LIMITS)
    with decoding():
        return _shrink(data, width)


def _shrink(data: bytes, width: int) -> tuple[bytes, tuple[int, int]]:
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        if "exif" in image.info and image.getexif().get(ORIENTATION, 1) != 1:
            raise PictureError("is turned by its EXIF data")
        size = (width, max(1, round(image.height * width / image.width)))
        image.draft("RGB", size)  # decoded at a half, a quarter or an eighth, which costs as much less
        small: Image.Image = image
        if small.size != size:
            small = small.resize(size, Image.Resampling.BILINEAR)
        if small.mode not in ("RGB", "L"):
            small = small.convert("RGB")
        made = io.BytesIO()
        small.save(made, "JPEG", quality=QUALITY)
    return made.getvalue(), size


def shown_width(text: str | None) -> int:
    """`width` of a viewer, rounded up to one of WIDTHS; 0 (or nothing, or more) is the width that the camera sends."""
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise ContractError(
            "width is a whole number of pixels, or 0 for the pictures as they are.", [f"width: {text[:80]!r}"]
        )
    wanted = int(text)
    return next((width for width in WIDTHS if width >= wanted), 0) if wanted else 0
