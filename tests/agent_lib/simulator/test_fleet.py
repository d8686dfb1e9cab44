"""The fleet of the simulated gate: who comes when, wrong pairs, the file for the register."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations
from pathlib import Path

import pytest
import requests

from agent_lib.settings import HubSettings
from agent_lib.simulator.fleet import COLUMNS, WRONG_PLATES, WRONG_TAG, Fleet
from agent_lib.simulator.register import FleetRegister
from agent_lib.simulator.scene import Scene
from agent_lib.simulator.sighting import is_read
from agent_lib.simulator.vehicles import VehicleLog, is_readable
from tests.support.agent import AgentProcess, quick
from tests.support.helpers import HubProcess, wait_for

SEEDS = range(60)


def test_the_same_vehicles_come_again_and_again() -> None:
    fleet = Fleet(1, 12)
    coming = [fleet.arrival(index) for index in range(48)]
    assert coming == [Fleet(1, 12).arrival(index) for index in range(48)] and coming != [
        Fleet(2, 12).arrival(index) for index in range(48)
    ]
    plain = [one for one in coming if not one.wrong and one.number]
    for one in plain:
        member = fleet.members[one.look]
        assert (one.tag, one.family, one.number, one.plate) == (member.tag, member.family, member.number, member.plate)
    for start in range(36):
        assert len({one.look for one in coming[start : start + 12]}) == 12, "none comes twice in a round"


def test_identifiers_are_the_vehicles_own() -> None:
    for seed in SEEDS:
        members = Fleet(seed, 12).members
        for kind in ("tag", "number", "plate"):
            assert len({getattr(one, kind) for one in members}) == 12
        for one, other in combinations(members, 2):
            for kind in ("number", "plate"):
                pairs = zip(getattr(one, kind), getattr(other, kind), strict=True)
                assert sum(mine != theirs for mine, theirs in pairs) > 1, "no misread character makes one the other"


def test_a_wrong_pair_comes_within_two_minutes_and_can_be_told() -> None:
    for seed in SEEDS:
        fleet = Fleet(seed, 12)
        coming = [fleet.arrival(index) for index in range(120)]
        wrong = [one for one in coming if one.wrong]
        places = [0, *(one.index for one in wrong)]
        assert max(later - sooner for sooner, later in zip(places, places[1:], strict=False)) <= 14, "8 s each"
        assert {one.wrong for one in wrong} == {WRONG_TAG, WRONG_PLATES} and 10 <= len(wrong) <= 20
        registered = fleet.csv()
        for one in wrong:
            member = fleet.members[one.look]
            assert is_readable(one.index) and is_read(one.index) and one.number == member.number
            assert (one.tag != member.tag) == (one.wrong == WRONG_TAG)
            assert (one.plate != member.plate) == (one.wrong == WRONG_PLATES)
            assert one.tag.hex().upper() in registered and one.plate in registered and one.number in registered


def test_weights_are_loaded_and_empty_in_turns() -> None:
    fleet = Fleet(3, 12)
    for index in range(12):
        loaded, empty, again = (fleet.arrival(index + 12 * turn).kg for turn in range(3))
        assert 7_000 <= empty < loaded <= 40_000 and loaded == again and loaded % 20 == empty % 20 == 0


@pytest.mark.parametrize("size", [2, 3, 5, 7, 100])
def test_fleets_of_any_size(size: int) -> None:
    fleet = Fleet(1, size)
    coming = [fleet.arrival(index) for index in range(3 * size)]
    assert {one.look for one in coming} == set(range(size)) and not coming[0].wrong
    rows = list(csv.DictReader(io.StringIO(fleet.csv())))
    assert len(rows) == (size - 1 if size >= 6 else size)


def test_the_file_for_the_register() -> None:
    fleet = Fleet(1, 12)
    rows = list(csv.DictReader(io.StringIO(fleet.csv())))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 11
    assert [row["permission"] for row in rows] == ["allow"] * 10 + ["deny"]
    for row, member in zip(rows, fleet.members, strict=False):
        assert row["tags"].split(" | ") == [tag.hex().upper() for _, tag in member.records]
        assert (row["numbers"], row["plates"]) == (member.number, member.plate)


def test_the_log_says_what_is_wrong(tmp_path: Path) -> None:
    fleet = Fleet(1, 12)
    wrong = next(one for one in map(fleet.arrival, range(12)) if one.wrong)
    VehicleLog(tmp_path).append(wrong, 1000.0)
    row = json.loads((tmp_path / "simulated_vehicles.jsonl").read_text())
    assert (row["plate"], row["kg"], row["wrong"]) == (wrong.plate, wrong.kg, wrong.wrong)


def test_the_plate_of_the_fleet_is_painted_and_nothing_else_changes() -> None:
    own, other = Scene(1, 2, "12345", plate="ABC 1234"), Scene(1, 2, "12345")
    assert own.plate == "ABC 1234" != other.plate
    label, expected = own.label_corners(1.0), other.label_corners(1.0)
    assert label is not None and expected is not None and (label == expected).all()


@contextmanager
def answering(answers: list[tuple[int, dict[str, object]]]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers in turn; its address, and the bodies that were posted to it."""
    left, bodies = list(answers), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8"))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("answers", "outcome", "posts"),
    [
        ([(200, {"vehicles": []}), (200, {"success": True})], "it has the vehicles", 1),
        ([(200, {"vehicles": [{"id": "1"}]})], "has vehicles already", 0),
        ([(404, {})], "no register", 0),
        ([(403, {})], "no register", 0),
        ([(503, {}), (200, {"vehicles": []}), (503, {}), (200, {"vehicles": []}), (200, {})], "it has the vehicles", 2),
        ([(200, {"vehicles": []}), (400, {})], "does not take", 1),
    ],
)
def test_the_register_is_given_the_fleet_only_where_it_is_empty(
    answers: list[tuple[int, dict[str, object]]], outcome: str, posts: int
) -> None:
    with answering(answers) as (url, bodies):
        register = FleetRegister(HubSettings(url=url), Fleet(1, 12).csv())
        register.start()
        wait_for(lambda: register.outcome)
        register.stop()
    assert outcome in register.outcome
    assert bodies == [Fleet(1, 12).csv()] * posts


@pytest.mark.slow
def test_the_agent_shows_its_fleet(hub: HubProcess, tmp_path: Path) -> None:
    flags = quick(tmp_path, top="simulate_scale_port = 0\nsimulate_register = false\nseed = 1\n")
    with AgentProcess(
        *flags, "--hub", hub.url, "--captures", "3", output=tmp_path / "out", AGENT_SIMULATE_PAUSE="0"
    ) as agent:
        assert agent.process.wait(90) == 0, agent.text
    text = (tmp_path / "agent" / "simulated_vehicles.csv").read_text("utf-8")
    fleet = Fleet(1, 12)
    assert text.replace("\r\n", "\n") == fleet.csv().replace("\r\n", "\n")
    rows = {row["tag"]: row for row in hub.get("/api/captures", limit=10)["captures"]}
    coming = [fleet.arrival(index) for index in range(3)]
    assert [rows[one.tag.hex().upper()]["number"] for one in coming] == [one.number for one in coming]
    plates = hub.get("/api/records", camera_id="simulated-plates", limit=3)["records"]
    assert [row["plates"][0]["text"] for row in plates] == [one.plate for one in coming]
    assert coming[2].wrong == WRONG_TAG, "the third vehicle of this seed is a mismatch"
    assert requests.get(hub.url, timeout=10).status_code == 200
