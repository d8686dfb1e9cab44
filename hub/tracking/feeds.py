"""What a session follows: a camera of the hub, or a video source that a child process has opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hub.video.frames import Frame
from hub.video.store import FrameStore

SILENT_SECONDS = 10.0


class FeedEnded(Exception):
    """The video has no more pictures."""


class FeedFailed(Exception):
    """The source cannot be opened or broke; the text is a sentence for the client."""


@dataclass(frozen=True)
class FeedPicture:
    """One picture: `number` counts pictures read, `seconds` is its position in a video (0.0 for cameras)."""

    data: bytes = field(repr=False)
    number: int
    seconds: float = 0.0


class Feed(Protocol):
    """An open source. Each session has one of its own."""

    name: str

    def next(self, timeout: float) -> FeedPicture | None:
        """The newest picture that was not returned yet; None after `timeout`. Raises FeedEnded, FeedFailed."""

    def close(self) -> None:
        """Release the source."""


class CameraFeed:
    """A camera of the hub: its newest frame."""

    def __init__(self, frames: FrameStore, camera: str) -> None:
        self.name = camera
        self._frames, self._after = frames, 0

    def next(self, timeout: float) -> FeedPicture | None:
        frame: Frame | None = self._frames.wait(self.name, self._after, timeout, here=False)
        if frame is None:
            return None
        self._after = frame.seq
        camera = self._frames.camera(self.name)
        return FeedPicture(frame.data, camera.metrics.total if camera is not None else frame.seq)

    def close(self) -> None:
        """Nothing is held."""
