"""For the tests of the station: one with fakes or real devices, and a reader without tags."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent_lib.rfid import TagRead
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import CaptureSettings, StationSettings
from agent_lib.station.result import CaptureResult
from agent_lib.station.station import Station
from tests.support.agent import GreyLabelReader, LiveCamera

A, B = "E200000000000001", "E200000000000002"


class Bench:
    """A station under test: tags are injected or come from a reader, results go to a queue."""

    def __init__(self, station: Station, results: queue.Queue[CaptureResult]) -> None:
        self.station, self._results = station, results

    def tag(self, tag: str = A, is_new: bool = True) -> float:
        self.station.on_tag(TagRead(tag, "SHORT14", None, time.time(), time.monotonic()), is_new)
        return time.time()

    def result(self) -> CaptureResult:
        return self._results.get(timeout=15)

    @property
    def nothing_more(self) -> bool:
        return self._results.empty() and not self.station.busy


class QuietReader:
    """A connected reader whose tags are injected by the test."""

    def __init__(self) -> None:
        self.error = ""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def status(self) -> dict[str, Any]:
        return {
            "state": "connecting" if self.error else "connected",
            "address": "test",
            "message": self.error or "Connected.",
            "last_tag_ts": None,
            "error": self.error,
        }


@contextmanager
def bench(
    primary: LiveCamera | None = None,
    secondary: Any = None,
    label: Any = None,
    kind: str = "weighbridge",
    reader: Any = None,
    may_begin: Any = lambda: True,
    deliver: Any = None,
    **capture: Any,
) -> Iterator[Bench]:
    settings = StationSettings(
        name="gate",
        kind=kind,
        capture=CaptureSettings(**{"retry_interval_seconds": 0.03, "max_attempts": 3, **capture}),
    )
    results: queue.Queue[CaptureResult] = queue.Queue()
    given = {"primary": primary, "secondary": secondary}
    cameras = {role: getattr(live, "camera", live) for role, live in given.items() if live is not None}
    station = Station(
        settings,
        label or GreyLabelReader(),
        deliver or results.put,
        may_begin,
        reader=reader or QuietReader(),
        cameras=cameras,
    )
    supervisor = Supervisor()
    supervisor.run("station", station._run)
    try:
        yield Bench(station, results)
    finally:
        station.stop()
        assert supervisor.stop(5) == []
