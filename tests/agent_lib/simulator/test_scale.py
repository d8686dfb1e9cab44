"""The simulated scale: its lines over a real socket, with a vehicle of the simulated gate on it."""

from __future__ import annotations

import re
import socket
import time
from itertools import groupby
from pathlib import Path

import pytest

from agent_lib.simulator.fleet import Fleet
from agent_lib.simulator.gate import SimulatedGate
from agent_lib.simulator.scale import MAX_CLIENTS, SimulatedScale
from tests.agent_lib.simulator.test_simulator import Station
from tests.support.helpers import HubProcess, wait_for

LINE = re.compile(r"(ST|US),GS,([+-]\d{6})kg")


class Listener:
    """Reads lines of a scale, as (stable, kg)."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, 5)
        self._file = self._socket.makefile("r", encoding="ascii", newline="\r\n")

    def next(self) -> tuple[bool, int]:
        match = LINE.fullmatch(self._file.readline().rstrip("\r\n"))
        assert match is not None
        return match[1] == "ST", int(match[2])

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.mark.slow
def test_it_sends_ten_lines_a_second_to_everybody() -> None:
    scale = SimulatedScale()
    scale.start()
    listeners = [Listener(scale.address) for _ in range(2)]
    try:
        assert [each.next() for each in listeners] == [(True, 0)] * 2
        scale.show(12_345, False)
        for each in listeners:
            wait_for(lambda each=each: each.next() == (False, 12_340))
        began = time.monotonic()
        assert [listeners[0].next() for _ in range(10)] == [(False, 12_340)] * 10
        assert time.monotonic() - began > 0.5
        scale.show(-90, True)
        wait_for(lambda: listeners[0].next() == (True, -80))
    finally:
        for each in listeners:
            each.close()
        scale.stop()
    with pytest.raises(OSError):
        socket.create_connection(scale.address, 1).close()


@pytest.mark.slow
def test_too_many_listeners_are_turned_away_and_those_that_leave_make_room() -> None:
    scale = SimulatedScale()
    scale.start()
    listeners = [Listener(scale.address) for _ in range(MAX_CLIENTS)]
    try:
        for each in listeners:
            each.next()
        with socket.create_connection(scale.address, 5) as more:
            assert more.recv(100) == b""
        listeners.pop().close()
        wait_for(lambda: len(scale._clients) < MAX_CLIENTS)
        listeners.append(Listener(scale.address))
        assert listeners[-1].next() == (True, 0)
    finally:
        for each in listeners:
            each.close()
        scale.stop()


def test_a_port_that_is_in_use_is_an_error() -> None:
    scale = SimulatedScale()
    with pytest.raises(OSError):
        SimulatedScale(scale.address[1])
    scale.stop()


@pytest.mark.slow
def test_a_vehicle_drives_on_stands_and_leaves(tmp_path: Path) -> None:
    scale, fleet = SimulatedScale(), Fleet(1, 12)
    gate = SimulatedGate(tmp_path, 1, 0.3, 1.0, scale=scale, fleet=fleet)
    gate.start()
    try:
        with Station(gate):
            listener = Listener(scale.address)
            seen: list[tuple[bool, int]] = []
            end = time.monotonic() + 60
            while time.monotonic() < end and not (seen and seen[-1] == (True, 0) and any(kg for _, kg in seen)):
                seen.append(listener.next())
            listener.close()
    finally:
        gate.stop()
    kg = fleet.arrival(0).kg
    states = [key for key, _ in groupby(seen)]
    assert states[0] == states[-1] == (True, 0) and states.count((True, kg)) == 1
    driving, leaving = states[1 : states.index((True, kg))], states[states.index((True, kg)) + 1 : -1]
    assert driving and all(not stable and 0 <= value < kg for stable, value in driving)
    assert leaving and all(not stable and 0 <= value < kg for stable, value in leaving)


@pytest.mark.slow
def test_a_hub_settles_on_its_weight(tmp_path: Path) -> None:
    scale = SimulatedScale()
    scale.start()
    hub = HubProcess(tmp_path / "instance")
    hub.instance.mkdir()
    (hub.instance / "hub.toml").write_text(
        f'[[scales]]\nname = "simulated-scale"\nhost = "127.0.0.1"\nport = {scale.address[1]}\n', "utf-8"
    )
    try:
        with hub:
            scale.show(12_340, True)
            row = wait_for(lambda: [one for one in hub.get("/api/scales")["scales"] if one["settled_kg"] == 12_340])[0]
            assert row["state"] == "steady"
    finally:
        scale.stop()
