"""What `hub.socketio.internals` uses of python-socketio and python-engineio still does what it did.

A hub in this process serves real connections, so that its server object can be inspected. When one of these tests fails
after an update of the libraries, `internals.py` must be adapted before the new versions are pinned.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
import requests
import websocket
from engineio.packet import Packet
from engineio.payload import Payload

from hub.http.server import HubServer, ServerOptions
from hub.socketio import internals, sessions
from hub.socketio.library_types import EngineIoSession
from hub.socketio.outgoing import OutgoingPackets

pytestmark = pytest.mark.slow

BINARY_EVENT = '451-["attached",{"_placeholder":true,"num":0}]'


def native(function: Callable[..., Any], *args: Any) -> Any:
    """The result of a blocking call, made in a thread so that the hub in this process goes on."""
    return gevent.get_hub().threadpool.apply(function, args)


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true value of `condition`, while the hub in this process goes on."""
    with gevent.Timeout(seconds):
        while not (value := condition()):
            gevent.sleep(0.01)
    return value


class Line:
    """A Socket.IO client packet by packet, over a WebSocket; `session` is its Engine.IO id."""

    def __init__(self, port: int, session: str = "") -> None:
        query = f"EIO=4&transport=websocket{f'&sid={session}' if session else ''}"
        url = f"ws://127.0.0.1:{port}/socket.io/?{query}"
        self._socket = native(lambda: websocket.create_connection(url, timeout=10))
        self.session = session
        if not session:
            self.session = json.loads(self.receive()[1:])["sid"]
            self.send("40")
            assert self.receive().startswith("40")

    def send(self, packet: str | bytes) -> None:
        native(self._socket.send if isinstance(packet, str) else self._socket.send_binary, packet)

    def receive(self) -> str:
        return native(self._socket.recv)

    def close(self) -> None:
        native(self._socket.close)


class Polling:
    """A Socket.IO client that polls."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"
        self.session = json.loads(self._get()[1:])["sid"]
        self._url += f"&sid={self.session}"
        self.post("40")
        assert self.poll()[0].startswith("40")

    def _get(self) -> str:
        return native(lambda: requests.get(self._url, timeout=10).text)

    def poll(self) -> list[str]:
        return self._get().split("\x1e")

    def post(self, packets: str) -> None:
        assert native(lambda: requests.post(self._url, data=packets, timeout=10).text) == "OK"


@pytest.fixture
def begun() -> list[str]:
    """The methods of the requests that the hub has begun to answer."""
    return []


@pytest.fixture
def port(app: Any, begun: list[str]) -> Iterator[int]:
    """The port of a hub that listens in this process."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        begun.append(environ["REQUEST_METHOD"])
        return app.wsgi_app(environ, start_response)

    http = HubServer(serve, ServerOptions(host="127.0.0.1", port=0))
    http.start()
    yield http.port
    http.stop(2.0)


@pytest.fixture
def line(port: int) -> Iterator[Line]:
    line = Line(port)
    yield line
    line.close()


@pytest.fixture
def polling(port: int) -> Polling:
    return Polling(port)


def session_of(server: Any, client: Line | Polling) -> EngineIoSession:
    session = internals.engineio_session(server, client.session)
    assert session is not None
    return session


def test_a_websocket_session_and_its_client(server: Any, line: Line, port: int) -> None:
    session = session_of(server, line)
    assert internals.is_upgraded(session) and not session.closed
    assert internals.connection_count(server) == 1
    sid = internals.connected_sid(server, line.session)
    assert sid and sid != line.session and internals.is_connected(server, sid)
    environ = internals.session_environ(server, line.session)
    assert environ["REMOTE_ADDR"] == "127.0.0.1" and environ["wsgi.websocket"].accepted
    assert server.get_environ(sid) is environ
    line.close()
    until(lambda: internals.engineio_session(server, line.session) is None)
    assert internals.connected_sid(server, line.session) is None and not internals.is_connected(server, sid)
    Line(port).close()
    until(lambda: internals.connection_count(server) == 0)


def test_an_unknown_session(server: Any) -> None:
    assert internals.engineio_session(server, "unknown") is None
    assert internals.connected_sid(server, "unknown") is None
    assert not internals.is_connected(server, "unknown") and not internals.pending_binary(server, "unknown")


def test_rooms_have_sessions_as_participants(server: Any, line: Line) -> None:
    sid = internals.connected_sid(server, line.session)
    assert not internals.has_participants(server, "room") and internals.participants(server, "room") == []
    server.enter_room(sid, "room")
    assert internals.has_participants(server, "room") and internals.participants(server, "room") == [line.session]
    server.leave_room(sid, "room")
    assert not internals.has_participants(server, "room")


def test_packets_go_out_in_the_order_of_their_sending(server: Any, line: Line) -> None:
    session = session_of(server, line)
    internals.send_text(session, '2["first"]')
    internals.send_frames(session, ['2["second"]', '2["third"]'])
    internals.send_text(session, '2["fourth"]')
    assert [line.receive() for _ in range(4)] == ['42["first"]', '42["second"]', '42["third"]', '42["fourth"]']


def test_frames_are_sent_as_they_are_encoded() -> None:
    packet = Packet(4, data="ordinary")
    assert packet.encode_cache is None
    packet.encode_cache = internals.frames_of(["2[]"])
    assert packet.encode() is packet.encode_cache


def test_sending_to_a_closed_session_raises(server: Any, line: Line) -> None:
    session = session_of(server, line)
    line.close()
    until(lambda: session.closed)
    with pytest.raises(internals.SessionClosed):
        internals.send_text(session, "2[]")


