"""Boards and their sessions: by a clock of the test, and over real sockets (docs/wire/apriltag.md 2.3, 2.5, 5)."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from hub.apriltag.boards import KEPT_SESSIONS, Boards
from hub.apriltag.commands import BoardCommands
from tests.support.helpers import HubProcess, wait_for
from tests.support.tags import TOKEN, Board, record, tag_hub

START = 1_790_000_000.0
MAX_BOARDS = 200


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def boards(clock: Clock) -> Boards:
    return Boards(30.0, 600.0, None, now=clock, max_boards=MAX_BOARDS)


def sessions(boards: Boards) -> list[tuple[str, int, str]]:
    return [(row["address"], row["duration_seconds"], row["reason"]) for row in boards.history()["sessions"]]


def test_a_silent_board_is_offline_only_where_it_had_a_websocket(boards: Boards, clock: Clock) -> None:
    boards.received("10.0.0.1", "udp", name="north")
    boards.connected("10.0.0.2", "socket")
    boards.received("gate-1", "detection")
    assert [(one.id, one.name, one.online) for one in boards.device_states()] == [
        ("10.0.0.1", "north (10.0.0.1)", True),
        ("10.0.0.2", "10.0.0.2", True),
    ]
    boards.disconnected("10.0.0.2", "socket")
    clock.now += 700
    assert [(one.id, one.online) for one in boards.device_states()] == [("10.0.0.1", None), ("10.0.0.2", False)]


def test_silence_makes_stale_and_a_long_one_ends_the_session(boards: Boards, clock: Clock) -> None:
    boards.received("10.0.0.5", "udp", 1000.0, "Waveshare-ESP32-S3")
    clock.now += 100
    boards.received("10.0.0.5", "udp", 101_000.0)
    assert boards.status()[0]["state"] == "connected" and boards.esp32_connected
    clock.now += 31
    assert boards.status()[0]["state"] == "stale" and boards.esp32_connected and not sessions(boards)
    clock.now += 570
    assert boards.status()[0]["state"] == "gone" and not boards.esp32_connected
    assert sessions(boards) == [("10.0.0.5", 100, "silent")]
    boards.received("10.0.0.5", "udp", 800_000.0)
    assert boards.esp32_connected and boards.uptime()["uptime_seconds"] == 0


def test_a_clock_that_goes_back_is_a_reboot(boards: Boards, clock: Clock) -> None:
    for milliseconds in (50_000.0, 52_000.0, 3000.0, 5000.0):
        boards.received("10.0.0.5", "http", milliseconds)
        clock.now += 2
    assert sessions(boards) == [("10.0.0.5", 2, "rebooted")]
    assert boards.status()[0]["reboots"] == 1


@pytest.mark.parametrize(
    ("before", "after", "passed"),
    [
        (4_294_967_000.0, 700.0, 1.0),  # millis() ran over
        (4_294_900_000.0, 60_000.0, 120.0),  # the same while nothing was sent
        (60_000.0, 59_500.0, 0.1),  # a packet was overtaken
        (60_000.0, 60_000.0, 0.0),  # sent twice
        (60_000.0, 61_000.0, 5.0),  # an old reading of a queue
    ],
)
def test_what_is_no_reboot(boards: Boards, clock: Clock, before: float, after: float, passed: float) -> None:
    boards.received("10.0.0.5", "http", before)
    clock.now += passed
    boards.received("10.0.0.5", "http", after)
    boards.received("10.0.0.5", "http", None)
    assert not sessions(boards) and boards.status()[0]["reboots"] == 0


def test_the_last_socket_ends_the_session_of_its_board_alone(boards: Boards, clock: Clock) -> None:
    first, second, other = object(), object(), object()
    boards.connected("10.0.0.5", first)
    boards.connected("10.0.0.6", other)
    clock.now += 60
    boards.connected("10.0.0.5", second)
    boards.disconnected("10.0.0.5", first)
    assert boards.status()[0]["sockets"] == 1 and not sessions(boards)
    boards.disconnected("10.0.0.5", first)
    boards.disconnected("10.0.0.5", other)
    clock.now += 7000
    assert boards.esp32_connected and not sessions(boards), "an idle board with a WebSocket stays"
    boards.disconnected("10.0.0.6", other)
    assert sessions(boards) == [("10.0.0.6", 7060, "disconnected")] and boards.esp32_connected
    boards.disconnected("10.0.0.5", second)
    assert not boards.esp32_connected and boards.uptime()["uptime_formatted"] == "Not connected"


def test_a_board_that_comes_back_before_its_old_socket_is_given_up(boards: Boards, clock: Clock) -> None:
    old, new = object(), object()
    boards.connected("10.0.0.5", old)
    boards.received("10.0.0.5", "websocket", 90_000.0)
    clock.now += 20
    boards.connected("10.0.0.5", new)
    boards.received("10.0.0.5", "websocket", 12_000.0)
    clock.now += 40
    boards.disconnected("10.0.0.5", old)
    assert sessions(boards) == [("10.0.0.5", 20, "rebooted")] and boards.esp32_connected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m 0s"), (3600, "1h 0m 0s"), (93784, "1d 2h 3m 4s"), (86400, "1d 0h 0m 0s")],
)
def test_uptime_in_words(boards: Boards, clock: Clock, seconds: int, text: str) -> None:
    boards.connected("10.0.0.5", object())
    clock.now += seconds
    body = boards.uptime()
    assert body["connected"] is True and body["uptime_seconds"] == seconds and body["uptime_formatted"] == text
    assert ((body["days"] * 24 + body["hours"]) * 60 + body["minutes"]) * 60 + body["seconds"] == seconds


def test_uptime_is_of_the_board_that_is_here_longest(boards: Boards, clock: Clock) -> None:
    boards.connected("10.0.0.5", object())
    clock.now += 100
    boards.received("10.0.0.6", "udp")
    body = boards.uptime()
    assert body["uptime_seconds"] == 100 and [row["address"] for row in body["boards"]] == ["10.0.0.5", "10.0.0.6"]


def test_a_camera_that_the_hub_looks_at_itself_is_listed_but_is_no_board_that_is_connected(
    boards: Boards, clock: Clock
) -> None:
    boards.received("gate-1", "detection")
    assert [(row["address"], row["door"]) for row in boards.status()] == [("gate-1", "detection")]
    assert not boards.esp32_connected and boards.uptime()["connected"] is False
    boards.received("10.0.0.5", "http")
    boards.received("10.0.0.5", "detection")  # a board whose pictures are looked at too
    assert boards.esp32_connected and boards.uptime()["boards"][0]["address"] == "10.0.0.5"
    clock.now += 700
    assert sessions(boards) == [("10.0.0.5", 0, "silent")]


def test_twenty_sessions_are_kept_oldest_first(boards: Boards, clock: Clock) -> None:
    for _ in range(25):
        one = object()
        boards.connected("10.0.0.5", one)
        clock.now += 61
        boards.disconnected("10.0.0.5", one)
    body = boards.history()
    assert body["total_sessions"] == len(body["sessions"]) == KEPT_SESSIONS
    times = [row["connect_timestamp"] for row in body["sessions"]]
    assert times == sorted(times) and times[0] == START + 5 * 61
    row = body["sessions"][0]
    assert (
        row["duration_formatted"] == "1m 1s"
        and row["status"] == "disconnected"
        and row["disconnect_timestamp"] - row["connect_timestamp"] == 61
    )
    for text in (row["connect_time"], row["disconnect_time"], body["server_start_time"]):
        assert len(text) == 19 and text[10] == " "


def test_the_number_of_boards_is_bounded_and_those_with_sockets_stay(boards: Boards, clock: Clock) -> None:
    here = object()
    boards.connected("10.0.0.1", here)
    for number in range(MAX_BOARDS + 50):
        clock.now += 0.001
        boards.received(f"10.1.{number // 250}.{number % 250}", "udp")
    rows = boards.status()
    assert len(rows) == MAX_BOARDS and rows[-1]["address"] == "10.0.0.1"


# -- over sockets


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(
        tmp_path_factory.mktemp("boards"), HUB_APRILTAG_STALE_SECONDS="1", HUB_APRILTAG_SESSION_GAP_SECONDS="3"
    ) as process:
        yield process
        assert "Traceback" not in process.text()


def state(hub: HubProcess, address: str) -> str:
    return next((row["state"] for row in hub.get("/status")["boards"] if row["address"] == address), "unknown")


def closed(hub: HubProcess, address: str) -> list[str]:
    return [row["reason"] for row in hub.get("/connection_history")["sessions"] if row["address"] == address]


def test_two_boards_and_one_leaves(hub: HubProcess) -> None:
    with Board(hub, source="127.0.4.1") as stays:
        with Board(hub, source="127.0.4.2") as leaves:
            assert stays.known and leaves.known
            status = hub.get("/status")
            assert (
                status["server"] == "online"
                and isinstance(status["protocol"], str)
                and isinstance(status["uptime_seconds"], int)
            )
            assert (
                status["websocket"]["active_connections"] == 2
                and status["websocket"]["esp32_connected"] is True
                and status["websocket"]["gdevelop_clients"] == 0
            )
        wait_for(lambda: closed(hub, "127.0.4.2") == ["disconnected"], what="the end of one board's session")
        assert hub.get("/status")["websocket"]["esp32_connected"] is True and not closed(hub, "127.0.4.1")
        uptime = hub.get("/connection_uptime")
        assert uptime["connected"] is True and [row["address"] for row in uptime["boards"]] == ["127.0.4.1"]
    wait_for(
        lambda: (
            hub.get("/status")["websocket"]
            == {"active_connections": 0, "esp32_connected": False, "gdevelop_clients": 0}
        ),
        what="both boards' being gone",
    )
    assert hub.get("/connection_uptime") == {
        "connected": False,
        "uptime_seconds": 0,
        "uptime_formatted": "Not connected",
        "days": 0,
        "hours": 0,
        "minutes": 0,
        "seconds": 0,
        "boards": [],
    }


@pytest.mark.slow
def test_a_board_that_posts_goes_stale_and_then_is_gone(hub: HubProcess) -> None:
    def send(clock: int) -> None:
        body = json.dumps(record(timestamp=clock)).encode()
        head = (
            "POST /apriltag HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: {TOKEN}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(
            ("127.0.0.1", hub.side["apriltag"]), timeout=10, source_address=("127.0.4.3", 0)
        ) as sock:
            sock.sendall(head.encode() + body)
            assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")

    send(100_000)
    assert state(hub, "127.0.4.3") == "connected" and hub.get("/status")["websocket"]["esp32_connected"] is True
    wait_for(lambda: state(hub, "127.0.4.3") == "stale", what="its being stale")
    assert hub.get("/connection_uptime")["connected"] is True and not closed(hub, "127.0.4.3")
    send(2000)
    assert closed(hub, "127.0.4.3") == ["rebooted"]
    wait_for(lambda: state(hub, "127.0.4.3") == "gone", what="its being gone")
    assert closed(hub, "127.0.4.3") == ["rebooted", "silent"]


@pytest.mark.slow
def test_an_idle_board_with_a_websocket_is_connected_however_silent(hub: HubProcess) -> None:
    with Board(hub, source="127.0.4.4"), Board(hub, source="127.0.4.5") as talks:
        talks.reading()
        wait_for(
            lambda: (
                next(row for row in hub.get("/status")["boards"] if row["address"] == "127.0.4.4")["silent_seconds"]
                > 3.2
            ),
            what="a long silence",
        )
        assert state(hub, "127.0.4.4") == "connected" and not closed(hub, "127.0.4.4")


def test_all_boards_are_told_and_a_stalled_one_holds_up_nobody(app: Any) -> None:
    """`send` over real sockets is in the tests of live pictures; here a socket that never takes anything."""
    from gevent import sleep
    from gevent.event import Event

    class Stalled:
        def __init__(self, released: Event) -> None:
            self.released, self.got = released, []

        def send(self, message: bytes, timeout: float) -> None:
            self.released.wait()
            self.got.append(bytes(message))

    hub = app.extensions["gatehouse"]
    boards, commands = hub.part(Boards), hub.part(BoardCommands)
    never, at_once = Event(), Event()
    at_once.set()
    stuck, quick = Stalled(never), Stalled(at_once)
    boards.connected("10.0.0.1", stuck)
    boards.connected("10.0.0.2", quick)
    for number in range(30):
        assert commands.send({"event": "set_video_interval", "interval_ms": number}) == 2
        sleep(0)
    assert len(quick.got) == 30 and not stuck.got
    never.set()
    for _ in range(20):
        sleep(0)
    assert 1 <= len(stuck.got) <= 10 and b'"interval_ms":29' in stuck.got[-1]
    boards.disconnected("10.0.0.2", quick)
    assert commands.send({"event": "x"}) == 1
