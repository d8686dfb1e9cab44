"""The agent: its stations, its outbox and its way to the hub, from start to orderly end."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from agent_lib.outbox import Outbox
from agent_lib.runtime.lock import InstanceLock
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import AgentSettings, CameraSettings, CaptureSettings, OcrSettings, StationSettings
from agent_lib.station.result import CaptureResult
from agent_lib.station.shared_label import SharedLabelReader
from agent_lib.station.station import Station
from agent_lib.uplink import Uplink
from agent_lib.uplink.video import Video

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_PROGRESS_SECONDS = 3.0
_CAPTURE_ENDS_SECONDS, _LAST_RESULTS_SECONDS, _THREADS_SECONDS = 2.0, 1.5, 1.0
_ATTEMPT_MARGIN_SECONDS, _STAND_MARGIN_SECONDS = 0.1, 0.5


class Allowance:
    """How many captures may still begin; None is any number."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._begun = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether one more may begin; counts it."""
        with self._lock:
            if self.limit is not None and self._begun >= self.limit:
                return False
            self._begun += 1
            return True

    @property
    def begun(self) -> int:
        """Captures begun so far."""
        return self._begun

    @property
    def used_up(self) -> bool:
        """Whether no more may begin."""
        return self.limit is not None and self._begun >= self.limit


