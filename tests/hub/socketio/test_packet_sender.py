"""Packets of a WebSocket session go out at once, in order, and whole, however slowly the client reads."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
import socketio
from engineio.packet import MESSAGE, Packet
from gevent import socket

from hub.http.server import HubServer, ServerOptions
from hub.live.queues import QueueFull
from hub.socketio import internals, packet_sender
from hub.socketio.outgoing import OutgoingPackets
from hub.socketio.packet_sender import PacketSender
from hub.websocket.connection import Prepared, WebSocketClosed, prepare
from tests.support import ws
from tests.support.uplink import socketio_server

UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class FakeSocket:
    """A WebSocket that takes what `takes` says: all, part or nothing of what is sent without waiting."""

    def __init__(self, takes: str = "all") -> None:
        self.takes, self.closed, self.unfinished = takes, False, False
        self.written: list[bytes] = []
        self.closes = 0

    def send_now(self, frames: Prepared) -> bool:
        if self.takes == "nothing":
            return False
        self.written.append(frames)
        self.unfinished = self.takes == "part"
        return True

    def send(self, frames: Prepared) -> None:
        if self.closed:
            raise WebSocketClosed(1006, "")
        self.unfinished = False
        self.written.append(frames)

    def close(self) -> None:
        self.closed = True
        self.closes += 1


class Sender:
    """A sender to a fake socket; greenlets that it wants are in `wanted`."""

    def __init__(self, takes: str = "all") -> None:
        self.socket, self.queue = FakeSocket(takes), OutgoingPackets(10_000)
        self.wanted: list[Callable[[], None]] = []
        self.sender = PacketSender(self.queue, self.socket, self.wanted.append)  # type: ignore[arg-type]

    def send(self, *texts: str) -> None:
        for text in texts:
            self.sender.send(Packet(MESSAGE, data=text))

    def work(self) -> None:
        while self.wanted:
            self.wanted.pop()()


def frames(*texts: str) -> bytes:
    return b"".join(prepare(f"{MESSAGE}{text}") for text in texts)


def test_a_packet_goes_out_without_a_queue_and_without_a_greenlet() -> None:
    made = Sender()
    made.send("a", "b")
    assert made.socket.written == [frames("a"), frames("b")]
    assert not made.wanted and not made.queue.qsize()


def test_what_is_not_taken_goes_out_in_order_in_one_write() -> None:
    made = Sender("nothing")
    made.send("a", "b", "c")
    made.socket.takes = "all"
    made.send("d")  # behind the others, though the socket would take it now
    assert len(made.wanted) == 1 and not made.socket.written
    made.work()
    assert made.socket.written == [frames("a", "b", "c", "d")]
    made.send("e")
    assert made.socket.written[1:] == [frames("e")] and not made.wanted and made.queue.queued_bytes == 0


def test_writes_of_queued_packets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_sender, "WRITE_BYTES", 8)
    made = Sender("nothing")
    made.send("a", "b", "c")
    made.work()
    assert made.socket.written == [frames("a", "b"), frames("c")]


def test_the_rest_of_a_packet_goes_out_before_the_next_one() -> None:
    made = Sender("part")
    made.send("a")
    made.send("b")
    assert made.socket.written == [frames("a")] and len(made.wanted) == 1
    made.work()
    assert made.socket.written == [frames("a"), b"", frames("b")]


def test_the_end_of_a_session_comes_after_its_packets() -> None:
    made = Sender("nothing")
    made.send("a")
    made.queue.put(None)
    made.sender.flush()
    made.work()
    assert made.socket.written == [frames("a")] and made.socket.closes == 1
    made.send("b")  # nobody is there any more
    assert not made.wanted and not made.queue.qsize()


def test_a_client_that_reads_nothing_fills_its_queue_and_no_more() -> None:
    made = Sender("nothing")
    with pytest.raises(QueueFull):
        made.send(*["x" * 1000] * 20)
    assert made.queue.queued_bytes <= 10_000 and len(made.wanted) == 1


def test_a_connection_that_breaks_amid_its_packets_is_left_to_its_reader() -> None:
    made = Sender("nothing")
    made.send("a")
    made.socket.closed = True
    made.work()
    assert made.socket.written == [] and not made.socket.closes


# -- a hub that listens in this process


class Client:
    """A Socket.IO client over a raw socket."""

    def __init__(self, port: int) -> None:
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.settimeout(20)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(UPGRADE.encode())
        self._file = self.sock.makefile("rb")
        while self._file.readline().strip():
            pass
        self.session = json.loads(self.text()[1:])["sid"]
        self.sock.sendall(ws.frame(1, b"40"))
        assert self.text().startswith("40")

    def text(self) -> str:
        head = self._file.read(2)
        size = head[1] if head[1] < 126 else int.from_bytes(self._file.read(2), "big")
        return self._file.read(size).decode()

    def close(self) -> None:
        self._file.close()
        self.sock.close()


@pytest.fixture
def port(app: Any) -> Iterator[int]:
    http = HubServer(app.wsgi_app, ServerOptions(host="127.0.0.1", port=0))
    http.start()
    yield http.port
    http.stop(2.0)


def test_a_client_that_reads_late_gets_everything_whole_and_in_order(port: int, server: Any) -> None:
    client = Client(port)
    session = internals.engineio_session(server, client.session)
    assert session is not None
    texts = [f'2["number",{number},"{"x" * 1500}"]' for number in range(1000)]
    for text in texts:
        internals.send_text(session, text)
    assert session.queue.qsize() > 100  # the system has not taken all of it
    for text in texts:
        assert client.text() == f"4{text}"
    internals.send_text(session, '2["last"]')
    assert client.text() == '42["last"]' and session.queue.queued_bytes == 0
    client.close()


def test_a_session_has_no_greenlet_beside_that_of_its_connection(port: int, server: Any) -> None:
    def greenlets() -> int:
        # By its type: isinstance would ask each object for its class, and some of other libraries warn when asked.
        return sum(issubclass(type(each), gevent.Greenlet) and not each.dead for each in gc.get_objects())

    first = Client(port)
    before = greenlets()
    others = [Client(port) for _ in range(30)]
    assert greenlets() < before + 1.5 * len(others)  # some of the hub's own come and go
    server.disconnect(server.manager.sid_from_eio_sid(first.session, "/"))  # which is told before the connection ends
    assert first.text() == "41"
    for client in (first, *others):
        client.close()


def test_another_server_of_this_process_has_the_librarys_own_ways(server: Any) -> None:
    """The methods of the library are replaced for all servers, and only that of the hub has pings and bounds."""
    with socketio_server(lambda sent: {"success": True, "tag": sent["tag"]}) as url, Program(url) as client:
        assert client.call("capture_result", {"tag": "E1"}) == {"success": True, "tag": "E1"}


class Program(socketio.SimpleClient):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.connect(url, transports=["polling"])
