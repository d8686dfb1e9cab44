"""What a client may name as `video_source`: a camera of this machine by number, a camera of the hub, a named source.

Nothing else is ever opened: neither addresses nor paths from clients.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hub.settings.tracking import TrackingSource
from hub.tracking.feeds import CameraFeed, Feed, FeedEnded, FeedFailed, FeedPicture
from hub.video.store import FrameStore
from hub.vision.capture.errors import SourceEnded, SourceError
from hub.vision.capture.source import VideoSource
from hub.vision.capture.sources import Sources

MAX_INDEX = 63
UNKNOWN = (
    "There is no video source of this name; name a camera of the hub, the number of a camera of the hub's machine "
    f"(0 to {MAX_INDEX}), or a [[tracking.sources]] of hub.toml."
)
SCHEMES = ("rtsp://", "rtsps://", "http://", "https://", "rtmp://", "udp://")


class SourceFeed:
    """A video source that a child process has opened; several sessions may share the process."""

    def __init__(self, name: str, source: VideoSource, sources: Sources) -> None:
        self.name = name
        self._source, self._sources, self._after, self._closed = source, sources, 0, False

    def next(self, timeout: float) -> FeedPicture | None:
        try:
            picture = self._source.next(self._after, timeout)
        except SourceEnded as error:
            raise FeedEnded from error
        except SourceError as error:
            raise FeedFailed(str(error)) from error
        if picture is None:
            return None
        self._after = picture.number
        return FeedPicture(picture.data, picture.number, picture.seconds)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._sources.release(self._source)


class VideoSources:
    """Opens what clients name. `named` are the sources of the settings; relative paths are inside `folder`."""

    def __init__(self, named: Iterable[TrackingSource], frames: FrameStore, sources: Sources, folder: Path) -> None:
        self._targets = {one.name: target_of(one.url, folder) for one in named}
        self._frames, self._sources = frames, sources

    def names(self) -> dict[str, list[str]]:
        """Every name that can be followed: `named` in the settings, and `cameras` of the hub."""
        return {"named": list(self._targets), "cameras": [camera.name for camera in self._frames.cameras()]}

    def open(self, source: Any) -> Feed:
        """Open what a client named. Raises FeedFailed with a sentence."""
        if isinstance(source, str):
            name = source.strip()
            if name in self._targets:
                return self._open_target(name, self._targets[name])
            if self._frames.newest(name) is not None:
                return CameraFeed(self._frames, name)
            raise FeedFailed(UNKNOWN)
        if isinstance(source, bool) or not isinstance(source, (int, float)) or source != source // 1:
            raise FeedFailed(UNKNOWN)
        if not 0 <= source <= MAX_INDEX:
            raise FeedFailed(f"Cameras of the hub's machine have the numbers 0 to {MAX_INDEX}.")
        return self._open_target(f"camera {int(source)}", int(source))

    def _open_target(self, name: str, target: int | str) -> Feed:
        try:
            return SourceFeed(name, self._sources.acquire(name, target), self._sources)
        except SourceError as error:
            raise FeedFailed(str(error)) from error


def target_of(url: str, folder: Path) -> int | str:
    """What a `url` of the settings is: the number of a camera, an address, or the path of a file."""
    text = url.strip()
    if text.isascii() and text.isdigit() and len(text) <= 2:
        return int(text)
    return text if text.lower().startswith(SCHEMES) else str(folder / text)