class Agent:
    """One agent on one instance folder. `run` returns when a signal or the last capture ends it."""

    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        self._lock = InstanceLock(settings.instance)
        self._supervisor = Supervisor()
        self._allowance = Allowance(settings.captures)
        self._signal = 0
        self._gate: Any = None
        self._devices: list[Callable[[], None]] = []
        self._watchers: list[Any] = []
        self._labels: dict[tuple[OcrSettings, int], SharedLabelReader] = {}
        self._stations: list[Station] = []

    def run(self) -> int:
        """Run to the end; the exit status. Raises InstanceBusy and OSError when it cannot begin."""
        self._lock.take()
        try:
            outbox = self.settings.outbox
            self._outbox = Outbox(self.settings.instance, outbox.max_mb * 1_000_000, outbox.shelf_results)
            self._uplink = Uplink(self.settings.hub, self._outbox, self.statuses)
            self._video = Video(self.settings.hub, lambda: self._busy)
            try:
                self._start()
                self._watch()
            finally:
                self._stop()
        finally:
            self._lock.release()
        return 0

    def handle_signals(self) -> None:
        """Ctrl-C, SIGTERM and Windows' Ctrl-Break end the agent in order; a second one at once."""
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        # Nothing but a note: the main thread may be inside any lock just now.
        if self._signal:
            os._exit(128 + number)
        self._signal = number

    def _start(self) -> None:
        self._say_shelf()
        stations = self.settings.stations
        if self.settings.simulated:
            stations = [self._simulate(stations[0])]
        for station in stations:
            self._stations.append(
                Station(station, self._label(station), self._deliver, self._allowance.take, self.settings.simulated)
            )
        self._uplink.start(self._supervisor)
        if self._gate is not None:
            self._gate.start()
        for station in self._stations:
            station.start(self._supervisor)
            self._video.start(self._supervisor, station.settings.name, station.cameras.items())
        for watcher in self._watchers:
            watcher.start()
        self._devices = [
            *(part for station in self._stations for part in (station.stop, station.release)),
            *(watcher.stop for watcher in self._watchers),
            *([self._gate.stop] if self._gate is not None else []),
        ]

    def _simulate(self, station: StationSettings) -> StationSettings:
        """Start the simulated gate and point `station` at its reader and cameras."""
        from agent_lib.simulator.gate import SimulatedGate

        self._gate = SimulatedGate(
            self.settings.instance,
            self.settings.seed,
            self.settings.simulate_pause,
            stand_seconds(station.capture),
            lambda: self._busy,
        )
        host, port = self._gate.reader_address
        cameras = {role: CameraSettings(url=url) for role, url in self._gate.camera_urls.items()}
        if station.kind == "tags":
            # Vehicles come when both cameras are watched, and this kind of station watches none.
            from agent_lib.cameras import Camera

            self._watchers = [Camera(camera, f"gate {role}") for role, camera in cameras.items()]
        return station.model_copy(
            update={
                "rfid": station.rfid.model_copy(update={"host": host, "port": port}),
                "camera": cameras["primary"],
                "secondary_camera": cameras["secondary"],
            }
        )

    def _label(self, station: StationSettings) -> SharedLabelReader:
        """The recogniser is most of the agent's memory: stations with the same settings share one."""
        key = (station.ocr, station.capture.target_digits)
        if key not in self._labels:
            self._labels[key] = SharedLabelReader(station.ocr, station.capture.target_digits)
        return self._labels[key]

    def _deliver(self, result: CaptureResult) -> None:
        self._outbox.put(result, result.fields(self.settings.hub.image_server_url))

    def _say_shelf(self) -> None:
        counts = self._outbox.counts()
        if counts["waiting"]:
            log.info("%d results of an earlier run wait for the hub.", counts["waiting"])
        if counts["shelved"]:
            newest = counts["shelf"][0]
            log.warning(
                "%d results that the hub refused lie on the shelf; the newest, of tag %s: %s.",
                counts["shelved"],
                newest["tag"],
                newest["reason"],
            )

    def _watch(self) -> None:
        said = time.monotonic()
        while not self._signal:
            if self._allowance.used_up and not self._busy:
                self._let_devices_go()
                if self._outbox.empty:
                    return
            if self._allowance.limit is not None and time.monotonic() - said >= _PROGRESS_SECONDS:
                said = time.monotonic()
                self._say_progress()
            time.sleep(_LOOK_SECONDS)
        log.info("Ending, as asked.")

    def _let_devices_go(self) -> None:
        """End readers and cameras, then the gate that they look at; a second call does nothing."""
        devices, self._devices = self._devices, []
        for let_go in devices:
            let_go()

    def _say_progress(self) -> None:
        waiting = self._outbox.counts()["waiting"]
        line = f"{self._allowance.begun} of {self._allowance.limit} captures begun, {waiting} results wait for the hub"
        if waiting and self._uplink.way == "down":
            line += f" (it cannot be reached: {self._uplink.reason or 'connecting'})"
        print(f"{line}.", file=sys.stderr, flush=True)

    @property
    def _busy(self) -> bool:
        return any(station.busy for station in self._stations)

    def statuses(self) -> list[dict[str, Any]]:
        """What the hub is told of each station, every few seconds and on change."""
        outbox, way = self._outbox.counts(), self._uplink.way
        troubled = {name: state for name, state in self._supervisor.status().items() if state["restarts"]}
        return [
            {**station.status(), "outbox": outbox, "uplink": way, "threads": troubled} for station in self._stations
        ]

    def _stop(self) -> None:
        """Captures end with what they have and lie in the outbox; what can be sent in a moment is sent; threads end."""
        self._video.stop()
        for station in self._stations:
            station.stop()
        _wait(lambda: not self._busy, _CAPTURE_ENDS_SECONDS)
        self._let_devices_go()
        if self._uplink.way != "down":
            _wait(lambda: self._outbox.empty, _LAST_RESULTS_SECONDS)
        self._uplink.stop()
        left = self._supervisor.stop(_THREADS_SECONDS)
        if left:
            log.warning("These threads did not end in time: %s.", ", ".join(left))
        self._uplink.close()
        self._outbox.close()


def stand_seconds(capture: CaptureSettings) -> float:
    """How long a simulated vehicle stands: longer than a capture that fails at every attempt."""
    attempts = capture.max_attempts * (capture.retry_interval_seconds + _ATTEMPT_MARGIN_SECONDS)
    return min(capture.timeout_seconds, attempts) + _STAND_MARGIN_SECONDS


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
