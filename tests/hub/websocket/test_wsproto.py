"""Properties of WebSocket frames with wsproto as the other end: messages come through, violations close alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gevent
import gevent.socket
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wsproto import events
from wsproto.connection import Connection, ConnectionType
from wsproto.frame_protocol import CloseReason, Opcode, ParseFailed
from wsproto.frame_protocol import FrameProtocol as WsprotoFrames

from hub.net.connection_input import ConnectionInput
from hub.net.transport import PeerDisconnected
from hub.websocket import frames
from hub.websocket.frames import FrameError
from hub.websocket.reader import MessageReader
from tests.support import ws
from tests.support.generated import FEW, pieces

LIMIT = 200_000
SIZES = st.sampled_from([0, 1, 124, 125, 126, 127, 4095, 4096, 4097, 65_535, 65_536, 65_537]) | st.integers(0, 300)
TEXTS = st.text(max_size=60) | st.builds(
    lambda size, char: char * (size // len(char.encode())), SIZES, st.sampled_from("aé€😀")
)
MESSAGES = (
    TEXTS | st.builds(lambda size, byte: bytes([byte]) * size, SIZES, st.integers(0, 255)) | st.binary(max_size=40)
)
CONTROLS = st.lists(st.binary(max_size=125), max_size=2)


@dataclass
class Outcome:
    """What one end made of a stream: messages, pings, and how it ended (close code; None: the stream ended)."""

    messages: list[str | bytes] = field(default_factory=list)
    pings: list[bytes] = field(default_factory=list)
    code: int | None = None
    violated: bool = False


def read_by_hub(parts: list[bytes]) -> Outcome:
    """Read a stream as the hub does, over a socket pair on which it arrives in these pieces."""
    ours, theirs = gevent.socket.socketpair()
    outcome = Outcome()

    def send() -> None:
        with theirs:
            for part in parts:
                theirs.sendall(part)
                gevent.sleep(0)

    def on_control(opcode: int, payload: bytes) -> bool:
        if opcode == frames.PING:
            outcome.pings.append(payload)
        if opcode == frames.CLOSE:
            outcome.code = frames.read_close(payload)[0]
        return opcode == frames.CLOSE

    with ours:
        reader = MessageReader(ConnectionInput(ours), LIMIT)
        sender = gevent.spawn(send)
        try:
            while (message := reader.next(on_control)) is not None:
                outcome.messages.append(message)
        except FrameError as error:
            outcome.code, outcome.violated = error.code, True
        except PeerDisconnected:
            pass
        finally:
            sender.kill()
    return outcome


def read_by_wsproto(stream: bytes) -> Outcome:
    """The same by wsproto as a server."""
    outcome = Outcome()
    connection = Connection(ConnectionType.SERVER)
    connection.receive_data(stream)
    collected: list[Any] = []
    for event in connection.events():
        if isinstance(event, events.Ping):
            outcome.pings.append(bytes(event.payload))
        elif isinstance(event, events.CloseConnection):
            outcome.code = int(event.code)
            return outcome
        elif isinstance(event, events.Message):
            collected.append(event.data if isinstance(event.data, str) else bytes(event.data))
            if event.message_finished:
                outcome.messages.append(type(collected[0])().join(collected))
                collected = []
    return outcome


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[str | bytes], list[bytes], bytes]:
    """Messages, pings between their fragments, and the bytes in which wsproto as a client sends them."""
    client = Connection(ConnectionType.CLIENT)
    messages = draw(st.lists(MESSAGES, max_size=4))
    pings: list[bytes] = []
    stream = b""
    for message in messages:
        kind = events.TextMessage if isinstance(message, str) else events.BytesMessage
        cuts = sorted(draw(st.lists(st.integers(0, len(message)), max_size=3)))
        fragments = [message[start:end] for start, end in zip([0, *cuts], [*cuts, len(message)], strict=True)]
        for number, fragment in enumerate(fragments, 1):
            stream += client.send(kind(data=fragment, message_finished=number == len(fragments)))
            for payload in draw(CONTROLS):
                pings.append(payload)
                stream += client.send(events.Ping(payload=payload)) + client.send(events.Pong(payload=payload))
    return messages, pings, stream


@given(conversations(), st.data())
def test_what_wsproto_sends_comes_out_of_the_reader(
    conversation: tuple[list[str | bytes], list[bytes], bytes], data: st.DataObject
) -> None:
    messages, pings, stream = conversation
    code = data.draw(st.sampled_from([None, 1000, 1001, 3000, 4999]))
    if code is not None:
        client = WsprotoFrames(client=True, extensions=[])
        stream += client.close(code, data.draw(st.text(max_size=50)))
    outcome = read_by_hub(data.draw(pieces(stream)))
    assert outcome.messages == messages and outcome.pings == pings
    assert outcome.code == code and not outcome.violated


PAYLOADS = st.sampled_from([b"", b"\x03", b"\x03\xe8", b"\x03\xe8ok", b"\xe2\x9c", b"\x93", b"\xff", b"\xed\xa0\x80"])
CLOSES = st.builds(
    lambda code, reason: code.to_bytes(2, "big") + reason,
    st.sampled_from([0, 999, 1000, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65535]),
    st.sampled_from([b"", b"bye", b"\xff"]),
)
ANY_FRAMES = st.builds(
    ws.frame,
    st.sampled_from([0, 0, 1, 1, 2, 3, 7, 8, 9, 10, 11, 15]),
    PAYLOADS | CLOSES | SIZES.map(bytes),
    fin=st.booleans(),
    masked=st.sampled_from([True, True, True, True, False]),
    reserved=st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, 4]),
)


@given(st.lists(ANY_FRAMES, max_size=6).map(b"".join), st.data())
@example(ws.frame(8, b"\x03\xf6"), None)
def test_any_frames_end_as_they_do_with_wsproto(stream: bytes, data: st.DataObject | None) -> None:
    """The same messages and the same code, with two exceptions.

    The hub decodes a text when it is whole, so one that is never finished is not refused with 1007; and it takes the
    codes 1012 to 1014 from a peer, which were registered after the RFC.
    """
    ours = read_by_hub([stream] if data is None else data.draw(pieces(stream)))
    theirs = read_by_wsproto(stream)
    assert ours.messages == theirs.messages
    if theirs.code == 1007 != ours.code or (ours.code in (1012, 1013, 1014) and not ours.violated):
        return
    assert (ours.pings, ours.code) == (theirs.pings, theirs.code)


@given(st.binary(max_size=80), st.data())
def test_any_bytes_end_with_a_close_code_or_the_stream(stream: bytes, data: st.DataObject) -> None:
    outcome = read_by_hub(data.draw(pieces(stream)))
    assert outcome == read_by_hub([stream])
    assert outcome.code is None or not outcome.violated or outcome.code in (1002, 1007, 1008, 1009)


@FEW
@given(MESSAGES.filter(len), st.integers(1, 5), st.data())
def test_a_message_over_the_limit_closes_with_1009_before_it_is_read(
    message: str | bytes, count: int, data: st.DataObject
) -> None:
    payload = message.encode() if isinstance(message, str) else message
    announced = data.draw(st.sampled_from([LIMIT + 1, 2**31, 2**63 - 1]))
    whole = b"".join(ws.frame(2, payload) for _ in range(count))
    outcome = read_by_hub(data.draw(pieces(whole + ws.frame(2, payload, announced=announced))))
    assert outcome.messages == [payload] * count and outcome.code == 1009


@given(MESSAGES)
def test_wsproto_reads_what_the_hub_frames(message: str | bytes) -> None:
    client = WsprotoFrames(client=True, extensions=[])
    client.receive_bytes(frames.prepare(message))
    received = list(client.received_frames())
    assert type(message)().join(frame.payload for frame in received) == message
    assert received[-1].message_finished and received[0].opcode == (
        Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
    )


@given(st.sampled_from([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1013, 3000]), st.text(max_size=200))
def test_wsproto_reads_the_hubs_close_frames(code: int, reason: str) -> None:
    payload = frames.close_payload(code, reason)
    client = WsprotoFrames(client=True, extensions=[])
    client.receive_bytes(frames.frame_head(frames.CLOSE, len(payload)) + payload)
    try:
        (frame,) = client.received_frames()
    except ParseFailed as error:
        raise AssertionError(f"{code} {reason!r}: {error}") from error
    assert frame.opcode is Opcode.CLOSE and int(frame.payload[0]) == code
    assert reason.startswith(frame.payload[1] or "")
    assert len(payload) <= 125 and (len(payload) > 118 or (frame.payload[1] or "") == reason)


NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ws.Server]:
    with ws.running(tmp_path_factory.mktemp("ws") / "server.log", max_message_bytes=LIMIT) as started:
        yield started


@FEW
@given(conversation=conversations(), data=st.data())
def test_a_server_echoes_every_message_to_wsproto_and_answers_its_pings(
    echo: ws.Server, conversation: tuple[list[str | bytes], list[bytes], bytes], data: st.DataObject
) -> None:
    messages, pings, stream = conversation
    client = Connection(ConnectionType.CLIENT)
    stream += client.send(events.CloseConnection(code=CloseReason.GOING_AWAY, reason="done"))
    received: list[str | bytes] = []
    pongs: list[bytes] = []
    collected: list[Any] = []
    marker = f"wsproto-{next(NUMBERS)}"
    with ws.open_raw(echo.port, f"/echo?id={marker}") as sock:
        for part in data.draw(pieces(stream)):
            sock.sendall(part)
        while piece := sock.recv(65_536):
            client.receive_data(piece)
            for event in client.events():
                if isinstance(event, events.Message):
                    collected.append(event.data if isinstance(event.data, str) else bytes(event.data))
                    if event.message_finished:
                        received.append(type(collected[0])().join(collected))
                        collected = []
                elif isinstance(event, events.Pong):
                    pongs.append(bytes(event.payload))
                elif isinstance(event, events.CloseConnection):
                    assert event.code == CloseReason.GOING_AWAY and event.reason == "done"
    assert received == messages
    # Only the newest ping needs an answer (RFC 6455 5.5.3).
    assert all(pong in pings for pong in pongs) and len(pongs) <= len(pings)
    assert not pings or pongs[-1] == pings[-1]
    assert echo.close_of(marker)["code"] == 1001
