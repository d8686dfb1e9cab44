"""The simulated gate over its real sockets: reader, cameras, vehicles, and the file that says which came."""

import json
import random
import socket
import threading
import time
from itertools import groupby, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import requests

from agent_lib.cameras import Camera
from agent_lib.rfid import TagParser, TagReader
from agent_lib.simulator.camera import SimulatedCamera
from agent_lib.simulator.gate import SimulatedGate
from agent_lib.simulator.reader import SimulatedReader
from agent_lib.simulator.records import FAMILIES, burst, end_of_round, noise, record
from agent_lib.simulator.vehicles import VehicleLog, vehicle
from tests.support.devices import (
    a0_89,
    a0_90,
    ascii_line,
    camera_settings,
    jpeg,
    length_prefixed,
    rfid_settings,
    short8,
    short14,
)
from tests.support.helpers import wait_for

EPC = bytes.fromhex("E2003412012345678900ABCD")


class Scenes:
    """Stands in for agent_lib.simulator.scene: a grey level for each position instead of a painting."""

    SIZE = (64, 48)

    @staticmethod
    def empty_gate(seed, kind):
        return np.full((48, 64, 3), 250, np.uint8)

    class Scene:
        def __init__(self, seed, index, number, kind):
            pass

        def frame(self, position):
            return np.full((48, 64, 3), int(position * 100), np.uint8)


def shown(frame) -> float:
    """The position a picture of Scenes was painted for; 2.5 is the empty gate."""
    return round(float(frame.image().mean())) / 100


@pytest.mark.parametrize(
    ("family", "build", "size"),
    [
        ("SHORT14", short14, 8),
        ("SHORT8", short8, 2),
        ("LEN", length_prefixed, 12),
        ("ASCII", lambda tag: ascii_line(tag).upper(), 12),
    ],
)
def test_records_are_those_of_the_wire(family, build, size):
    assert record(family, EPC[:size]) == build(EPC[:size])


def test_a0_records_are_those_of_the_wire():
    assert len(record("A0_89", EPC)) == len(a0_89(EPC)) and len(record("A0_90", EPC)) == len(a0_90(EPC))
    assert TagParser().feed(record("A0_89", EPC, 3) + record("A0_90", EPC, 2) + end_of_round(7)) == [
        (EPC.hex().upper(), "A0_89", 3),
        (EPC.hex().upper(), "A0_90", 2),
    ]
    with pytest.raises(ValueError, match="no record family"):
        record("X", EPC)


def test_bursts_of_all_families_hold_splits_noise_and_joined_records_and_are_read_without_loss():
    rng = random.Random(1)
    noises = {noise(rng) for _ in range(50)}
    assert len(noises) > 40
    for family in FAMILIES:
        tag = EPC[:8] if family == "SHORT14" else EPC
        parser = TagParser()
        pieces, reads = 0, []
        for number in range(200):
            data = burst([(family, tag), ("SHORT8", b"\xbe\xef")], number, rng)
            pieces += len(data)
            found = [read for piece in data for read in parser.feed(piece)] + parser.flush()
            assert {read[0] for read in found} == {tag.hex().upper(), "BEEF"}
            assert found[0][:2] == (tag.hex().upper(), family)
            reads += found
        assert pieces > 300 and len(reads) > 450


def test_vehicles_are_always_the_same_and_their_tags_never():
    many = [vehicle(7, index) for index in range(500)]
    assert many[:20] == [vehicle(7, index) for index in range(20)]
    tags = {one.tag for one in many} | {vehicle(8, index).tag for index in range(500)}
    assert len(tags) == 1000
    assert {one.family for one in many} == set(FAMILIES)
    assert all(len(one.tag) == (8 if one.family == "SHORT14" else 12) for one in many)
    assert {one.family for one in many if not one.number} == set(FAMILIES)
    assert any(one.second_tag for one in many) and not all(one.second_tag for one in many)
    assert any(one.number.startswith("0") for one in many)


def test_one_in_five_cannot_be_read_and_not_the_first():
    numbers = [vehicle(1, index).number for index in range(50)]
    assert numbers[0]
    for start in range(46):
        assert numbers[start : start + 5].count("") == 1
    assert all(len(number) == 5 and number.isdigit() for number in numbers if number)


