"""Live pictures: the cameras' newest frames to the hub, a few per second, never delaying a capture.

Each camera has a thread that posts its newest frame to `/api/cameras/<station>-<role>/frame`. Nothing is queued: while
the hub is unreachable or slow, frames are dropped. JPEG frames are forwarded unchanged; pixels (RTSP, USB) are encoded
here, which pauses while a capture runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import quote

import requests

from agent_lib.cameras.frames import FrameError
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.station.devices import CapturedFrame, FrameSource
from agent_lib.uplink.answer import NOT_LET_IN
from agent_lib.uplink.rest import short_reason
from agent_lib.uplink.tls import hub_session

log = logging.getLogger(__name__)

_TIMEOUT = (1.0, 2.0)
_POLL_SECONDS = 0.2
_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.5, 10.0
_HEADERS = {"Content-Type": "image/jpeg", "X-Gatehouse-Source": "agent"}


class Video:
    """Live pictures of all stations. `busy()` returns whether a capture is running."""

    def __init__(self, settings: HubSettings, busy: Callable[[], bool] = lambda: False) -> None:
        self._settings, self._busy = settings, busy
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.sent = 0

    def start(self, supervisor: Supervisor, station: str, cameras: Iterable[tuple[str, FrameSource]]) -> None:
        """Start streaming these (role, camera) pairs; returns at once. Does nothing when turned off."""
        if not self._settings.video_fps:
            return
        if self._settings.raw:
            log.warning("Live pictures need a hub: hub.video_fps has no effect with hub.websocket_url alone.")
            return
        for role, camera in cameras:
            name = f"{station}-{role}"
            supervisor.run(f"video-{name}", partial(self._stream, camera, name))

    def stop(self) -> None:
        """Stop sending; a frame in flight may still arrive."""
        self._stopping.set()

    def _stream(self, camera: FrameSource, name: str) -> None:
        address = f"{self._settings.base}/api/cameras/{quote(name, safe='')}/frame"
        interval = 1.0 / self._settings.video_fps
        seen, due, backoff, logged = float("-inf"), time.monotonic(), _FIRST_BACKOFF_SECONDS, ""
        with hub_session(self._settings.base, self._settings.ca, self._settings.headers) as session:
            while not self._stopping.wait(max(0.0, due - time.monotonic())):
                frame = camera.wait_newer(seen, _POLL_SECONDS)
                if frame is None:
                    self._stopping.wait(_POLL_SECONDS / 4)  # wait_newer of a stopped camera returns at once
                    continue
                seen = frame.mono
                # Relative to the due time, so that the average rate is kept, but without catching up.
                due = max(due + interval, time.monotonic())
                if not frame.encoded and self._busy():
                    continue
                reason = self._post(session, address, frame)
                if reason:
                    log.log(
                        logging.DEBUG if reason == logged else logging.WARNING,
                        "The live pictures of %s do not reach the hub: %s.",
                        name,
                        reason,
                    )
                    self._stopping.wait(backoff)
                    backoff = min(backoff * 2, _MAX_BACKOFF_SECONDS)
                elif logged:
                    log.info("The live pictures of %s reach the hub again.", name)
                if not reason:
                    backoff = _FIRST_BACKOFF_SECONDS
                logged = reason

    def _post(self, session: requests.Session, address: str, frame: CapturedFrame) -> str:
        """Send one frame; returns why it failed, "" on success. Undecodable frames are skipped silently."""
        try:
            data = frame.jpeg()
        except FrameError:
            return ""
        try:
            response = session.post(address, data=data, headers=_HEADERS, timeout=_TIMEOUT, allow_redirects=False)
        except OSError as error:
            return short_reason(error, self._settings.ca)
        if response.status_code != 200:
            waits = "; this hub has not let the agent in" if response.status_code in NOT_LET_IN else ""
            return f"HTTP {response.status_code}{waits}"
        with self._lock:
            self.sent += 1
        return ""
