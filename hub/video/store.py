"""The newest frame of every camera, and the watches that wait for the next one.

One store for every transport of pictures: raw WebSocket, the legacy POST, `POST /api/cameras/<id>/frame`, the agent.
Only the newest frame of a camera is kept, its bytes unchanged. All methods must be called on the event loop; none of
them blocks it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import gevent

from hub.contract.errors import RequestError
from hub.contract.picture_size import is_jpeg, jpeg_size
from hub.settings.video import Video
from hub.video.frames import Camera, Frame, camera_name
from hub.video.watch import Watch

MAX_SOURCE = 30


class Elsewhere(Protocol):
    """Other hubs, which have cameras and viewers of their own."""

    def offer(self, frame: Frame) -> None:
        """A new picture of this hub; never blocks."""

    def watched(self, cameras: frozenset[str] | None) -> None:
        """A viewer of this hub watches these cameras, None: all."""

    def unwatched(self, cameras: frozenset[str] | None) -> None:
        """It no longer does."""


class Nowhere:
    """There are no other hubs."""

    def offer(self, frame: Frame) -> None:
        """Nobody wants it."""

    def watched(self, cameras: frozenset[str] | None) -> None:
        """Nobody has pictures of them."""

    def unwatched(self, cameras: frozenset[str] | None) -> None:
        """Nobody sent any."""


class FrameStore:
    """Every camera's newest frame, within the limits of the section [video]."""

    def __init__(self, settings: Video) -> None:
        self._settings = settings
        self.elsewhere: Elsewhere = Nowhere()
        self._limit = settings.max_frame_mb * 1024 * 1024
        self._cameras: dict[str, Camera] = {}
        self._newest: Frame | None = None
        self._seq = 0
        self._watches: dict[str | None, set[Watch]] = {}
        self.refused: Counter[str] = Counter()  # rejected pictures by reason
        self.closed = False

    def __len__(self) -> int:
        """Number of known cameras."""
        return len(self._cameras)

    def put(self, camera: str, data: bytes, source: str, began: float | None = None, here: bool = True) -> Frame:
        """Store `data`, a JPEG, unchanged as the newest frame of `camera`, and notify its watches.

        `source` names the transport (websocket, http, rest, agent); `began` is the monotonic time of its arrival.
        `here`: this hub received it, and not another one.
        Raises RequestError: 400 (no JPEG, an invalid name), 413 (too large, too many pixels), 503 (too many cameras).
        """
        now = time.monotonic()
        name = camera_name(camera)
        width, height = self._check(name, data)
        entry = self._cameras.get(name) or self._add_camera(name, now)
        self._seq += 1
        frame = Frame(name, self._seq, data, width, height, time.time(), source[:MAX_SOURCE], now, here)
        entry.frame, entry.source = frame, frame.source
        self._newest = frame
        processing_ms = max(0.0, time.monotonic() - (now if began is None else began)) * 1000
        entry.metrics.add(now, len(data), processing_ms, width, height)
        for key in (name, None):
            for watch in self._watches.get(key, ()):
                if here or not watch.here:
                    watch.notify(name)
        if here:
            self.elsewhere.offer(frame)
        return frame

    def know(self, camera: str, source: str) -> bool:
        """List a camera whose pictures come to another hub; False where there is no room for it."""
        if camera in self._cameras:
            return True
        if len(self._cameras) >= self._settings.max_cameras:
            return False
        entry = self._cameras[camera] = Camera(camera, self._settings.target_interval_ms)
        entry.source = source[:MAX_SOURCE]
        return True

    def check_size(self, camera: str, size: int) -> None:
        """Raise RequestError (413) for a picture over the size limit; transports call it before they read a body."""
        if size > self._limit:
            raise self._refusal(
                camera,
                "too large",
                f"The picture has {size} bytes; at most {self._limit} are taken (video.max_frame_mb).",
                413,
            )

    def newest(self, camera: str | None = None) -> Frame | None:
        """The newest frame of `camera`, or of any camera; None before the first one."""
        if camera is None:
            return self._newest
        entry = self._cameras.get(camera)
        return entry.frame if entry else None

    def wait(self, camera: str | None, after: int, timeout: float, here: bool = True) -> Frame | None:
        """Wait until the newest frame has a `seq` over `after` and return it.

        None after `timeout` seconds, also while the hub is shutting down. `here`: only pictures that this hub itself
        received, which is right for what examines them: each picture is then examined at one hub.
        """
        if self.closed:
            gevent.sleep(timeout)  # a caller that polls in a loop must not spin until it is killed
            return None
        frame = self.newest(camera)
        if frame is not None and frame.seq > after and (frame.here or not here):
            return frame
        with self.watch(None if camera is None else (camera,), after, here=here) as watch:
            return watch.next(timeout)

    def watch(
        self, cameras: Iterable[str] | None = None, after: int = 0, fps: float = 0.0, here: bool = False
    ) -> Watch:
        """Subscribe to these cameras, known or not yet, or to all; at most `fps` frames a second of each (0: all).

        Pictures that other hubs receive are among them unless `here`.
        """
        return Watch(self, None if cameras is None else frozenset(cameras), after, fps, here)

    def newest_of(self, cameras: frozenset[str] | None) -> list[Frame]:
        """The newest frame of each of these cameras, oldest first."""
        found = [
            entry.frame
            for name, entry in self._cameras.items()
            if entry.frame is not None and (cameras is None or name in cameras)
        ]
        return sorted(found, key=lambda frame: frame.seq)

    def camera(self, name: str | None) -> Camera | None:
        """One camera with its metrics; None: the camera of the newest frame."""
        if name is None:
            name = self._newest.camera if self._newest else ""
        return self._cameras.get(name)

    def cameras(self) -> list[Camera]:
        """Every camera, sorted by name."""
        return [self._cameras[name] for name in sorted(self._cameras)]

    def viewers(self) -> int:
        """Number of open watches."""
        return len(set().union(*self._watches.values())) if self._watches else 0

    def status(self) -> dict[str, Any]:
        """For the status page."""
        now = time.monotonic()
        rows = [{**entry.status(), "fps": round(entry.metrics.fps(now), 2)} for entry in self.cameras()]
        return {"cameras": rows, "viewers": self.viewers(), "frames": self._seq, "refused": dict(self.refused)}

    def close(self) -> None:
        """Wake every waiting viewer; the hub is shutting down."""
        self.closed = True
        for watches in list(self._watches.values()):
            for watch in list(watches):
                watch.wake()

    def add_watch(self, watch: Watch) -> None:
        """Notify `watch` of new frames from now on."""
        for key in watch.cameras if watch.cameras is not None else (None,):
            self._watches.setdefault(key, set()).add(watch)
        if not watch.here:
            self.elsewhere.watched(watch.cameras)

    def remove_watch(self, watch: Watch) -> None:
        for key in watch.cameras if watch.cameras is not None else (None,):
            watches = self._watches.get(key)
            if watches is not None:
                watches.discard(watch)
                if not watches:
                    del self._watches[key]
        if not watch.here:
            self.elsewhere.unwatched(watch.cameras)

    def _check(self, name: str, data: bytes) -> tuple[int, int]:
        """Return width and height of a valid picture, (0, 0) where its headers do not give them."""
        if not data:
            raise self._refusal(
                name, "empty", "No picture came: the body is empty, the bytes of one JPEG were expected."
            )
        self.check_size(name, len(data))
        if not is_jpeg(data):
            raise self._refusal(
                name, "no JPEG", "This is no JPEG: its first bytes are not FF D8. Send the bytes of one JPEG picture."
            )
        width, height = jpeg_size(data) or (0, 0)
        if width * height > self._settings.max_megapixels * 1_000_000:
            raise self._refusal(
                name,
                "too many pixels",
                f"The picture has {width} x {height} pixels; at most {self._settings.max_megapixels} million are taken "
                "(video.max_megapixels).",
                413,
            )
        return width, height

    def _refusal(self, name: str, reason: str, sentence: str, status: int = 400) -> RequestError:
        """Count a rejected picture and return the error to raise."""
        self.refused[reason] += 1
        if name in self._cameras:
            self._cameras[name].metrics.dropped += 1
        return RequestError(sentence, status=status)

    def _add_camera(self, name: str, now: float) -> Camera:
        """Add a camera; at the limit the least recently active one is evicted if it has been silent long enough."""
        if len(self._cameras) >= self._settings.max_cameras:
            oldest = min(self._cameras.values(), key=lambda entry: entry.frame.mono if entry.frame else 0.0)
            if oldest.frame is not None and now - oldest.frame.mono < self._settings.forget_seconds:
                raise self._refusal(
                    name,
                    "too many cameras",
                    f"The hub shows as many cameras as it may ({self._settings.max_cameras}); "
                    "raise video.max_cameras in hub.toml.",
                    503,
                )
            del self._cameras[oldest.name]
        entry = self._cameras[name] = Camera(name, self._settings.target_interval_ms)
        return entry