def test_the_message_handler_receives_every_message(server: Any, line: Line) -> None:
    received: list[tuple[str, Any]] = []
    ordinary = internals.message_handler(server)

    def handler(session: str, data: str | bytes) -> None:
        received.append((session, data))
        ordinary(session, data)

    internals.set_message_handler(server, handler)
    line.send('421["join_dashboard"]')
    assert [line.receive()[:2] for _ in range(2)] == ["42", "43"]
    assert received == [(line.session, '21["join_dashboard"]')]


def test_event_handlers_run_where_the_hub_says(server: Any, line: Line) -> None:
    spawned: list[Any] = []
    internals.spawn_events_with(server, lambda target, *args: spawned.append(target) or target(*args))
    line.send('421["join_dashboard"]')
    assert [line.receive()[:2] for _ in range(2)] == ["42", "43"]
    assert len(spawned) == 1


def test_the_attachment_of_an_event_is_pending(server: Any, line: Line) -> None:
    received: list[Any] = []
    server.on("attached", lambda sid, *args: received.extend(args))
    line.send(BINARY_EVENT)
    until(lambda: internals.pending_binary(server, line.session))
    line.send(b"\x01\x02")
    assert until(lambda: received) == [b"\x01\x02"]
    assert not internals.pending_binary(server, line.session)


def test_a_polling_session_becomes_a_websocket(server: Any, polling: Polling, port: int) -> None:
    session = session_of(server, polling)
    assert not internals.is_upgraded(session) and internals.connection_count(server) == 1
    line = Line(port, polling.session)
    line.send("2probe")
    assert line.receive() == "3probe"
    line.send("5")
    until(lambda: internals.is_upgraded(session))
    assert internals.engineio_session(server, polling.session) is session
    internals.send_frames(session, ['2["now"]'])
    packets = [line.receive()]
    while not packets[-1].startswith("42"):  # an empty packet ends the last poll
        packets.append(line.receive())
    assert packets[-1] == '42["now"]'
    line.close()


def test_a_poll_is_answered_with_sixteen_packets_at_most(server: Any, polling: Polling) -> None:
    session = session_of(server, polling)
    for number in range(20):
        internals.send_text(session, f"2[{number}]")
    assert internals.queued_packets(session) == 20
    packets = polling.poll()
    assert packets == [f"42[{number}]" for number in range(internals.MAX_POLL_PACKETS)]
    assert internals.queued_packets(session) == 4
    assert polling.poll() == [f"42[{number}]" for number in range(16, 20)]


def test_one_post_may_carry_a_thousand_packets(server: Any, polling: Polling) -> None:
    assert Payload.max_decode_packets == internals.MAX_POST_PACKETS == 1000
    polling.post("\x1e".join(['42["leave_dashboard"]'] * 100))
    session = session_of(server, polling)
    until(lambda: internals.queued_packets(session) == 100)


def test_polls_in_progress_are_answered_with_an_empty_packet(
    server: Any, polling: Polling, line: Line, begun: list[str]
) -> None:
    answers: list[list[str]] = []
    begun.clear()
    poll = gevent.spawn(lambda: answers.append(polling.poll()))
    session = session_of(server, polling)
    until(lambda: begun == ["GET"])
    assert not answers and internals.queued_packets(session) == 0
    internals.answer_polls(server)
    poll.join(10)
    assert answers == [["6"]] and not session.closed
    internals.send_text(session_of(server, line), '2["only"]')
    assert line.receive() == '42["only"]'


def test_queues_are_bounded_and_a_session_over_its_limit_ends(server: Any, polling: Polling) -> None:
    session = session_of(server, polling)
    assert isinstance(session.queue, OutgoingPackets)
    for _ in range(9):
        if session.closed:
            break
        internals.send_text(session, "2" + "x" * 1_000_000)
    assert session.closed and session.queue.queued_bytes == 0
    assert sessions.queued_bytes(server) == 0 and server.eio.guard.ended == 1


def test_attachments_of_a_session_that_ends_are_dropped(server: Any, line: Line) -> None:
    line.send('452-["attached",{"_placeholder":true,"num":0}]')
    line.send(b"x")
    until(lambda: internals.pending_binary(server, line.session))
    line.close()
    until(lambda: server._binary_packet == {})


@pytest.mark.parametrize("packet", ["9", "x", "", "bA", "é"])
def test_what_is_no_packet_ends_a_websocket_session(server: Any, port: int, packet: str) -> None:
    line = Line(port)
    line.send(packet)
    until(lambda: internals.connection_count(server) == 0)
    line.close()
    assert server.eio.guard.malformed == 1


@pytest.mark.parametrize("packet", ["49", "42", "42[]", '42{"a":1}', "42[[1]]", "45-", '451-["a"', "44", "43", "4null"])
def test_a_malformed_event_costs_an_error_at_most(server: Any, line: Line, packet: str) -> None:
    line.send(packet)
    line.send('421["join_dashboard"]')
    texts = [line.receive()]
    while not texts[-1].startswith("43"):
        texts.append(line.receive())
    errors = [text for text in texts if text.startswith('42["error"')]
    assert [text[:2] for text in texts if text not in errors] == ["42", "43"] and len(errors) <= 1
    assert server.eio.guard.malformed == (packet != "43")


def test_an_upgrade_that_breaks_off_leaves_the_session_polling(server: Any, polling: Polling, port: int) -> None:
    line = Line(port, polling.session)
    session = session_of(server, polling)
    until(lambda: session.upgrading)  # type: ignore[attr-defined]
    line.close()
    until(lambda: not session.upgrading)  # type: ignore[attr-defined]
    internals.send_text(session, "2[1]")
    assert polling.poll() == ["42[1]"]
