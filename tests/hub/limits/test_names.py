"""How many names senders may invent at every door, compared with the table of docs/limits.md."""

from __future__ import annotations

import json

import pytest

from tests.support.helpers import wait_for
from tests.support.limit_cells import DATAGRAM, ENGINE, differences
from tests.support.limit_doors import BOARDS, REST, Datagrams, LimitHub, Raw, board, detection, inside, outside, shown
from tests.support.tags import ACK, record

pytestmark = pytest.mark.slow
LIMIT = 3
"""Of every register of names in SMALL."""


def known(hub: LimitHub, register: str) -> int:
    status = shown(hub, "/status")
    if register == "boards":
        return len(status["boards"])
    return len(status["video"]["cameras"]) if register == "frames" else status["names"][register]["known"]


def test_names_that_senders_invent(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        names = [f"{door[:12]} {number}" for number in range(LIMIT + 2)]
        if door in REST:
            statuses = [REST[door].send(hub, inside(), name.replace("/", "")).status_code for name in names]
            count = known(hub, REST[door].names)
            return "503" if 503 in statuses and count == LIMIT else _bounded(count)
        if door in ENGINE:
            for name in names:
                with ENGINE[door](hub, inside()) as session:
                    session.call("camera_register", {"camera_id": name})
                    session.call("station_status", {"station": name})
            assert known(hub, "stations") == LIMIT
            return _bounded(known(hub, "cameras"))
        for name in names:
            _introduce(hub, door, name)
        return _bounded(known(hub, "cameras" if door == "lpr /" else "boards"))

    assert differences("names", found) == []


def test_names_of_one_sender(hub: LimitHub) -> None:
    """Limits beside those of the table: of one camera, of one address, of tags."""
    for number in range(4):
        report = {**detection("many", None), "type": "health_check", "component": f"part {number}", "status": "PASS"}
        with Raw(hub, "lpr /", inside()) as raw:
            raw.say(report)
            assert next(iter(raw.messages()))["success"]
    row = next(row for row in shown(hub, "/api/cameras")["cameras"] if row["camera_id"] == "many")
    assert [one["component"] for one in row["components"]] == ["part 2", "part 3"]
    with board(hub, "main /", inside()) as raw:
        for number in range(3):
            raw.say({"event": "apriltag_data", **record(tag_id=number)})
        assert list(raw.messages()).count(ACK) == 3
    assert shown(hub, "/status")["apriltag"]["tags"] == 2
    address = outside()
    for number in range(3):
        REST["POST /api/detection"].send(hub, address, f"invented {number}")
    waiting = [one for one in shown(hub, "/api/access/devices")["waiting"] if one["address"] == address]
    assert {one["claimed"] for one in waiting} == {"invented 1", "invented 2"}
    statuses = [REST["POST /api/pair"].send(hub, address, f"agent {number}").status_code for number in range(5)]
    assert statuses == [201] * 4 + [429]
    pairings = [one for one in shown(hub, "/api/access/devices")["pairings"] if one["address"] == address]
    assert {one["name"] for one in pairings} == {"agent 2", "agent 3"}


def _introduce(hub: LimitHub, door: str, name: str) -> None:
    """Send one message under a name, or from an address of its own."""
    if door == DATAGRAM:
        with Datagrams(hub) as sock:
            sock.send(json.dumps(record()).encode())
            sock.recv(255)
    elif door in BOARDS:
        with board(hub, door, inside()) as raw:
            list(raw.messages())
        wait_for(lambda: shown(hub, "/status")["websocket"]["active_connections"] == 0, what="the end of the socket")
    else:
        with Raw(hub, door, inside()) as raw:
            raw.say({"type": "camera_register", "camera_id": name})
            list(raw.messages())


def _bounded(count: int) -> str:
    return "bounded" if count == LIMIT else f"{count} names"


def test_strangers_who_wait(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        if door == DATAGRAM:
            return cell  # of a datagram the address is real: tests/hub/devices/test_datagrams.py
        addresses = [outside() for _ in range(LIMIT + 2)]
        for address in addresses:
            _try_as_stranger(hub, door, address)
        waiting = {device["address"] for device in shown(hub, "/api/access/devices")["waiting"]}
        if not waiting & set(addresses):
            return "open" if cell == "open" else "nobody waits"
        return _bounded(len(waiting))

    assert differences("strangers", found) == []


def _try_as_stranger(hub: LimitHub, door: str, address: str) -> None:
    if door in REST:
        REST[door].__class__(**{**vars(REST[door]), "headers": ()}).send(hub, address)
    elif door in ENGINE:
        with ENGINE[door](hub, address) as session:
            assert not session.call("lpr_data", {"camera_id": "invented"})["success"]
    elif door in BOARDS:
        with board(hub, door, address, "wrong") as raw:
            assert [message["event"] for message in raw.messages()] == ["connection_success", "auth_failed"]
    else:
        with Raw(hub, door, address) as raw:
            assert raw.status == 401