def test_the_log_of_vehicles_goes_on_behind_a_torn_line(tmp_path):
    log = VehicleLog(tmp_path / "instance")
    assert log.next_index() == 0
    log.append(vehicle(1, 0), 1000.5)
    log.append(vehicle(1, 3), 1001.5)
    path = tmp_path / "instance" / "simulated_vehicles.jsonl"
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"tag": vehicle(1, 0).tag.hex().upper(), "number": vehicle(1, 0).number, "at": 1000.5},
        {"tag": vehicle(1, 3).tag.hex().upper(), "number": "", "at": 1001.5},
    ]
    with path.open("a") as file:
        file.write('{"tag": "E2')
    before = path.read_bytes()
    log = VehicleLog(tmp_path / "instance")
    assert log.next_index() == 3
    log.append(vehicle(1, 3), 1002.5)
    assert path.read_bytes().startswith(before + b"\n{")
    assert VehicleLog(tmp_path / "instance").next_index() == 4


@pytest.mark.slow
def test_the_reader_sends_while_tags_are_there_and_to_everybody():
    reader = SimulatedReader()
    reader.start()
    try:
        seen = [[], []]
        stations = [
            TagReader(rfid_settings(reader.address[1]), lambda read, new, to=to: to.append(read.tag)) for to in seen
        ]
        for station in stations:
            station.start()
        wait_for(lambda: reader.clients == 2)
        reader.show([("A0_89", EPC), ("SHORT8", b"\xbe\xef")])
        wait_for(lambda: all(tags.count("BEEF") > 10 for tags in seen))
        assert seen[0][0] == seen[1][0] == EPC.hex().upper()
        reader.show([])
        stations[0].stop()
        wait_for(lambda: reader.clients == 1)
        stations[1].stop()
    finally:
        reader.stop()
    with pytest.raises(OSError):
        socket.create_connection(reader.address, 1).close()


@pytest.mark.slow
def test_the_camera_streams_to_several_viewers_new_pictures_at_once_and_old_ones_again():
    device = SimulatedCamera("primary")
    device.start()
    viewers = [Camera(camera_settings(device.url), str(number)) for number in range(3)]
    try:
        device.show(jpeg(10))
        for viewer in viewers:
            viewer.start()
        frames = [wait_for(viewer.newest) for viewer in viewers]
        assert device.viewers == 3
        assert all(
            viewer.wait_newer(frame.mono, 10).jpeg() == jpeg(10) for viewer, frame in zip(viewers, frames, strict=True)
        )
        device.show(jpeg(200))
        for viewer in viewers:
            wait_for(lambda viewer=viewer: viewer.newest().jpeg() == jpeg(200))
        viewers[0].stop()
        wait_for(lambda: device.viewers == 2)
        base = device.url.rpartition("/")[0]
        picture = requests.get(base + "/picture.jpg", timeout=5)
        assert picture.content == jpeg(200) and picture.headers["Content-Type"] == "image/jpeg"
        assert requests.get(base + "/other", timeout=5).status_code == 404
    finally:
        for viewer in viewers:
            viewer.stop()
        device.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(base + "/picture.jpg", timeout=5)


class Station:
    """What the agent is to the gate: connected to the reader and watching both cameras."""

    def __init__(self, gate: SimulatedGate) -> None:
        self.events: list[tuple[str, float]] = []
        self.sightings: list[str] = []
        self.cameras = {kind: Camera(camera_settings(url), kind) for kind, url in gate.camera_urls.items()}
        self._reader = TagReader(rfid_settings(gate.reader_address[1]), self._on_tag)

    def _on_tag(self, read, is_new) -> None:
        self.sightings.append(read.tag)
        if is_new:
            self.events.append((read.tag, read.ts))

    def __enter__(self) -> "Station":
        self._reader.start()
        for camera in self.cameras.values():
            camera.start()
        return self

    def __exit__(self, *error) -> None:
        self._reader.stop()
        for camera in self.cameras.values():
            camera.stop()


class Open:
    """A started gate that is stopped at the end of the with block."""

    def __init__(self, instance: Path, **changes) -> None:
        values = {"seed": 3, "pause": 0.1, "stand_seconds": 0.2, "scenes": Scenes}
        self.gate = SimulatedGate(instance, **(values | changes))

    def __enter__(self) -> SimulatedGate:
        self.gate.start()
        return self.gate

    def __exit__(self, *error) -> None:
        self.gate.stop()
        assert self.gate.error == ""


def lines(instance: Path) -> list[dict]:
    path = instance / "simulated_vehicles.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.slow
def test_no_vehicle_comes_before_the_station_is_connected(tmp_path):
    with Open(tmp_path) as gate:
        cameras = [Camera(camera_settings(url), kind) for kind, url in gate.camera_urls.items()]
        for camera in cameras:
            camera.start()
        for camera in cameras:
            assert shown(wait_for(camera.newest)) == 2.5
        assert lines(tmp_path) == [] and gate.vehicles_shown == 0
        for camera in cameras:
            camera.stop()


