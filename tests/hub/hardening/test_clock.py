"""A wall clock that is set: liveness and sameness go by the monotonic clock, and no jump deletes what is stored."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from hub.apriltag.boards import Boards
from hub.lpr.cameras import Cameras
from hub.lpr.contract.parser import Context, parse
from hub.lpr.contract.record import Detection, HealthReport
from hub.lpr.records import Records
from hub.lpr.repository.repositories import Repositories
from hub.lpr.service import Lpr
from hub.lpr.statistics import Statistics
from hub.station.contract.capture import parse_capture
from hub.station.contract.status import parse_status
from hub.station.repository import StationRepository
from hub.station.service import Captures
from hub.station.stations import Stations
from hub.store.plausible_clock import DAY, PlausibleClock
from tests.support.lpr import g4, g4_health
from tests.support.retention import expire

START = 1_790_000_000.0
HOUR = 3600.0


class Clocks:
    """A wall clock that can be set, and a monotonic one that only passes."""

    def __init__(self) -> None:
        self.wall, self.monotonic = START, 5000.0

    def now(self) -> float:
        return self.wall

    def steady(self) -> float:
        return self.monotonic

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def lpr_of(parts: Any, clocks: Clocks, single_statement: bool = True) -> Lpr:
    repositories = Repositories.create(parts.backend, parts.reader, single_statement)
    cameras = Cameras(
        parts.writer,
        repositories,
        parts.bus,
        None,
        900,
        clocks.now,
        clocks.steady,
        max_cameras=100,
        max_components=10,
    )
    cameras.load()
    statistics = Statistics(None, cameras.counts, lambda: 0, clocks.now)
    records = Records(repositories, parts.links, None)
    return Lpr(
        parts.writer,
        repositories,
        parts.packs,
        parts.bus,
        cameras,
        records,
        statistics,
        None,
        lambda plates: [],
        clocks.steady,
    )


@pytest.mark.parametrize("kind", ["detection", "health"])
@pytest.mark.parametrize("jump", [-HOUR, -240.0, HOUR, 100 * DAY])
def test_sightings_without_a_time_are_the_same_for_five_minutes_that_passed(
    app: Any, clocks: Clocks, kind: str, jump: float
) -> None:
    lpr = lpr_of(app.extensions["gatehouse"], clocks)
    sent = (g4 if kind == "detection" else g4_health)(timestamp=None, created_at=None)

    def sighting() -> bool:
        record = parse(dict(sent), Context("10.0.0.7", clocks.wall, None, 1 << 24, ""), kind)
        assert isinstance(record, Detection | HealthReport) and record.timeless
        return lpr.accept(record, "rest", "10.0.0.7").duplicate

    assert not sighting()
    clocks.wall += jump
    clocks.wait(10)
    assert sighting(), "a repeated delivery, whatever the clock says"
    for _ in range(5):
        clocks.wait(301)
        assert not sighting()
        assert sighting()


def test_after_a_restart_a_stored_time_in_the_future_is_at_most_the_start(app: Any, clocks: Clocks) -> None:
    parts = app.extensions["gatehouse"]
    sent = g4(timestamp=None, created_at=None)

    def sighting(lpr: Lpr) -> bool:
        record = parse(dict(sent), Context("10.0.0.7", clocks.wall, None, 1 << 24, ""), "detection")
        return lpr.accept(record, "rest", "10.0.0.7").duplicate  # type: ignore[arg-type]

    assert not sighting(lpr_of(parts, clocks, False))
    clocks.wall -= HOUR
    restarted = lpr_of(parts, clocks, False)
    assert sighting(restarted)
    clocks.wait(301)
    assert not sighting(restarted)


def test_captures_without_a_time_after_the_clock_went_back(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    captures = app.extensions["gatehouse"].part(Captures)
    passed = 0.0
    real = time.monotonic
    monkeypatch.setattr("hub.station.service.time.monotonic", lambda: real() + passed)

    def sighting() -> bool:
        return captures.accept(parse_capture({"tag": "T1", "number": "123"})).duplicate

    assert not sighting()
    real_time = time.time
    for _ in range(5):
        passed += 601
        monkeypatch.setattr("hub.station.service.time.time", lambda: real_time() - HOUR)
        assert not sighting()
        assert sighting()


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_dead_station_is_offline_and_a_living_one_online(app: Any, clocks: Clocks, jump: float) -> None:
    parts = app.extensions["gatehouse"]
    repository = StationRepository(parts.backend, parts.reader)
    stations = Stations(parts.writer, repository, parts.bus, clocks.now, clocks.steady, max_stations=10)
    stations.report(parse_status({"station": "dead"}))
    clocks.wait(15)
    stations.report(parse_status({"station": "living"}))
    clocks.wall += jump
    clocks.wait(10)
    stations.watch()
    assert {row["station"]: row["online"] for row in stations.all()} == {"dead": False, "living": True}
    assert [row["station"] for row in stations.all()] == ["living", "dead"]
    restarted = Stations(parts.writer, repository, parts.bus, clocks.now, clocks.steady, max_stations=10)
    restarted.load()
    assert [row["online"] for row in restarted.all()] == [False, False]


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_silent_camera_is_offline_and_a_living_one_online(app: Any, clocks: Clocks, jump: float) -> None:
    parts = app.extensions["gatehouse"]
    cameras = lpr_of(parts, clocks).cameras
    cameras.seen("dead", "c", "rest", "10.0.0.1")
    clocks.wait(600)
    cameras.seen("living", "c", "rest", "10.0.0.2")
    cameras.flush()
    clocks.wall += jump
    clocks.wait(400)
    cameras.watch()
    assert {row["camera_id"]: row["online"] for row in cameras.all()} == {"dead": False, "living": True}
    clocks.wall = START  # both were seen in the future then: as if just now
    restarted = lpr_of(parts, clocks).cameras
    assert {row["camera_id"]: row["online"] for row in restarted.all()} == {"dead": True, "living": True}
    clocks.wait(901)
    restarted.watch()
    assert not any(row["online"] for row in restarted.all())


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_boards_go_stale_by_the_time_that_passed_and_show_the_wall_clock(clocks: Clocks, jump: float) -> None:
    boards = Boards(30.0, 600.0, None, clocks.steady, clocks.now, max_boards=10)
    boards.received("10.0.0.5", "udp", 1000.0)
    clocks.wall += jump
    clocks.wait(29)
    assert boards.status()[0]["state"] == "connected"
    clocks.wait(2)
    (row,) = boards.status()
    assert (row["state"], row["silent_seconds"], boards.uptime()["uptime_seconds"]) == ("stale", 31.0, 31)
    clocks.wait(600)
    (session,) = boards.history()["sessions"]
    assert session["duration_seconds"] == 0 and session["connect_timestamp"] == pytest.approx(clocks.wall - 631)


def fill(parts: Any, clocks: Clocks) -> None:
    lpr = lpr_of(parts, clocks)
    for _ in range(3):
        record = parse(g4_health(), Context("10.0.0.7", clocks.wall, None, 1 << 24, ""), "health")
        lpr.accept(record, "rest")  # type: ignore[arg-type]


def test_a_start_far_ahead_deletes_nothing_until_the_hub_ran_a_day(app: Any, clocks: Clocks, tmp_path: Path) -> None:
    parts = app.extensions["gatehouse"]
    fill(parts, clocks)

    def start() -> PlausibleClock:
        return PlausibleClock(tmp_path, clocks.now, clocks.steady)

    def deleted(clock: PlausibleClock) -> int:
        return expire(parts, "health", 30, clock=clock)

    clocks.wait(100 * DAY)
    clock = start()  # without a file of an earlier run: the newest rows count
    assert deleted(clock) == 0
    assert "100 days ahead" in clock.warnings()[0] and "lpr_health" in clock.warnings()[0]
    for _ in range(20):
        clocks.wait(HOUR)
        clock = start() if _ == 10 else clock
        assert deleted(clock) == 0
    for _ in range(6):
        clocks.wait(HOUR)
        if deleted(clock):
            break
    else:
        pytest.fail("after a day the clock is believed")
    assert clock.warnings() == []


def test_a_clock_that_is_set_right_again_deletes_nothing(app: Any, clocks: Clocks, tmp_path: Path) -> None:
    parts = app.extensions["gatehouse"]
    fill(parts, clocks)
    clock = PlausibleClock(tmp_path, clocks.now, clocks.steady)
    assert expire(parts, "health", 30, clock=clock) == 0
    clocks.wall += 100 * DAY
    assert expire(parts, "health", 30, clock=clock) == 0 and clock.warnings()
    clocks.wall -= 100 * DAY
    assert expire(parts, "health", 30, clock=clock) == 0 and not clock.warnings()


def test_the_operator_who_sets_the_days_is_obeyed(app: Any, clocks: Clocks, tmp_path: Path) -> None:
    parts = app.extensions["gatehouse"]
    fill(parts, clocks)
    expire(parts, "health", 30, clock=PlausibleClock(tmp_path, clocks.now, clocks.steady))
    clocks.wait(100 * DAY)
    assert expire(parts, "health", 30, clock=PlausibleClock(tmp_path, clocks.now)) == 0
    assert expire(parts, "health", 31, clock=PlausibleClock(tmp_path, clocks.now)) == 3


def test_old_rows_go_in_ordinary_times(app: Any, clocks: Clocks, tmp_path: Path) -> None:
    parts = app.extensions["gatehouse"]
    fill(parts, clocks)
    clock = PlausibleClock(tmp_path, clocks.now, clocks.steady)
    for _ in range(5):
        assert expire(parts, "health", 30, clock=clock) == 0
        clocks.wait(6.1 * DAY)
    assert expire(parts, "health", 30, clock=clock) == 3


def test_a_damaged_file_of_the_clock_counts_as_none(app: Any, clocks: Clocks, tmp_path: Path) -> None:
    parts = app.extensions["gatehouse"]
    fill(parts, clocks)
    (tmp_path / "clock.json").write_text("{")
    clocks.wait(100 * DAY)
    assert expire(parts, "health", 30, clock=PlausibleClock(tmp_path, clocks.now)) == 0
