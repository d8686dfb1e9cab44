"""A viewer's subscription to frames: the newest of each camera, at most so many a second."""

from __future__ import annotations

import time
from typing import Protocol

from gevent.event import Event

from hub.video.frames import Frame


class FrameSource(Protocol):
    """What a watch needs of the frame store."""

    closed: bool

    def newest(self, camera: str | None = None) -> Frame | None: ...

    def newest_of(self, cameras: frozenset[str] | None) -> list[Frame]: ...

    def add_watch(self, watch: Watch) -> None: ...

    def remove_watch(self, watch: Watch) -> None: ...


class Watch:
    """One viewer's subscription to some cameras (None: all): the newest frame of each that it has not taken yet.

    A camera's older frames are skipped, so a slow viewer needs no buffer. `fps` over 0 limits the frames of each
    camera per second. `here`: only pictures that this hub itself received. Use it as a context manager.
    """

    def __init__(
        self,
        store: FrameSource,
        cameras: frozenset[str] | None,
        after: int = 0,
        fps: float = 0.0,
        here: bool = False,
    ) -> None:
        self._store = store
        self.cameras, self.here = cameras, here
        self._interval = 1.0 / fps if fps > 0 else 0.0
        self._taken_at: dict[str, float] = {}
        self._pending: dict[str, None] = {
            frame.camera: None for frame in store.newest_of(cameras) if frame.seq > after and (frame.here or not here)
        }
        self._ready = Event()

    def notify(self, camera: str) -> None:
        """Mark a new frame of `camera` as pending; called by the store."""
        self._pending[camera] = None
        self._ready.set()

    def next(self, timeout: float) -> Frame | None:
        """Return the next pending frame, oldest notification first.

        None after `timeout` seconds or when the store has closed.
        """
        end = time.monotonic() + timeout
        while True:
            ready = self.wait(end - time.monotonic())
            frame = self.take()
            if frame is not None or not ready:
                return frame

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until a frame may be taken; False when none may, or the store has closed."""
        if self._interval:
            return self._wait_for_interval(timeout)
        while not self._pending:
            self._ready.clear()
            if self._store.closed or timeout <= 0 or not self._ready.wait(timeout):
                return False
        return not self._store.closed

    def _wait_for_interval(self, timeout: float) -> bool:
        end = time.monotonic() + timeout
        while not self._store.closed:
            now = time.monotonic()
            due = min((self._taken_at.get(camera, 0.0) + self._interval for camera in self._pending), default=end)
            if self._pending and due <= now:
                return True
            if now >= end:
                return False
            self._ready.clear()
            self._ready.wait(min(due, end) - now)
        return False

    def take(self) -> Frame | None:
        """Take the newest frame of the camera that has been pending longest and whose interval is over."""
        now = time.monotonic() if self._interval else 0.0
        for camera in list(self._pending):
            if self._interval:
                due = self._taken_at.get(camera, 0.0) + self._interval
                if due > now:
                    continue
                # From the time it was due, so that the average rate is kept too.
                self._taken_at[camera] = due if now - due < self._interval else now
            del self._pending[camera]
            frame = self._store.newest(camera)
            if frame is not None:
                return frame
        return None

    def wake(self) -> None:
        """Let a waiting viewer check whether the store has closed."""
        self._ready.set()

    def __enter__(self) -> Watch:
        self._store.add_watch(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._store.remove_watch(self)
