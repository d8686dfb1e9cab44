"""The service without a listener: pictures that are too old, and a process that cannot be started."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import gevent
import pytest

from hub.live.bus import Bus
from hub.live.events import VEHICLE_ARRIVED
from hub.presence.service import MAX_AGE_SECONDS, VehiclePresence
from hub.runtime.supervisor import Supervisor
from hub.settings.model import Settings
from hub.video.store import FrameStore
from hub.vision.process import VisionProcess
from tests.support.fake_vehicles import COMMAND, RED
from tests.support.helpers import jpeg

SETTINGS = Settings(vehicles=[{"camera": "gate-1", "per_second": 30, "arrive_pictures": 1, "unknown_seconds": 1}])


class Watched(NamedTuple):
    """A service with what it stands on, and the function that starts it."""

    presence: VehiclePresence
    frames: FrameStore
    bus: Bus
    start: Callable[[], None]


def until(condition: Callable[[], object], what: str) -> None:
    """As helpers.wait_for, letting greenlets run."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, f"{what} did not come true"
        gevent.sleep(0.01)


@pytest.fixture
def watch() -> Iterator[Callable[[tuple[str, ...]], Watched]]:
    """A service over an empty store, given the command of its process; `start` runs it."""
    supervisor, begun = Supervisor(), []

    def make(command: tuple[str, ...]) -> Watched:
        frames, bus = FrameStore(SETTINGS.video), Bus()
        vision = VisionProcess("vehicles", command=command, first_backoff=0.01, idle_seconds=60)
        begun.append(vision)
        presence = VehiclePresence(SETTINGS, frames, vision, bus)
        return Watched(presence, frames, bus, lambda: presence.start(supervisor))

    yield make
    for vision in begun:
        vision.close()
    supervisor.stop(5)


def test_pictures_that_are_too_old_when_they_are_due_are_skipped(watch: Callable[[tuple[str, ...]], Watched]) -> None:
    presence, frames, bus, start = watch(COMMAND)
    arrivals: list[object] = []
    bus.subscribe(VEHICLE_ARRIVED, arrivals.append)
    frame = frames.put("gate-1", jpeg(colour=RED), "rest")
    frames.camera("gate-1").frame = replace(frame, mono=frame.mono - MAX_AGE_SECONDS - 1)
    start()
    camera = presence.cameras["gate-1"]
    until(lambda: camera.skipped == 1, "the old picture's being skipped")
    assert (camera.examined, camera.state.present, presence.vision.pid) == (0, None, None)
    frames.put("gate-1", jpeg(colour=RED), "rest")
    until(lambda: camera.examined == 1, "the examination of the new picture")
    assert camera.state.present is True and len(arrivals) == 1 and camera.skipped == 1


def test_a_process_that_cannot_be_started_is_a_warning(
    watch: Callable[[tuple[str, ...]], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.vision.process.USE_SECONDS", 0.1)
    presence, frames, _, start = watch(("no such program",))
    start()
    camera = presence.cameras["gate-1"]
    assert presence.warnings() == []

    def refused_twice() -> bool:
        frames.put("gate-1", jpeg(colour=RED), "rest")
        return camera.failed > 1 and not camera.is_watched

    until(refused_twice, "the failures")
    process, unknown = presence.warnings()
    assert "could not be started" in process and "until then no vehicles are looked for" in process
    assert unknown.startswith("It is unknown whether a vehicle is at the camera gate-1: its pictures could not be")
    assert (camera.examined, camera.state.present) == (0, None) and camera.error in unknown
