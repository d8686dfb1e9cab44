"""Unusual Socket.IO packets: whether the fast way or python-socketio answers, each packet of the answer is the same."""

from __future__ import annotations

import json
import re

import pytest
import websocket

from tests.hub.fast_paths.ways import Way, Ways

RECORD = '{"camera_id":"odd packet","timestamp":"2026-03-03T10:00:00","license_plate":"ODD 3"}'
LAST = f'42999["lpr_data",{RECORD}]'  # stored and answered after all that came before it
NUMBERS = (
    "0",
    "7",
    "00",
    "007",
    "1" * 18,
    "1" * 21,
    "1" * 22,
    "1" * 23,
    "1" * 99,
    "1" * 101,
    "\u00b2",
    "\u0663",
    "-1",
    "1.5",
    " 1",
)
PACKETS = {
    "an event": f'42["lpr_data",{RECORD}]',
    "the default namespace": f'42/,3["lpr_data",{RECORD}]',
    "another namespace": f'42/other,3["lpr_data",{RECORD}]',
    "a namespace with a query": f'42/?a=b,3["lpr_data",{RECORD}]',
    "spaces": f'423[ "lpr_data" , {RECORD} ]',
    "a space before the list": f'423 ["lpr_data",{RECORD}]',
    "a line end": f'423["lpr_data",\n{RECORD}]\n',
    "an escaped name": f'423["lpr\\u005fdata",{RECORD}]',
    "a quote in the name": f'423["lpr_data\\"",{RECORD}]',
    "a name of another case": f'423["LPR_DATA",{RECORD}]',
    "a long name": f'423["{"n" * 70}",{RECORD}]',
    "no name": f"423[{RECORD}]",
    "an empty name": f'423["",{RECORD}]',
    "an unknown event": f'423["nothing",{RECORD}]',
    "reserved events": '423["connect",{}]',
    "no argument": '423["lpr_data"]',
    "more arguments": f'423["lpr_data",{RECORD},"more",3]',
    "null": '423["lpr_data",null]',
    "a list": f'423["lpr_data",[{RECORD}]]',
    "a number": '423["health",12]',
    "a text": '423["health","no json"]',
    "JSON in a text": f'423["edge_status",{json.dumps(RECORD)}]',
    "deep": '423["lpr_data",' + "[" * 1100 + "]" * 1100 + "]",
    "the same key twice": '423["lpr_data",{"camera_id":"a","camera_id":"b"}]',
    "nobody's record": '423["health_status",{"foo":1}]',
    "a test": '423["detection",{"type":"test"}]',
    "a test without a number": '42["detection",{"type":"test"}]',
    "a ping of a camera": '423["ping","hello"]',
    "a room": '423["leave_dashboard"]',
    "a placeholder without an attachment": '423["lpr_data",{"image":{"_placeholder":true,"num":0}}]',
    "an answer to nothing": '435[{"success":true}]',
    "a second connection": "40",
    "a ping of Engine.IO": "2",
    "a pong of Engine.IO": "3",
    "nothing": "6",
}
BROKEN = {
    "no list": "42",
    "an empty list": "42[]",
    "an object": f"42{RECORD}",
    "cut": '423["lpr_data",{"camera_id":',
    "two lists": f'423["lpr_data",{RECORD}][1]',
    "NaN": '423["lpr_data",{"camera_id":"odd packet","confidence":NaN}]',
    "half a character": '423["lpr_data",{"camera_id":"\\ud800"}]',
    "a control character": '423["lpr_data",{"camera_id":"a\x01"}]',
    "single quotes": "423['lpr_data',{'camera_id':'a'}]",
    "an unknown type": "49[]",
    "no type": "4",
    "the end": "1",
}


