"""Games that stall, vanish or stay silent, and idle boards: nobody else is delayed, nobody healthy is dropped."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import socketio

from tests.support import ws
from tests.support.helpers import HubProcess, wait_for
from tests.support.tags import (
    ACK,
    IDENTIFY,
    TOKEN,
    Board,
    GameClient,
    ImpatientHub,
    Peer,
    games,
    record,
    stalled_game,
    tag_hub,
    urls,
)

PADDING = "x" * 500  # so that a stalled game's buffers fill up soon


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(
        tmp_path_factory.mktemp("games"), HUB_APRILTAG_GAME_STALL_SECONDS="60", HUB_APRILTAG_GAME_QUEUE="64"
    ) as process:
        yield process
        assert "Traceback" not in process.text()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that drops a game after two seconds."""
    with tag_hub(tmp_path_factory.mktemp("strict"), HUB_APRILTAG_GAME_STALL_SECONDS="2") as process:
        yield process
        assert "Traceback" not in process.text()


def flood(board: Board, count: int, tags: int = 1, beside: Collector | None = None, **fields: object) -> list[float]:
    """`count` readings, each acknowledged before the next; seconds that each acknowledgement took.

    As fast as they are acknowledged, except for the time that the game `beside`, a thread of this process, needs.
    """
    took = []
    for number in range(count):
        if beside is not None and number % 50 == 0:
            wait_for(lambda number=number: number - len(beside.numbers) < 100, what="the game's reading")
        began = time.perf_counter()
        board.reading(tag_id=1000 + number % tags, number=number, **fields)
        took.append(time.perf_counter() - began)
    return took


class Collector(threading.Thread):
    """A healthy game that keeps the numbers of what it hears until `last`."""

    def __init__(self, game: GameClient, last: int) -> None:
        super().__init__(daemon=True)
        self.game, self.last, self.numbers = game, last, []
        self.start()

    def run(self) -> None:
        while not self.numbers or self.numbers[-1] != self.last:
            number = self.game.hear().get("number")
            if number is not None:
                self.numbers.append(number)


@pytest.mark.alone
@pytest.mark.slow
def test_a_stalled_game_delays_neither_acks_nor_other_games_and_is_dropped(strict: HubProcess) -> None:
    stalled = stalled_game(strict)
    with Board(strict) as board, GameClient(strict, name="healthy") as game:
        collector = Collector(game, 2999)
        took = flood(board, 3000, beside=collector, padding=PADDING)
        collector.join(20)
        assert len(collector.numbers) >= 0.95 * 3000 and collector.numbers == sorted(set(collector.numbers))
        assert max(took) < 2.0  # the stall limit: no ack has waited for the stalled game
        wait_for(lambda: strict.get("/status")["games"]["stalled"] == 1, what="the stalled game's end")
        assert [row["name"] for row in games(strict)] == ["healthy"]
        assert board.quiet() and game.quiet()
    whole = closes = 0
    with pytest.raises(
        (EOFError, ConnectionError)
    ):  # whole frames, then the reason where the system tells how much waits, then the end
        while True:
            opcode, payload = ws.read_frame(stalled.sock)
            assert (
                opcode == 9
                or (opcode == 8 and payload[:2] == (1013).to_bytes(2, "big"))
                or json.loads(payload)["event"]
            )
            whole += opcode == 1
            closes += opcode == 8
    assert whole > 10 and (closes == 1 or sys.platform == "win32")
    stalled.sock.close()


def test_a_game_that_is_behind_gets_the_newest_of_each_tag(hub: HubProcess) -> None:
    slow = stalled_game(hub)
    with Board(hub) as board:
        flood(board, 1000, tags=3, padding=PADDING, run="behind")
        row = next(row for row in games(hub) if row["name"] == "stalled")
        assert row["behind"] is True and row["dropped"] > 0 and row["queue"] <= 64
        heard: dict[int, int] = {}
        while heard.get(1000) != 999 or len(heard) < 3:  # it reads again, in time
            opcode, payload = ws.read_frame(slow.sock)
            if opcode == 1 and (message := json.loads(payload)).get("run") == "behind":
                assert message["number"] > heard.get(message["tag_id"], -1)
                heard[message["tag_id"]] = message["number"]
        assert heard == {1000: 999, 1001: 997, 1002: 998}
        wait_for(
            lambda: next(row for row in games(hub) if row["name"] == "stalled")["behind"] is False,
            what="its having caught up",
        )
        board.reading(tag_id=7, number=1000)
        assert json.loads(ws.read_frame(slow.sock)[1])["number"] == 1000
    slow.close()


@pytest.mark.slow
def test_a_healthy_game_hears_95_of_100_at_200_a_second_beside_a_stalled_one(hub: HubProcess) -> None:
    stalled = stalled_game(hub)
    with Board(hub) as board, GameClient(hub) as game:
        collector = Collector(game, 1999)
        begin = time.monotonic()
        for number in range(2000):
            while time.monotonic() < begin + number / 200:
                time.sleep(0.002)
            board.reading(tag_id=1, number=number, padding=PADDING)
        collector.join(20)
        assert len(collector.numbers) >= 1900, len(collector.numbers)
    stalled.sock.close()


