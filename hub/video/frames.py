"""The newest frame of every camera, and who waits for the next one.

One store for every way that pictures come in: raw WebSocket, the legacy POST, `POST /api/cameras/<id>/frame`, the agent.
Only the newest frame of a camera is kept, as the bytes it came in. All methods belong to the event loop; none of them blocks it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import gevent
from gevent.event import Event

from hub.contract.errors import ContractError, RequestError
from hub.settings.video import Video
from hub.video.jpeg import is_jpeg, jpeg_size
from hub.video.metrics import Metrics

MAX_NAME = 100
MAX_SOURCE = 30


@dataclass(frozen=True)
class Frame:
    """One picture. `seq` grows over all cameras; `received_at` is epoch seconds, `mono` the same moment of time.monotonic()."""

    camera: str
    seq: int
    data: bytes = field(repr=False)
    width: int
    height: int
    received_at: float
    source: str
    mono: float

    @property
    def age(self) -> float:
        """Seconds since it came."""
        return time.monotonic() - self.mono

    @cached_property
    def made(self) -> dict[str, Any]:
        """What doors have made of this frame (a part of a stream, a framed message), so that it is made once for all viewers."""
        return {}


class Camera:
    """One camera: its newest frame, its figures, and who watches it."""

    def __init__(self, name: str, fixed_ms: int) -> None:
        self.name = name
        self.frame: Frame | None = None
        self.metrics = Metrics(fixed_ms)
        self.source = ""

    def status(self) -> dict[str, Any]:
        frame = self.frame
        return {
            "camera": self.name,
            "source": self.source,
            "received_at": frame.received_at if frame else None,
            "age_seconds": round(frame.age, 1) if frame else None,
            "size": len(frame.data) if frame else 0,
            "seq": frame.seq if frame else 0,
        }


class Watch:
    """One viewer's view of some cameras (None: all of them): the newest frame of each that it has not been given yet.

    A camera's older frames are skipped, so a slow viewer costs no memory. `fps` over 0 gives at most so many frames of each
    camera a second. Use it as a context manager.
    """

    def __init__(self, store: FrameStore, cameras: frozenset[str] | None, after: int = 0, fps: float = 0.0) -> None:
        self._store = store
        self.cameras = cameras
        self._interval = 1.0 / fps if fps > 0 else 0.0
        self._given: dict[str, float] = {}
        self._due: dict[str, None] = {frame.camera: None for frame in store.newest_of(cameras) if frame.seq > after}
        self._ready = Event()

    def note(self, camera: str) -> None:
        """A new frame of `camera` is there (called by the store)."""
        self._due[camera] = None
        self._ready.set()

    def next(self, timeout: float) -> Frame | None:
        """The next frame due, of the camera that waits longest; None after `timeout` seconds or when the store has closed."""
        end = time.monotonic() + timeout
        while True:
            due = self.wait(end - time.monotonic())
            frame = self.take()
            if frame is not None or not due:
                return frame

    def wait(self, timeout: float) -> bool:
        """Whether a frame may be taken now, or within `timeout` seconds; False too when the store has closed."""
        if self._interval:
            return self._wait_in_time(timeout)
        while not self._due:
            self._ready.clear()
            if self._store.closed or timeout <= 0 or not self._ready.wait(timeout):
                return False
        return not self._store.closed

    def _wait_in_time(self, timeout: float) -> bool:
        end = time.monotonic() + timeout
        while not self._store.closed:
            now = time.monotonic()
            at = min((self._given.get(camera, 0.0) + self._interval for camera in self._due), default=end)
            if self._due and at <= now:
                return True
            if now >= end:
                return False
            self._ready.clear()
            self._ready.wait(min(at, end) - now)
        return False

    def take(self) -> Frame | None:
        """The frame of the camera that waits longest and may be given now."""
        now = time.monotonic() if self._interval else 0.0
        for camera in list(self._due):
            if self._interval:
                at = self._given.get(camera, 0.0) + self._interval
                if at > now:
                    continue
                # From the time it was due, so that the rate is kept on the average too.
                self._given[camera] = at if now - at < self._interval else now
            del self._due[camera]
            frame = self._store.newest(camera)
            if frame is not None:
                return frame
        return None

    def wake(self) -> None:
        self._ready.set()

    def __enter__(self) -> Watch:
        self._store._add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._store._discard(self)


class FrameStore:
    """Every camera's newest frame. Limits are of `settings` (the section [video])."""

    def __init__(self, settings: Video) -> None:
        self._settings = settings
        self._limit = settings.max_frame_mb * 1024 * 1024
        self._cameras: dict[str, Camera] = {}
        self._newest: Frame | None = None
        self._seq = 0
        self._watches: dict[str | None, set[Watch]] = {}
        self.refused: Counter[str] = Counter()  # reason -> pictures that were not taken
        self.closed = False

    def __len__(self) -> int:
        """How many cameras are known."""
        return len(self._cameras)

    def put(self, camera: str, data: bytes, source: str, began: float | None = None) -> Frame:
        """Keep `data`, a JPEG, as the newest frame of `camera`; its bytes stay as they are.

        `source` names the way it came (websocket, http, rest, agent); `began` is the time.monotonic() at which it had arrived.
        Raises ContractError: 400 (no JPEG, a bad name), 413 (too large), 503 (as many cameras as there may be).
        """
        now = time.monotonic()
        name = camera_name(camera)
        width, height = self._check(name, data)
        entry = self._cameras.get(name) or self._admit(name, now)
        self._seq += 1
        frame = Frame(name, self._seq, data, width, height, time.time(), source[:MAX_SOURCE], now)
        entry.frame, entry.source = frame, frame.source
        self._newest = frame
        entry.metrics.add(
            now, len(data), max(0.0, time.monotonic() - (now if began is None else began)) * 1000, width, height
        )
        for key in (name, None):
            for watch in self._watches.get(key, ()):
                watch.note(name)
        return frame

    def check_size(self, camera: str, size: int) -> None:
        """Raises ContractError (413) for a picture of more bytes than are taken; doors ask before they read it."""
        if size > self._limit:
            raise self._refusal(
                camera,
                "too large",
                f"The picture has {size} bytes; at most {self._limit} are taken (video.max_frame_mb).",
                413,
            )

    def newest(self, camera: str | None = None) -> Frame | None:
        """The newest frame of `camera`, or of any; None when there is none yet."""
        if camera is None:
            return self._newest
        entry = self._cameras.get(camera)
        return entry.frame if entry else None

    def wait(self, camera: str | None, after: int, timeout: float) -> Frame | None:
        """The newest frame as soon as it has a `seq` over `after`; None after `timeout` seconds, a hub that ends included."""
        if self.closed:
            gevent.sleep(timeout)  # whoever asks in a loop must not spin until it is ended
            return None
        frame = self.newest(camera)
        if frame is not None and frame.seq > after:
            return frame
        with self.watch(None if camera is None else (camera,), after) as watch:
            return watch.next(timeout)

    def watch(self, cameras: Iterable[str] | None = None, after: int = 0, fps: float = 0.0) -> Watch:
        """A viewer's view of these cameras, known or not yet, or of all; of each at most `fps` frames a second (0: all)."""
        return Watch(self, None if cameras is None else frozenset(cameras), after, fps)

    def newest_of(self, cameras: frozenset[str] | None) -> list[Frame]:
        """The newest frame of each of these cameras, oldest first."""
        found = [
            entry.frame
            for name, entry in self._cameras.items()
            if entry.frame is not None and (cameras is None or name in cameras)
        ]
        return sorted(found, key=lambda frame: frame.seq)

    def camera(self, name: str | None) -> Camera | None:
        """One camera with its metrics; None: the one of the newest frame."""
        if name is None:
            name = self._newest.camera if self._newest else ""
        return self._cameras.get(name)

    def cameras(self) -> list[Camera]:
        """Every camera by name."""
        return [self._cameras[name] for name in sorted(self._cameras)]

    def viewers(self) -> int:
        """How many views are open now."""
        return len(set().union(*self._watches.values())) if self._watches else 0

    def status(self) -> dict[str, Any]:
        """For the status page."""
        now = time.monotonic()
        rows = [{**entry.status(), "fps": round(entry.metrics.fps(now), 2)} for entry in self.cameras()]
        return {"cameras": rows, "viewers": self.viewers(), "frames": self._seq, "refused": dict(self.refused)}

    def close(self) -> None:
        """Let everybody who waits go: the hub ends."""
        self.closed = True
        for watches in list(self._watches.values()):
            for watch in list(watches):
                watch.wake()

    def _check(self, name: str, data: bytes) -> tuple[int, int]:
        if not data:
            raise self._refusal(
                name, "empty", "No picture came: the body is empty, the bytes of one JPEG were expected."
            )
        self.check_size(name, len(data))
        if not is_jpeg(data):
            raise self._refusal(
                name, "no JPEG", "This is no JPEG: its first bytes are not FF D8. Send the bytes of one JPEG picture."
            )
        return jpeg_size(data) or (0, 0)

    def _refusal(self, name: str, reason: str, sentence: str, status: int = 400) -> RequestError:
        self.refused[reason] += 1
        if name in self._cameras:
            self._cameras[name].metrics.dropped += 1
        return RequestError(sentence, status=status)

    def _admit(self, name: str, now: float) -> Camera:
        """A new camera; the one that was silent longest makes room for it, if it was silent for long enough."""
        if len(self._cameras) >= self._settings.max_cameras:
            oldest = min(self._cameras.values(), key=lambda entry: entry.frame.mono if entry.frame else 0.0)
            if oldest.frame is not None and now - oldest.frame.mono < self._settings.forget_seconds:
                raise self._refusal(
                    name,
                    "too many cameras",
                    f"The hub shows as many cameras as it may ({self._settings.max_cameras}); raise video.max_cameras in hub.toml.",
                    503,
                )
            del self._cameras[oldest.name]
        entry = self._cameras[name] = Camera(name, self._settings.target_interval_ms)
        return entry

    def _add(self, watch: Watch) -> None:
        for key in watch.cameras if watch.cameras is not None else (None,):
            self._watches.setdefault(key, set()).add(watch)

    def _discard(self, watch: Watch) -> None:
        for key in watch.cameras if watch.cameras is not None else (None,):
            watches = self._watches.get(key)
            if watches is not None:
                watches.discard(watch)
                if not watches:
                    del self._watches[key]


def camera_name(text: str) -> str:
    """A camera's id: printable, without spaces at its ends, at most 100 characters. Raises ContractError (400)."""
    name = text.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ContractError(
            f"A camera's id is a text of 1 to {MAX_NAME} printable characters.", [f"camera: {text[:80]!r}"]
        )
    return name