@pytest.mark.slow
def test_a_vehicle_comes_is_read_stands_and_leaves(tmp_path):
    with Open(tmp_path, stand_seconds=0.6) as gate, Station(gate) as station:
        camera = station.cameras["primary"]
        seen, mono, line_when_first_seen = [], 0.0, None
        while len(seen) < 2 or seen[-1] != 2.5 or max(seen) < 1.0 or 1.0 not in seen:
            frame = camera.wait_newer(mono, 10)
            mono = frame.mono
            if shown(frame) != 2.5 and line_when_first_seen is None:
                line_when_first_seen = lines(tmp_path)[0]
            if not seen or seen[-1] != shown(frame):
                seen.append(shown(frame))
        visit = seen[seen.index(1.0) - 3 :]
        assert seen[0] == 2.5 and visit == sorted(visit) and visit[-1] == 2.5
        first = vehicle(3, 0)
        assert line_when_first_seen["tag"] == first.tag.hex().upper()
        assert line_when_first_seen["number"] == first.number
        tag, at = station.events[0]
        assert tag == line_when_first_seen["tag"]
        assert line_when_first_seen["at"] < at < line_when_first_seen["at"] + 60
        assert station.sightings.count(tag) > 5


@pytest.mark.slow
def test_one_vehicle_at_a_time_and_second_tags_come_behind_the_first(tmp_path):
    with Open(tmp_path) as gate, Station(gate) as station:
        wait_for(lambda: gate.vehicles_shown >= 4, timeout=30)
    written = lines(tmp_path)
    assert [line["tag"] for line in written] == [vehicle(3, index).tag.hex().upper() for index in range(len(written))]
    assert [line["number"] == "" for line in written[:4]] == [False, False, False, True]
    assert all(later["at"] - sooner["at"] > 0.6 for sooner, later in pairwise(written))
    names = [tag for tag, _ in station.events]
    second = vehicle(3, 1).second_tag.hex().upper()
    assert names[:4] == [written[0]["tag"], written[1]["tag"], second, written[2]["tag"]]
    main = {line["tag"] for line in written}
    visits = [tag for tag, _ in groupby(tag for tag in station.sightings if tag in main)]
    assert len(visits) >= 3 and visits == [line["tag"] for line in written][: len(visits)]


@pytest.mark.slow
def test_a_vehicle_stands_while_a_capture_runs(tmp_path):
    capture_runs = threading.Event()
    capture_runs.set()
    with Open(tmp_path, busy=capture_runs.is_set) as gate, Station(gate) as station:
        wait_for(lambda: station.sightings)
        first = station.sightings[0]
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 0.8)
        count = len(station.sightings)
        wait_for(lambda: len(station.sightings) > count)
        assert set(station.sightings) == {first} and len(lines(tmp_path)) == 1
        capture_runs.clear()
        wait_for(lambda: len(lines(tmp_path)) == 2)


@pytest.mark.slow
def test_a_restart_goes_on_with_new_tags(tmp_path):
    for wanted in (1, 2):
        with Open(tmp_path) as gate, Station(gate):
            wait_for(lambda gate=gate, wanted=wanted: gate.vehicles_shown >= wanted)
    written = [line["tag"] for line in lines(tmp_path)]
    assert len(written) >= 3 and len(set(written)) == len(written)


def test_a_gate_that_breaks_down_says_so(tmp_path, caplog):
    class Broken(Scenes):
        @staticmethod
        def empty_gate(seed, kind):
            raise RuntimeError("no paint")

    gate = SimulatedGate(tmp_path, 3, 0.1, 0.2, scenes=Broken)
    gate.start()
    wait_for(lambda: gate.error)
    gate.stop()
    assert "no paint" in gate.error and "Start the agent again" in caplog.text


@pytest.mark.slow
def test_the_real_scene_comes_over_the_wire(tmp_path):
    with Open(tmp_path, scenes=None, stand_seconds=1.0) as gate, Station(gate) as station:
        wait_for(lambda: station.events, timeout=40)
        frame = station.cameras["primary"].wait_newer(time.monotonic(), 10)
        behind = station.cameras["secondary"].wait_newer(time.monotonic(), 10)
        assert frame.image().shape == behind.image().shape == (1080, 1920, 3)
        assert cv2.absdiff(frame.image(), behind.image()).mean() > 5
        assert len(frame.jpeg()) < 1_000_000
