"""The wall clock is set back and far ahead while the agent runs: nothing is lost, doubled, delayed or reordered."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agent_lib.outbox import Outbox
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings, RfidSettings, StationSettings
from agent_lib.station.result import CaptureResult
from agent_lib.station.station import Station
from agent_lib.uplink import Uplink
from tests.support.agent import LABELLED, UNREADABLE, LiveCamera, fields, result
from tests.support.devices import short14, tcp_device
from tests.support.helpers import HubProcess, wait_for
from tests.support.outbox import drain
from tests.support.station import bench
from tests.support.uplink import rest_server

HOUR, DAYS_100 = 3600.0, 100 * 86_400.0
JUMPS = [-HOUR, DAYS_100, -DAYS_100 - HOUR, 0.0]


class Clock:
    """The wall clock of this process; `ahead` is how far it is set ahead of the true one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        true = time.time
        monkeypatch.setattr(time, "time", lambda: true() + self.ahead)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Antenna:
    """A tag reader over a real socket that sends the tags given to `show`."""

    def __init__(self) -> None:
        self._link: socket.socket | None = None
        self._connected, self._ending = threading.Event(), threading.Event()

    def serve(self, link: socket.socket, number: int) -> None:
        self._link = link
        self._connected.set()
        self._ending.wait(30)

    def show(self, tag: int) -> str:
        assert self._connected.wait(10) and self._link is not None
        data = tag.to_bytes(8, "big")
        self._link.sendall(short14(data))
        return data.hex().upper()

    def end(self) -> None:
        self._ending.set()


@pytest.mark.slow
def test_sightings_during_jumps_reach_the_hub_once_and_in_order(hub: HubProcess, tmp_path: Path, clock: Clock) -> None:
    antenna = Antenna()
    box = Outbox(tmp_path, 10**9, 100)
    uplink, supervisor = Uplink(HubSettings(url=hub.url), box), Supervisor()
    expected: list[str] = []
    with tcp_device(antenna.serve) as port:
        rfid = RfidSettings(host="127.0.0.1", port=port, debounce_seconds=0.05, present_window_seconds=0.8)
        station = Station(
            StationSettings(name="clock", kind="tags", rfid=rfid),
            None,
            lambda one: box.put(one, one.fields("http://h")) or None,
        )
        station.start(supervisor)
        uplink.start(supervisor)
        try:
            for round_, ahead in enumerate(JUMPS):
                for tag in (1, 2):
                    before = station.captures
                    expected.append(antenna.show(tag))
                    wait_for(lambda before=before: station.captures == before + 1)
                clock.ahead = ahead
                before = station.captures
                # Still in the field: the same sighting, whatever the clock says.
                antenna.show(2)
                expected.append(antenna.show(100 + round_))
                wait_for(lambda before=before: station.captures == before + 1)
                left = time.monotonic() + 0.8
                wait_for(lambda left=left: time.monotonic() > left)
            wait_for(lambda: box.empty)
        finally:
            antenna.end()
            station.stop()
            uplink.stop()
            assert supervisor.stop(10) == []
            uplink.close()
            box.close()
    rows = hub.get("/api/captures", limit=1000, station="clock")["captures"]
    assert sorted(row["tag"] for row in rows) == sorted(expected) and len(rows) == 12
    by_arrival = sorted(rows, key=lambda row: row["received_at"])
    assert [row["tag"] for row in by_arrival] == expected
    assert len({row["event_id"] for row in rows}) == 12


@pytest.mark.parametrize("ahead", [-HOUR, DAYS_100])
def test_a_jump_during_a_capture_does_not_change_it(primary: LiveCamera, clock: Clock, ahead: float) -> None:
    with bench(primary, max_attempts=500, retry_interval_seconds=0.03, timeout_seconds=20) as one:
        one.tag()
        primary.show(UNREADABLE)
        wait_for(lambda: one.station._label.levels)
        clock.ahead = ahead
        primary.show(LABELLED)
        got = one.result()
    assert got.success and set(got.pictures) == {"primary", "label"}
    assert 0 <= got.finished_ts - got.started_ts < 20


def test_the_order_of_the_outbox_is_that_of_the_captures(tmp_path: Path, clock: Clock) -> None:
    tags: list[str] = []
    for number, ahead in enumerate([DAYS_100, -HOUR, 0.0, -DAYS_100]):
        clock.ahead = ahead
        box = Outbox(tmp_path, 10**9, 100)
        one: CaptureResult = result(f"T{number}", started_ts=time.time(), finished_ts=time.time())
        box.put(one, fields(one))
        tags.append(one.tag)
        box.close()
        if number == 2:
            (tmp_path / "outbox.db").unlink()  # rebuilt from its records, in the same order
    box = Outbox(tmp_path, 10**9, 100)
    assert [entry.fields["tag"] for entry in drain(box)] == tags
    box.close()


@pytest.mark.alone
@pytest.mark.parametrize("ahead", [-HOUR, DAYS_100])
def test_back_off_and_status_go_on_after_a_jump(tmp_path: Path, clock: Clock, ahead: float) -> None:
    times: list[float] = []
    informed: list[float] = []

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        times.append(time.monotonic())
        if len(times) == 1:
            clock.ahead = ahead
            return 503, {"Retry-After": "0.4"}, b""
        return 200, {}, b'{"success": true}'

    def statuses() -> list[dict[str, Any]]:
        informed.append(time.monotonic())
        return [{"station": "clock", "state": "waiting"}]

    box = Outbox(tmp_path, 10**9, 100)
    one = result("A")
    box.put(one, fields(one))
    supervisor = Supervisor()
    with rest_server(answer) as url:
        uplink = Uplink(HubSettings(url=url, retry_seconds=0.01, status_seconds=0.2), box, statuses)
        uplink.start(supervisor)
        wait_for(lambda: box.empty)
        polled = len(informed)
        wait_for(lambda: len(informed) > polled + 1)
        uplink.stop()
        assert supervisor.stop(10) == []
        uplink.close()
    box.close()
    assert 0.4 <= times[1] - times[0] < 3
