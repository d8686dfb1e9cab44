"""The cameras' newest pictures to the hub, for people to look at: a few a second, never in a capture's way.

Each camera has a thread that takes the newest picture and posts it to `/api/cameras/<station>-<role>/frame`. Nothing
waits in a queue: while the hub is away or slow, pictures are left out. A camera that sends JPEG is shown in its own
bytes; pixels (RTSP, USB) are packed here, and that rests while a capture runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import requests

from agent_lib.cameras.frames import FrameError
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.uplink.rest import short_reason

log = logging.getLogger(__name__)

_TIMEOUT = (1.0, 2.0)
_LOOK_SECONDS = 0.2
_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS = 0.5, 10.0
_HEADERS = {"Content-Type": "image/jpeg", "X-Gatehouse-Source": "agent"}


class Video:
    """Live pictures of every station. `busy()` says whether a capture runs."""

    def __init__(self, settings: HubSettings, busy: Callable[[], bool] = lambda: False) -> None:
        self._settings, self._busy = settings, busy
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.sent = 0

    def start(self, supervisor: Supervisor, station: str, cameras: Iterable[tuple[str, Any]]) -> None:
        """Start streaming these (role, camera) pairs; returns at once. Does nothing when turned off."""
        if not self._settings.video_fps:
            return
        if self._settings.raw:
            log.warning("Live pictures need a hub: hub.video_fps has no effect with hub.websocket_url alone.")
            return
        for role, camera in cameras:
            name = f"{station}-{role}"
            supervisor.run(f"video-{name}", lambda camera=camera, name=name: self._show(camera, name))

    def stop(self) -> None:
        """Send nothing more; a picture under way may still arrive."""
        self._stopping.set()

    def _show(self, camera: Any, name: str) -> None:
        address = f"{self._settings.base}/api/cameras/{quote(name, safe='')}/frame"
        interval = 1.0 / self._settings.video_fps
        seen, due, rest, said = float("-inf"), time.monotonic(), _FIRST_REST_SECONDS, ""
        with requests.Session() as session:
            session.trust_env = False
            while not self._stopping.wait(max(0.0, due - time.monotonic())):
                frame = camera.wait_newer(seen, _LOOK_SECONDS)
                if frame is None:
                    self._stopping.wait(_LOOK_SECONDS / 4)  # a stopped camera answers at once
                    continue
                seen = frame.mono
                # From the time it was due, so that the rate is kept on the average; not from long ago.
                due = max(due + interval, time.monotonic())
                if not frame.packed and self._busy():
                    continue
                reason = self._post(session, address, frame)
                if reason:
                    log.log(
                        logging.DEBUG if reason == said else logging.WARNING,
                        "The live pictures of %s do not reach the hub: %s.",
                        name,
                        reason,
                    )
                    self._stopping.wait(rest)
                    rest = min(rest * 2, _LONGEST_REST_SECONDS)
                elif said:
                    log.info("The live pictures of %s reach the hub again.", name)
                if not reason:
                    rest = _FIRST_REST_SECONDS
                said = reason

    def _post(self, session: requests.Session, address: str, frame: Any) -> str:
        """Send one picture; why it did not arrive, "" when it did. A damaged picture is left out without a word:
        captures report those.
        """
        try:
            data = frame.jpeg()
        except FrameError:
            return ""
        try:
            response = session.post(address, data=data, headers=_HEADERS, timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            return short_reason(error)
        if response.status_code != 200:
            return f"HTTP {response.status_code}"
        with self._lock:
            self.sent += 1
        return ""