def test_fifty_tags_in_one_burst_reach_a_game_that_reads(hub: HubProcess) -> None:
    with Board(hub) as board, GameClient(hub) as game:
        for number in range(50):
            board.say({"event": "apriltag_data", **record(tag_id=2000 + number)})
        assert [board.hear() for _ in range(50)] == [ACK] * 50
        assert [game.reading(2000 + number)["tag_id"] for number in range(50)] == list(range(2000, 2050))


def test_games_come_and_go(hub: HubProcess) -> None:
    with Board(hub) as board:
        before = len(games(hub))
        crowd = [GameClient(hub, urls(hub)[number % 4], name=f"game {number}") for number in range(12)]
        sent = board.reading(tag_id=3000)
        assert {game.reading(3000)["timestamp"] for game in crowd} == {sent["timestamp"]}
        assert len(games(hub)) == before + 12
        for number, game in enumerate(crowd):
            if number % 2:
                game.close()
            else:
                game.socket.shutdown()
        wait_for(lambda: len(games(hub)) == before, what="the games' being gone")
        board.reading()


def test_a_game_hears_the_readings_of_every_door(hub: HubProcess) -> None:
    with GameClient(hub) as game, Board(hub, source="127.0.0.2") as board:
        for port in (hub.port, hub.side["apriltag"]):
            posted = record(tag_id=5000 + port, camera_name="it's posted")
            answer = requests.post(
                f"http://127.0.0.1:{port}/apriltag", json=posted, headers={"Authorization": TOKEN}, timeout=10
            )
            assert answer.json() == ACK
            heard = game.reading(5000 + port)
            assert heard.pop("server_timestamp") and heard == {"event": "apriltag_data", **posted}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("127.0.0.4", 0))
            sender.settimeout(10)
            sender.sendto(json.dumps(record(tag_id=6000)).encode(), ("127.0.0.1", hub.side["apriltag_udp"]))
            assert json.loads(sender.recv(255))["tag_id"] == 6000
        assert game.reading(6000)["smartcam_ip"] == "127.0.0.4"
        board.reading(tag_id=6001)
        assert game.reading(6001)["smartcam_ip"] == "192.168.1.100"


@pytest.mark.slow
def test_when_the_hub_ends_everybody_is_told_and_may_come_back(tmp_path: Path) -> None:
    hub = tag_hub(tmp_path)
    with hub:
        board, game = Board(hub), GameClient(hub)
        board.reading(tag_id=1)
        assert game.reading(1)["tag_id"] == 1
        hub.process.send_signal(signal.SIGTERM)
        for peer in (board, game):
            opcode, frame = peer.socket.recv_data_frame(control_frame=True)
            assert (opcode, frame.data[:2]) == (8, (1001).to_bytes(2, "big"))
            peer.close()
        assert hub.process.wait(20) == 0
        hub.start()
        with Board(hub) as board, GameClient(hub) as game:
            board.reading(tag_id=2)
            assert game.reading(2)["tag_id"] == 2


def test_dashboards_over_socket_io_are_undisturbed(hub: HubProcess) -> None:
    dashboard = socketio.Client(reconnection=False)
    dashboard.connect(f"http://127.0.0.1:{hub.side['apriltag']}", transports=["websocket"])
    try:
        with Board(hub) as board, GameClient(hub):
            board.reading()
            assert dashboard.call("join_dashboard", timeout=10)["success"] is True
    finally:
        dashboard.disconnect()


# -- silence and vanishing, with a hub that counts tenths of seconds


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(tmp_path_factory.mktemp("impatient"), ImpatientHub) as process:
        yield process


def pongs(peer: Peer, count: int) -> None:
    """Say nothing, only answer the hub's pings, `count` times: as a library does for its program."""
    for _ in range(count):
        opcode, _ = peer.socket.recv_data_frame(control_frame=True)
        assert opcode == 9


@pytest.mark.slow
def test_an_idle_game_and_an_idle_board_stay(impatient: HubProcess) -> None:
    with Board(impatient) as board, GameClient(impatient) as game:
        began = time.monotonic()
        while time.monotonic() < began + 4.5:  # three times the limit of a silent peer
            pongs(board, 1)
            pongs(game, 1)
        board.reading(tag_id=4000)
        assert game.reading(4000)["tag_id"] == 4000


@pytest.mark.slow
def test_a_half_open_board_and_a_half_open_game_are_dropped(impatient: HubProcess) -> None:
    half_open = []
    for text in (IDENTIFY.replace("<TOKEN>", TOKEN), '{"event":"identify","data":{"type":"gdevelop"}}'):
        sock = ws.open_raw(impatient.side["apriltag"], "/")
        sock.sendall(ws.frame(1, text.encode()))
        while b"identify_success" not in ws.read_frame(sock)[1]:
            pass
        half_open.append(sock)  # it neither answers nor closes from here on
    wait_for(
        lambda: not impatient.get("/status")["websocket"]["esp32_connected"] and not games(impatient),
        what="their being dropped",
    )
    for sock in half_open:
        assert ws.read_close(sock)[0] == 1011
        sock.close()


def test_the_hub_as_it_is_pings_early_waits_over_a_minute_and_gives_up_within_90_seconds() -> None:
    from hub.http.server import ServerOptions

    options = ServerOptions()
    tick = 1.0
    assert (
        options.ping_seconds <= 30
        and options.idle_seconds - options.ping_seconds >= 60
        and options.idle_seconds + 2 * tick < 90
    )
