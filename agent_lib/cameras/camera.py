"""A camera in its own thread: keeps the newest frame and reopens its source after failures (docs/wire/station.md,
"Cameras").
"""

import logging
import threading
import time
from collections import deque
from typing import Any

from agent_lib.cameras.base import Source, SourceContext, SourceError
from agent_lib.cameras.frames import MAX_FRAME_BYTES, Frame, FrameError
from agent_lib.cameras.sources import make_source
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import CameraSettings

__all__ = ["MAX_FRAME_BYTES", "Camera", "Frame", "FrameError", "try_camera"]

log = logging.getLogger(__name__)

STREAM_TIMEOUT = "Stream timeout"
# A camera still being opened after this long is reported as an error; a second or two are normal.
_OPENING_SECONDS = 3.0
_STOP_SECONDS = 0.5
_RATE_SECONDS = 3.0


class Camera:
    """One camera. Only its own thread blocks on the device; every method returns at once or within its timeout."""

    def __init__(self, settings: CameraSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self.address: str = settings.address
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._stop.set()
        self._thread: threading.Thread | None = None
        self._source: Source | None = None
        self._frame: Frame | None = None
        self._times: deque[float] = deque(maxlen=256)
        self._started_at = 0.0
        self._reason = self._bad_reason = self._reported = ""
        self._bad_frames = 0

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start the thread under `supervisor`, or one of its own; returns at once."""
        with self._changed:
            self._stop = threading.Event()
            self._started_at = time.monotonic()
            self._frame, self._reason, self._bad_reason, self._reported = None, "", "", ""
            self._times.clear()
            stop = self._stop
            supervisor = supervisor or Supervisor()
            self._thread = supervisor.run(f"camera-{self._name}", lambda: self._run(stop), owned=True)

    def stop(self) -> None:
        """Stop; returns within half a second. A thread blocked by a dead device ends when the device call returns."""
        with self._changed:
            self._stop.set()
            source, thread = self._source, self._thread
            self._changed.notify_all()
        if source is not None:
            source.interrupt()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOP_SECONDS)

    def newest(self) -> Frame | None:
        """The newest frame, None if there is none or it is older than stale_seconds."""
        with self._changed:
            return self._fresh(time.monotonic())

    def wait_newer(self, mono: float, timeout: float) -> Frame | None:
        """The newest frame as soon as one was taken after `mono` (time.monotonic()); None after `timeout` or stop()."""
        end = time.monotonic() + timeout
        with self._changed:
            while not self._stop.is_set():
                now = time.monotonic()
                frame = self._fresh(now)
                if frame is not None and frame.mono > mono:
                    return frame
                if now >= end:
                    return None
                self._changed.wait(min(end - now, 1.0))
        return None

    @property
    def error(self) -> str:
        """Why there are no frames; "" while there are some, or while a camera just started is being opened."""
        return self._condition()[1]

    def status(self) -> dict[str, Any]:
        """Fields of the status page; `fps` is measured, `width` and `height` are those of the newest frame."""
        state, error = self._condition()
        with self._changed:
            frame, bad = self._frame, self._bad_frames
            recent = [moment for moment in self._times if moment > time.monotonic() - _RATE_SECONDS]
        width, height = frame.size if frame is not None else (0, 0)
        span = recent[-1] - recent[0] if len(recent) > 1 else 0.0
        message = {
            "live": f"{width} x {height} from {self.address}.",
            "opening": f"Opening {self.address}.",
            "stopped": "The camera connection is stopped.",
        }.get(state, f"{error}. Trying again; check the camera's power, cable and address ({self.address}).")
        if bad:
            message += f" {bad} picture(s) could not be used."
        return {
            "state": state,
            "address": self.address,
            "message": message,
            "fps": round((len(recent) - 1) / span, 1) if span else 0.0,
            "width": width,
            "height": height,
            "last_frame_ts": frame.ts if frame is not None else None,
            "error": error,
            "bad_frames": bad,
        }

    def _fresh(self, now: float) -> Frame | None:
        frame = self._frame
        if self._stop.is_set() or frame is None or now - frame.mono > self._settings.stale_seconds:
            return None
        return frame

    def _condition(self) -> tuple[str, str]:
        """Current (state, error). Considers the clock too: a blocked thread cannot report that itself."""
        now = time.monotonic()
        with self._changed:
            if self._stop.is_set():
                return "stopped", ""
            reason = self._reason or self._bad_reason
            if reason:
                return ("stale" if reason == STREAM_TIMEOUT else "failed"), reason
            if self._fresh(now) is not None:
                return "live", ""
            if self._frame is not None:
                return "stale", STREAM_TIMEOUT
            if now - self._started_at > min(_OPENING_SECONDS, self._settings.stale_seconds):
                return "opening", f"Cannot open {self.address}: no picture yet"
            return "opening", ""

    def _run(self, stop: threading.Event) -> None:
        context = SourceContext(self._settings, self.address, stop, lambda reason: self._note_bad(reason, stop))
        while not stop.is_set():
            try:
                self._session(context)
            except SourceError as error:
                self._fail(str(error) if error.whole else f"Cannot open {self.address}: {error}", stop)
            except Exception:
                log.exception("Unexpected error in the thread of camera %s (%s)", self._name, self.address)
                self._fail("Internal error; the log says more", stop)
            stop.wait(self._settings.retry_seconds)

    def _session(self, context: SourceContext) -> None:
        """Open the camera and publish its frames until stopped. Raises SourceError."""
        source = make_source(context)
        with self._changed:
            if context.stop.is_set():
                return
            self._source = source
        try:
            source.open()
            try:
                self._read(source, context)
            except SourceError as error:
                raise error if error.whole else SourceError(f"{self.address}: {error}", whole=True) from error
        finally:
            with self._changed:
                if self._source is source:
                    self._source = None
            source.close()

    def _read(self, source: Source, context: SourceContext) -> None:
        last = time.monotonic()
        while not context.stop.is_set():
            frame = source.read()
            now = time.monotonic()
            if frame is not None:
                last = now
                self._publish(frame, context.stop)
            elif now - last > self._settings.stale_seconds:
                raise SourceError(STREAM_TIMEOUT, whole=True)

    def _publish(self, frame: Frame, stop: threading.Event) -> None:
        with self._changed:
            if stop.is_set():
                return
            self._frame = frame
            self._times.append(time.monotonic())
            self._reason = self._bad_reason = ""
            failed_before, self._reported = self._reported, ""
            first = len(self._times) == 1
            self._changed.notify_all()
        if first or failed_before:
            log.info("Camera %s is live: %s, %d x %d", self._name, self.address, *frame.size)

    def _note_bad(self, reason: str, stop: threading.Event) -> None:
        with self._changed:
            if stop.is_set():
                return
            self._bad_frames += 1
            self._bad_reason = reason.rstrip(".")
            first = self._bad_frames & (self._bad_frames - 1) == 0
        if first:
            log.warning("Camera %s: %s (bad picture number %d)", self._name, reason, self._bad_frames)

    def _fail(self, reason: str, stop: threading.Event) -> None:
        with self._changed:
            if stop.is_set():
                return
            self._reason = reason
            level = logging.WARNING if reason != self._reported else logging.DEBUG
            self._reported = reason
        log.log(level, "Camera %s: %s; reopening", self._name, reason)


def try_camera(settings: CameraSettings, seconds: float) -> tuple[bool, str]:
    """Open the camera and wait up to `seconds` for a frame: whether it works, and a sentence with what to do."""
    camera = Camera(settings, "check")
    if not camera.address:
        return False, "No camera is set: give its host, url or index."
    camera.start()
    try:
        end = time.monotonic() + seconds
        frame = None
        while frame is None and time.monotonic() < end and not (camera.error and camera.status()["state"] == "failed"):
            frame = camera.wait_newer(float("-inf"), min(0.1, max(0.0, end - time.monotonic())))
        if frame is None:
            reason = camera.error or f"No picture from {camera.address} within {seconds:g} seconds"
            return False, f"{reason}. Check the camera's power, cable, address and path."
        height, width = frame.image().shape[:2]
        return True, f"The camera at {camera.address} works: a picture of {width} x {height} came."
    except FrameError as error:
        return False, f"The camera at {camera.address} answers, but: {error}"
    finally:
        camera.stop()
