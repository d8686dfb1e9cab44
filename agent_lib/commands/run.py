"""The agent: its stations, outbox and uplink, from start to orderly shutdown."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent_lib.outbox import Outbox
from agent_lib.runtime.lock import InstanceLock
from agent_lib.runtime.moment import Moment
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.runtime.version import version
from agent_lib.settings import AgentSettings, OcrSettings, StationSettings
from agent_lib.station.result import CaptureResult
from agent_lib.station.shared_label import SharedLabelReader
from agent_lib.station.station import Station
from agent_lib.uplink import Uplink
from agent_lib.uplink.video import Video
from tools.boot.stop_request import POLL_SECONDS as STOP_POLL_SECONDS
from tools.boot.stop_request import StopRequest
from tools.signals import may_repeat, on_console_close, on_stop

if TYPE_CHECKING:
    from agent_lib.commands.simulate import Simulation

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_PROGRESS_SECONDS = 3.0
_NOTE_SEEN_SECONDS = 5.0
_CAPTURE_ENDS_SECONDS, _LAST_RESULTS_SECONDS, _THREADS_SECONDS = 2.0, 1.5, 1.0


class CaptureLimit:
    """Limits how many captures may start; None is no limit."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._started = 0
        self._lock = threading.Lock()

    def acquire(self) -> bool:
        """Whether one more capture may start; counts it."""
        with self._lock:
            if self.limit is not None and self._started >= self.limit:
                return False
            self._started += 1
            return True

    @property
    def started(self) -> int:
        """Number of captures started."""
        return self._started

    @property
    def used_up(self) -> bool:
        """Whether no more captures may start."""
        return self.limit is not None and self._started >= self.limit


