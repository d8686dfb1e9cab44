"""One station: its reader, its cameras, and the queue of its captures (docs/wire/station.md)."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent_lib.label.reading import FrameReader
from agent_lib.runtime.moment import Moment
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import StationSettings
from agent_lib.station.capture import CaptureCycle, Outcome
from agent_lib.station.devices import CameraDevice, Sighting, TagReaderDevice
from agent_lib.station.result import CaptureResult
from agent_lib.station.shared_label import LabelUnavailable

log = logging.getLogger(__name__)

TAG_READ = "Tag read"
_MAX_PENDING_CAPTURES = 10_000
_MAX_SIGHTINGS = 64


@dataclass
class _Pending:
    """A pending capture: the sighting that started it, and all tags read since, each once, in order."""

    read: Sighting
    tags: list[str]


class Station:
    """Runs one station.

    `before`: tags of an earlier run, as `sightings` gave them; those that are still there are no new events.
    `deliver(result)` gets every result in the order of their tags; `may_begin()` is called once per capture and returns
    whether it may start. Both are called from the station's threads.
    """

    def __init__(
        self,
        settings: StationSettings,
        label: FrameReader,
        deliver: Callable[[CaptureResult], None],
        may_begin: Callable[[], bool] = lambda: True,
        simulated: bool = False,
        reader: TagReaderDevice | None = None,
        cameras: dict[str, CameraDevice] | None = None,
        before: Mapping[str, Moment] | None = None,
    ) -> None:
        self.settings = settings
        self._label, self._deliver, self._may_begin, self._simulated = label, deliver, may_begin, simulated
        self._changed = threading.Condition()
        self._queue: deque[_Pending] = deque()
        self._sightings: dict[str, Moment] = {}
        self._working = False
        self._captures = 0
        self._stopping = threading.Event()
        self._reader = reader if reader is not None else _make_reader(settings, self.on_tag, before)
        self._cameras = cameras if cameras is not None else _make_cameras(settings)

    def start(self, supervisor: Supervisor) -> None:
        """Start the devices and the station's threads under `supervisor`; returns at once."""
        if self.settings.kind == "weighbridge":
            supervisor.run(f"label-{self.settings.name}", self._load_label_reader)
        supervisor.run(f"station-{self.settings.name}", self._run)
        for camera in self._cameras.values():
            camera.start(supervisor)
        if self._reader is not None:
            self._reader.start(supervisor)

    def stop(self) -> None:
        """Start no more captures and stop the reader; a running capture ends with what it has so far."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        if self._reader is not None:
            self._reader.stop()

    def release(self) -> None:
        """Stop the cameras, after the last capture."""
        for camera in self._cameras.values():
            camera.stop()

    @property
    def cameras(self) -> dict[str, CameraDevice]:
        """The cameras by role."""
        return dict(self._cameras)

    @property
    def busy(self) -> bool:
        """Whether a capture is running or its result is being stored."""
        with self._changed:
            return self._working or bool(self._queue)

    @property
    def captures(self) -> int:
        """Results delivered since the start."""
        return self._captures

    def on_tag(self, read: Sighting, is_new: bool) -> None:
        """Handle a sighting, in the reader's thread. During a capture every tag belongs to it, new or not."""
        with self._changed:
            self._sightings.pop(read.tag, None)
            self._sightings[read.tag] = Moment(read.ts, read.mono)
            if len(self._sightings) > _MAX_SIGHTINGS:
                del self._sightings[next(iter(self._sightings))]
            if self.settings.kind == "weighbridge" and self._queue:
                tags = self._queue[-1].tags
                if read.tag not in tags:
                    tags.append(read.tag)
                return
            if not is_new or self._stopping.is_set():
                return
            if len(self._queue) >= _MAX_PENDING_CAPTURES:
                log.error("Tag %s is dropped: %d captures are pending.", read.tag, len(self._queue))
                return
            if self._may_begin():
                self._queue.append(_Pending(read, [read.tag]))
                self._changed.notify_all()

    def sightings(self) -> dict[str, Moment]:
        """The newest tags, and when each was seen last."""
        with self._changed:
            return dict(self._sightings)

    def _load_label_reader(self) -> None:
        """Load the recogniser before the first vehicle arrives; a failure is reported by the capture that needs it."""
        try:
            load = getattr(self._label, "load", None)
            if load is not None:
                load()
        except LabelUnavailable as error:
            log.error("Labels cannot be read: %s.", error)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._stopping.is_set():
                    self._changed.wait(1.0)
                if not self._queue:
                    return
                pending = self._queue[0]
                self._working = True
            try:
                self._deliver(self._capture(pending))
                self._captures += 1
            finally:
                with self._changed:
                    self._working = False

    def _capture(self, pending: _Pending) -> CaptureResult:
        """Run the capture; once it returns, its tags are complete and the next new tag starts another capture."""
        try:
            outcome = self._outcome(pending)
        except Exception as error:  # a bug must not stop the station
            log.exception("The capture of tag %s failed", pending.read.tag)
            sentence = f"The agent failed at this capture ({type(error).__name__}: {error}); its log says more"
            outcome = Outcome(message=sentence, errors=[sentence])
        with self._changed:
            self._queue.popleft()
            tags = list(pending.tags)
        read = pending.read
        result = CaptureResult(
            station=self.settings.name,
            tag=read.tag,
            tag_source=read.source,
            started_ts=read.ts,
            # Measured from the sighting, so that a clock that is set meanwhile does not change the duration.
            finished_ts=read.ts + max(0.0, time.monotonic() - read.mono),
            tags=tags,
            success=outcome.success,
            message=outcome.message,
            number=outcome.number,
            raw_text=outcome.raw_text,
            errors=outcome.errors,
            attempts=outcome.attempts,
            pictures=outcome.pictures,
            cut_short=outcome.cut_short,
        )
        log.info(
            "Capture of tag %s at %s: %s, number %s, %d attempts, %.2f s.",
            result.tag,
            result.station,
            result.message,
            result.number or "none",
            result.attempts,
            result.finished_ts - result.started_ts,
        )
        return result

    def _outcome(self, pending: _Pending) -> Outcome:
        if self.settings.kind == "tags":
            return Outcome(success=True, message=TAG_READ)
        cycle = CaptureCycle(
            self.settings.capture,
            self._cameras.get("primary"),
            self._cameras.get("secondary"),
            self._label,
            self._reader,
            self._stopping,
        )
        return cycle.run(pending.read.mono)

    def status(self) -> dict[str, Any]:
        """Fields of `station_status`: station, kind, simulated, state, message, reader, cameras, captures."""
        reader = (
            self._reader.status()
            if self._reader is not None
            else _absent("No RFID reader is set: give its host under [rfid].")
        )
        cameras = [{"role": role, **camera.status()} for role, camera in self._cameras.items()]
        if self.settings.kind == "weighbridge" and "primary" not in self._cameras:
            cameras.insert(
                0, {"role": "primary", **_absent("No camera is set: give its host, url or index under [camera].")}
            )
        problems = [part["message"] for part in (reader, *cameras) if part["error"] and part["state"] != "silent"]
        if problems:
            state, message = "problem", problems[0]
        elif self.busy and self.settings.kind == "weighbridge":
            state, message = "capturing", "A capture runs."
        else:
            state, message = "waiting", "Waiting for a tag."
        return {
            "station": self.settings.name,
            "kind": self.settings.kind,
            "simulated": self._simulated,
            "state": state,
            "message": message,
            "reader": reader,
            "cameras": cameras,
            "captures": self._captures,
        }


def _absent(message: str) -> dict[str, Any]:
    return {"state": "stopped", "address": "", "message": message, "error": message.rstrip(".")}


def _make_reader(
    settings: StationSettings, on_tag: Callable[[Sighting, bool], None], before: Mapping[str, Moment] | None
) -> TagReaderDevice | None:
    if not settings.rfid.configured:
        return None
    from agent_lib.rfid import TagReader

    return TagReader(settings.rfid, on_tag, settings.name, before)


def _make_cameras(settings: StationSettings) -> dict[str, CameraDevice]:
    """The configured cameras by role. A station of kind "tags" has none."""
    given = {"primary": settings.camera, "secondary": settings.secondary_camera}
    if settings.kind == "tags" or not any(camera.configured for camera in given.values()):
        return {}
    from agent_lib.cameras import Camera

    return {role: Camera(camera, f"{settings.name} {role}") for role, camera in given.items() if camera.configured}
