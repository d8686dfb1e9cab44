"""Datagrams of AprilTag boards and their ACKs, over real sockets (docs/wire/apriltag.md 1.2)."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import gevent.socket
import pytest

from hub.apriltag.udp import UdpReceiver
from hub.settings.apriltag import AprilTag
from tests.hub.apriltag.test_contract import INVALID, VALID, stem
from tests.support.helpers import HubProcess, wait_for
from tests.support.tags import TOKEN, Board, GameClient, record, tag_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(tmp_path_factory.mktemp("udp")) as process:
        yield process
        assert "Traceback" not in process.text()


class UdpBoard:
    """A board with today's firmware: it sends, and reads one datagram of at most 255 bytes."""

    def __init__(self, hub: HubProcess, source: str = "127.0.0.1") -> None:
        self.hub = hub
        self.port = hub.side["apriltag_udp"]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.bind((source, 0))

    def send(self, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        self.socket.sendto(data, ("127.0.0.1", self.port))

    def ack(self) -> dict[str, Any]:
        data, sender = self.socket.recvfrom(65536)
        assert sender == ("127.0.0.1", self.port) and len(data) <= 255
        return json.loads(data)

    def waiting(self) -> bool:
        """Whether another datagram lies here."""
        self.socket.setblocking(False)
        try:
            return bool(self.socket.recv(65536, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self.socket.settimeout(10)

    def unanswered(self, reason: str, *bodies: Any) -> None:
        """Each of `bodies` is counted under `reason` and answered by nothing."""
        before = udp(self.hub)["ignored"].get(reason, 0)
        for body in bodies:
            self.send(body)
        wait_for(
            lambda: udp(self.hub)["ignored"].get(reason, 0) == before + len(bodies), what=f"being ignored: {reason}"
        )
        assert not self.waiting()

    def __enter__(self) -> UdpBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def udp(hub: HubProcess) -> dict[str, Any]:
    return hub.get("/status")["udp"]


@pytest.fixture
def board(hub: HubProcess) -> Iterator[UdpBoard]:
    with UdpBoard(hub) as one:
        yield one


def test_one_ack_and_one_reading_for_each_datagram(hub: HubProcess, board: UdpBoard) -> None:
    with GameClient(hub) as game:
        sent = record(tag_id=21)
        board.send(sent)
        ack = board.ack()
        assert ack.pop("server_timestamp") == pytest.approx(time.time(), abs=30)
        assert ack == {"event": "apriltag_ack", "status": "received", "tag_id": 21}
        heard = game.reading(21)
        assert isinstance(heard.pop("server_timestamp"), float)
        assert heard == {"event": "apriltag_data", **sent, "smartcam_ip": "127.0.0.1"}
    assert not board.waiting()
    (row,) = hub.get("/api/apriltags", tag=21)["apriltags"]
    assert row["door"] == "udp" and row["smartcam_ip"] == "127.0.0.1"


def test_the_ack_of_each_board_goes_to_it_alone(hub: HubProcess) -> None:
    boards = [UdpBoard(hub, f"127.0.2.{number}") for number in range(1, 6)]
    for turn in range(5):
        for number, board in enumerate(boards):
            board.send(record(tag_id=100 + number, x_cm=turn))
    for number, board in enumerate(boards):
        assert [board.ack()["tag_id"] for _ in range(5)] == [100 + number] * 5
        assert not board.waiting()
        board.socket.close()
    for number in range(5):
        assert len(hub.get("/api/apriltags", board=f"127.0.2.{number + 1}")["apriltags"]) == 5


@pytest.mark.parametrize(
    "body",
    [{}, {"tag_id": None}, {"tag_id": "x" * 1000}, {"tag_id": [1] * 200}, {"x_cm": None, "y_cm": None, "z_cm": None}],
)
def test_any_object_gets_a_short_ack(board: UdpBoard, body: dict[str, Any]) -> None:
    board.send(body)
    assert board.ack()["tag_id"] is None
    assert not board.waiting()


@pytest.mark.parametrize("path", [path for path in VALID if path.stem != "apriltag_first_build"], ids=stem)
def test_every_valid_form(board: UdpBoard, path: Path) -> None:
    (reading,) = json.loads(path.with_suffix(".becomes.json").read_text("utf-8"))
    board.send(path.read_bytes())
    assert board.ack()["tag_id"] == reading["tag_id"]
    assert not board.waiting()


@pytest.mark.parametrize("path", [path for path in INVALID if path.stat().st_size <= 1472], ids=stem)
def test_what_is_no_object_is_counted_and_not_answered(board: UdpBoard, path: Path) -> None:
    board.unanswered("not a JSON object", path.read_bytes())


def test_noise_disturbs_nobody(hub: HubProcess, board: UdpBoard) -> None:
    dice = random.Random(3)
    board.unanswered(
        "too long", dice.randbytes(1500), dice.randbytes(60_000), json.dumps({"tag_id": 1, "note": "x" * 1500}).encode()
    )
    board.unanswered("not a JSON object", b"", b"\x00", b"{", dice.randbytes(1472), b"[" * 1400)
    board.send(record(tag_id=22))
    assert board.ack()["tag_id"] == 22


def test_an_ack_that_nobody_waits_for_harms_nobody(hub: HubProcess, board: UdpBoard) -> None:
    with UdpBoard(hub) as gone:
        for _ in range(50):
            gone.send(record())
    board.send(record(tag_id=23))
    assert board.ack()["tag_id"] == 23


def test_addresses_that_are_not_admitted_are_not_answered() -> None:
    asked: list[str] = []

    def admits(address: str) -> bool:
        asked.append(address)
        return address == "127.0.0.7"

    receiver = UdpReceiver(AprilTag(), SimpleNamespace(accept=lambda *_: None), admits)
    port = receiver.open("127.0.0.1", 0)
    greenlet = gevent.spawn(receiver.run)
    try:
        for source, served in (("127.0.0.7", True), ("127.0.0.8", False)):
            with gevent.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((source, 0))
                sock.sendto(json.dumps(record()).encode(), ("127.0.0.1", port))
                if served:
                    assert json.loads(sock.recv(500))["status"] == "received"
                else:
                    with gevent.Timeout(5):
                        while not receiver.ignored["network not served"]:
                            gevent.sleep(0.01)
        assert asked == ["127.0.0.7", "127.0.0.8"] and receiver.acknowledged == 1
    finally:
        receiver.close()
        greenlet.kill()


def test_only_the_proxy_may_name_the_sender_of_a_datagram() -> None:
    heard: list[tuple[str, Any]] = []
    accept = SimpleNamespace(accept=lambda reading, address, transport: heard.append((address, reading.smartcam_ip)))
    receiver = UdpReceiver(AprilTag(), accept, lambda address: address in ("192.0.2.7", "127.0.0.8"), "127.0.0.7")
    port = receiver.open("127.0.0.1", 0)
    greenlet = gevent.spawn(receiver.run)
    header = b"PROXY TCP4 %s 192.0.2.1 53673 5200\r\n"
    try:
        for source, before, reason in (
            ("127.0.0.7", header % b"192.0.2.7", ""),
            ("127.0.0.7", header % b"192.0.2.8", "network not served"),
            ("127.0.0.7", header % b"127.0.0.8", "proxy names no sender"),
            ("127.0.0.7", b"", "proxy names no sender"),
            ("127.0.0.8", b"", ""),
            ("127.0.0.8", header % b"192.0.2.7", "not a JSON object"),
        ):
            ignored = receiver.ignored[reason]
            with gevent.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, gevent.Timeout(5):
                sock.bind((source, 0))
                sock.sendto(before + json.dumps(record()).encode(), ("127.0.0.1", port))
                if not reason:
                    assert json.loads(sock.recv(500))["status"] == "received"
                while reason and receiver.ignored[reason] == ignored:
                    gevent.sleep(0.01)
        assert heard == [("192.0.2.7", "192.0.2.7"), ("127.0.0.8", "127.0.0.8")]
    finally:
        receiver.close()
        greenlet.kill()


@pytest.mark.slow
def test_a_source_that_sends_too_much_is_cut_others_are_not(tmp_path: Path) -> None:
    with (
        tag_hub(tmp_path, HUB_APRILTAG_SOURCE_RATE="20") as hub,
        UdpBoard(hub, "127.0.0.2") as flood,
        UdpBoard(hub) as board,
    ):
        for _ in range(20):
            flood.send(record(tag_id=1))
            assert flood.ack()["tag_id"] == 1
        for batch in range(8):  # no more than the system's own buffer holds
            for _ in range(50):
                flood.send(record(tag_id=2))
            wait_for(lambda batch=batch: udp(hub)["received"] == 70 + batch * 50, what="the flood's arrival")
        state = udp(hub)
        assert state["acknowledged"] + state["ignored"]["too many"] == 420 and state["ignored"]["too many"] > 100
        board.send(record(tag_id=3))
        assert board.ack()["tag_id"] == 3


def test_acks_come_one_by_one_beside_another_board(hub: HubProcess) -> None:
    """500 datagrams, each sent when the one before is acknowledged, beside a WebSocket board that does the same."""
    done: list[int] = []

    def over_websocket() -> None:
        with Board(hub, source="127.0.0.9") as other:
            for _ in range(200):
                other.reading(tag_id=24)
        done.append(1)

    thread = threading.Thread(target=over_websocket)
    thread.start()
    with UdpBoard(hub) as board:
        for number in range(500):
            board.send(record(tag_id=number))
            assert board.ack()["tag_id"] == number
    thread.join()
    assert done
    assert TOKEN not in hub.text()


@pytest.mark.slow
def test_off_and_taken(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "off", HUB_APRILTAG_UDP_PORT="0") as hub:
        wait_for(lambda: "Stop with Ctrl-C" in hub.text(), what="the start's text")
        assert udp(hub) is None and "udp://" not in hub.text()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", 0))
        port = holder.getsockname()[1]
        with HubProcess(tmp_path / "taken", HUB_APRILTAG_UDP_PORT=str(port)) as hub:
            (warning,) = hub.get("/status")["warnings"]
            assert "UDP port for apriltag" in warning and str(port) in warning
            wait_for(lambda: warning in hub.text(), what="the warning in the start's text")


def test_the_start_names_the_port(hub: HubProcess) -> None:
    wait_for(lambda: f"udp://127.0.0.1:{hub.side['apriltag_udp']}" in hub.text(), what="the port in the start's text")
    assert json.loads((hub.instance / "hub.ready.json").read_bytes())["ports"]["udp"] == hub.side["apriltag_udp"]
    assert udp(hub)["port"] == hub.side["apriltag_udp"]