class Agent:
    """One agent on one instance folder. `run` returns after a signal or the last capture."""

    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        self._lock = InstanceLock(settings.instance)
        self._stop_request = StopRequest(settings.instance, "agent")
        self._supervisor = Supervisor()
        self._version = version()
        self._capture_limit = CaptureLimit(settings.captures)
        self._signal = 0
        self._simulation: Simulation | None = None
        self._devices: list[Callable[[], None]] = []
        self._labels: dict[tuple[OcrSettings, int], SharedLabelReader] = {}
        self._stations: list[Station] = []
        self._noted: dict[str, dict[str, Moment]] = {}

    def run(self) -> int:
        """Run until the end; returns the exit status. Raises InstanceBusy and OSError if it cannot start."""
        self._lock.acquire()
        try:
            outbox = self.settings.outbox
            stations = self.settings.stations
            self._outbox = Outbox(
                self.settings.instance,
                outbox.max_mb * 1_000_000,
                outbox.shelf_results,
                stations[0].name if len(stations) == 1 else "",
                self.settings.hub.image_server_url,
            )
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
        """Shut down in order on Ctrl-C, SIGTERM, SIGHUP (the terminal is closed) and Windows' Ctrl-Break.

        A second one ends the process at once. The end of Windows' console window and session is the same request.
        """
        on_stop(self._on_signal)
        on_console_close(self.request_stop)

    def request_stop(self) -> None:
        """Shut down in order; called from any thread."""
        self._signal = self._signal or signal.SIGTERM

    def _on_signal(self, number: int, frame: object) -> None:
        # Only set a flag: the main thread may hold any lock at this point.
        if self._signal and not may_repeat(number):
            os._exit(128 + number)
        self._signal = number

    def _start(self) -> None:
        self._log_dead_letters()
        configured = self.settings.stations
        if self.settings.simulated:
            configured = [self._simulate()]
        for settings in configured:
            self._stations.append(
                Station(
                    settings,
                    self._label(settings),
                    self._deliver,
                    self._capture_limit.acquire,
                    self.settings.simulated,
                    before=self._outbox.captured_tags(settings.name),
                )
            )
        self._uplink.start(self._supervisor)
        if self._simulation is not None:
            self._simulation.start(self._supervisor)
        for station in self._stations:
            station.start(self._supervisor)
            self._video.start(self._supervisor, station.settings.name, station.cameras.items())
        if self._simulation is not None:
            self._simulation.watch(self._supervisor)
        self._devices = [
            *(part for station in self._stations for part in (station.stop, station.release)),
            *(self._simulation.stops if self._simulation is not None else []),
        ]

    def _simulate(self) -> StationSettings:
        """Make the simulated gate; the station that is connected to its reader and cameras."""
        from agent_lib.commands.simulate import Simulation

        self._simulation = Simulation(self.settings, lambda: self._busy)
        return self._simulation.station

    def _label(self, station: StationSettings) -> SharedLabelReader:
        """The label reader of a station: the recogniser needs most of the memory, so equal settings share one."""
        key = (station.ocr, station.capture.target_digits)
        if key not in self._labels:
            self._labels[key] = SharedLabelReader(station.ocr, station.capture.target_digits)
        return self._labels[key]

    def _deliver(self, result: CaptureResult) -> None:
        self._outbox.put(result, result.fields(self.settings.hub.image_server_url))

    def _log_dead_letters(self) -> None:
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

    def _note_seen(self) -> None:
        """Note which captured tags are still there, so that the next run knows those that stay."""
        for station in self._stations:
            name, seen = station.settings.name, station.sightings()
            changed = dict(seen.items() - self._noted.get(name, {}).items())
            if changed:
                self._noted[name] = seen
                self._outbox.note_seen(name, changed)

    def _watch(self) -> None:
        printed_at = polled_at = noted_at = time.monotonic()
        heeds_requests = self._stop_request.withdraw()  # one of an earlier run; it is ignored where it stays
        while not self._signal:
            if heeds_requests and time.monotonic() - polled_at >= STOP_POLL_SECONDS:
                polled_at = time.monotonic()
                if self._stop_request.is_made():
                    self._stop_request.withdraw()
                    self.request_stop()
            if time.monotonic() - noted_at >= _NOTE_SEEN_SECONDS:
                noted_at = time.monotonic()
                self._note_seen()
            if self._capture_limit.used_up and not self._busy:
                self._stop_devices()
                if self._outbox.empty:
                    return
            if self._capture_limit.limit is not None and time.monotonic() - printed_at >= _PROGRESS_SECONDS:
                printed_at = time.monotonic()
                self._print_progress()
            time.sleep(_POLL_SECONDS)
        log.info("Ending, as asked.")

    def _stop_devices(self) -> None:
        """Stop readers and cameras, then the gate that they are connected to; a second call does nothing."""
        devices, self._devices = self._devices, []
        for stop in devices:
            stop()

    def _print_progress(self) -> None:
        waiting = self._outbox.counts()["waiting"]
        limit = self._capture_limit
        line = f"{limit.started} of {limit.limit} captures begun, {waiting} results wait for the hub"
        if waiting and self._uplink.way == "down":
            line += f" (it cannot be reached: {self._uplink.reason or 'connecting'})"
        elif waiting and self._uplink.reason:
            line += f" ({self._uplink.reason})"
        print(f"{line}.", file=sys.stderr, flush=True)

    @property
    def _busy(self) -> bool:
        return any(station.busy for station in self._stations)

    def statuses(self) -> list[dict[str, Any]]:
        """The status of each station, sent to the hub every few seconds and on change."""
        outbox, way = self._outbox.counts(), self._uplink.way
        troubled = {name: state for name, state in self._supervisor.status().items() if state["restarts"]}
        notices = self._notices(outbox["waiting"])
        statuses = [station.status() for station in self._stations]
        return [
            {
                **status,
                "message": " ".join([status["message"], *notices]),
                "outbox": outbox,
                "uplink": way,
                "threads": troubled,
                "version": self._version,
            }
            for status in statuses
        ]

    def _notices(self, waiting: int) -> list[str]:
        """Sentences about the delivery of results and the outbox, for the message of each station."""
        reason = self._uplink.reason
        waits = [f"Results wait for the hub: {reason.rstrip('.')}."] if waiting and reason else []
        return [*waits, *self._outbox.notices]

    def _stop(self) -> None:
        """Shut down: let captures end, send what is possible in a moment, then end the threads."""
        self._video.stop()
        for station in self._stations:
            station.stop()
        _wait(lambda: not self._busy, _CAPTURE_ENDS_SECONDS)
        self._stop_devices()
        if self._uplink.way != "down":
            _wait(lambda: self._outbox.empty, _LAST_RESULTS_SECONDS)
        self._uplink.stop()
        left = self._supervisor.stop(_THREADS_SECONDS)
        if left:
            log.warning("These threads did not end in time: %s.", ", ".join(left))
        self._uplink.close()
        self._note_seen()
        self._outbox.close()


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