def talk(way: Way, packets: list[str | bytes], last: str = LAST, connect: bool = True) -> list[str]:
    """What the hub sends after `packets`, up to the acknowledgement of `last` or the end of the connection."""
    address = f"ws://127.0.0.1:{way.hub.side['lpr']}/socket.io/?EIO=4&transport=websocket"
    line = websocket.create_connection(address, timeout=10)
    received: list[str] = []
    try:
        assert line.recv().startswith("0{")
        if connect:
            line.send("40")
            assert line.recv().startswith('40{"sid"')
        for packet in (*packets, last):
            line.send(packet) if isinstance(packet, str) else line.send_binary(packet)
        while not (received and received[-1].startswith(("43999[", "closed"))):
            opcode, data = line.recv_data()
            received.append(f"closed {data!r}" if opcode == websocket.ABNF.OPCODE_CLOSE else data.decode())
    except (ConnectionError, websocket.WebSocketConnectionClosedException):
        received.append("closed")
    finally:
        line.shutdown()
    return [text[:2] if '"sid":' in text else text for text in received]


@pytest.mark.parametrize("text", PACKETS.values(), ids=PACKETS)
def test_packets(ways: Ways, text: str) -> None:
    packets = ways.same(lambda way: talk(way, [text]))
    assert packets[-1].startswith("43999[{")


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:30].encode("ascii", "backslashreplace").decode())
def test_numbers_of_acknowledgements(ways: Ways, number: str) -> None:
    """Zeros before a number come back by the fast way only: clients compare numbers, and none sends them."""

    def send(way: Way) -> list[str]:
        received = talk(way, [f'42{number}["lpr_data",{RECORD}]'])
        return [re.sub(r"^43(\d+)", lambda found: f"43{int(found[1])}", text) for text in received]

    ways.same(send)


@pytest.mark.parametrize(
    "attachments",
    [[b"\xff\xd8\xff\xd9"], [b"\xff\xd8\xff\xd9", b"more"], ["a text"], [LAST], [b""]],
    ids=["a picture", "one more", "a text", "another event", "nothing"],
)
def test_attachments(ways: Ways, attachments: list[str | bytes]) -> None:
    event = '451-3["lpr_detection",{"camera_id":"odd packet","image_binary":{"_placeholder":true,"num":0}}]'

    def send(way: Way) -> list[str]:
        """Whether the reason reaches a client before the connection ends is a matter of time."""
        return ["closed" if text.startswith("closed") else text for text in talk(way, [event, *attachments])]

    ways.same(send)


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_packets_that_cannot_be_read(ways: Ways, text: str) -> None:
    """Such a packet is passed over."""
    ways.same(lambda way: talk(way, [text]))


def test_an_event_after_the_namespace_was_left(ways: Ways) -> None:
    assert ways.same(lambda way: talk(way, ["41", LAST], last="1"))[-1].startswith("closed")


def test_an_event_before_the_connection(ways: Ways) -> None:
    ways.same(lambda way: talk(way, [f'423["lpr_data",{RECORD}]', "40"], connect=False))


def test_the_event_comes_before_its_acknowledgement(ways: Ways) -> None:
    texts = [f'42{number}["{event}",{RECORD}]' for number, event in enumerate(("lpr_data", "detection"))]
    packets = ways.same(lambda way: talk(way, texts))
    assert [packet.partition("[")[0] for packet in packets] == ["42", "430", "42", "431", "42", "43999"]


def test_a_capture(ways: Ways) -> None:
    """Parsed on a native thread, so that another answer may come first."""
    ways.same(lambda way: talk(way, [], last='42999["capture_result",{"foo":1}]'))


def test_a_large_text(ways: Ways) -> None:
    """Parsed on a native thread too; over the limit it ends the connection."""
    picture = '{"camera_id":"odd packet","timestamp":"2026-03-03T10:00:01","image":"' + "A" * 400_000 + '"}'
    ways.same(lambda way: talk(way, [], last=f'42999["lpr_data",{picture}]'))
    ways.same(lambda way: talk(way, [], last=f'42999["lpr_data",{{"a":"{"x" * 1_100_000}"}}]'))
