"""The fast path of Socket.IO events: the same replies for every form in which an event can arrive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket

from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.lpr import g4, records


class RawSocketIo:
    """Socket.IO over a WebSocket, packet by packet."""

    def __init__(self, hub: HubProcess, path: str = "/socket.io/") -> None:
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{hub.side['lpr']}{path}?EIO=4&transport=websocket", timeout=10
        )
        assert self._socket.recv().startswith("0{")
        self._socket.send("40")
        assert self.packet().startswith("40")

    def packet(self) -> str:
        while (text := self._socket.recv()) == "2":
            self._socket.send("3")
        return text

    def send(self, text: str | bytes) -> None:
        self._socket.send(text) if isinstance(text, str) else self._socket.send_binary(text)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def line(hub: HubProcess) -> Iterator[RawSocketIo]:
    line = RawSocketIo(hub)
    yield line
    line.close()


def told(packets: list[str]) -> list[tuple[str, Any]]:
    """(name or "ack ID", body) of each packet."""
    rows = []
    for packet in packets:
        start = packet.index("[")
        parts = json.loads(packet[start:])
        rows.append((parts[0], parts[1]) if packet[1] == "2" else (f"ack {packet[2:start]}", parts[0]))
    return rows


def clients(hub: HubProcess) -> int:
    return hub.get("/status")["lpr"]["connected_clients"]


def until(line: RawSocketIo, text: str, count: int) -> list[tuple[str, Any]]:
    line.send(text)
    return told([line.packet() for _ in range(count)])


def test_the_event_comes_first_and_then_the_same_as_acknowledgement(line: RawSocketIo, hub: HubProcess) -> None:
    (name, body), (ack, same) = until(line, "4217" + json.dumps(["lpr_data", g4(aicamera_id="hot")]), 2)
    assert (name, ack) == ("lpr_response", "ack 17") and body == same
    assert body["success"] is True and body["status"] == "success" and body["camera_id"] == "hot"
    assert records(hub, camera="hot")["records"][0]["detection_id"] == body["detection_id"]


def test_without_an_id_there_is_no_acknowledgement(line: RawSocketIo) -> None:
    rows = until(line, "42" + json.dumps(["lpr_data", g4()]), 1) + until(line, "42" + json.dumps(["lpr_data", g4()]), 1)
    assert [name for name, _ in rows] == ["lpr_response", "lpr_response"]


def test_a_test_is_acknowledged_only(line: RawSocketIo) -> None:
    assert [name for name, _ in until(line, '425["lpr_data",{"type":"test"}]', 1)] == ["ack 5"]


@pytest.mark.parametrize("data", ["{}", "[1]", "null", '"no json"', '{"foo":1}'])
def test_nobodys_record_is_an_error_and_the_line_stays(line: RawSocketIo, data: str) -> None:
    rows = until(line, f'428["health_status",{data}]', 2)
    if data == '{"foo":1}':
        assert rows[0][0] in ("error", "health_response")
    else:
        assert [name for name, _ in rows] == ["error", "ack 8"] and rows[0][1]["success"] is False
    assert until(line, "42" + json.dumps(["lpr_data", g4()]), 1)[0][0] == "lpr_response"


def test_no_argument_and_many_arguments(line: RawSocketIo) -> None:
    assert [name for name, _ in until(line, '421["lpr_data"]', 2)] == ["error", "ack 1"]
    assert [name for name, _ in until(line, "422" + json.dumps(["lpr_data", g4(), "more", 3]), 2)] == [
        "lpr_response",
        "ack 2",
    ]


def test_other_spellings_of_a_packet_are_understood_too(line: RawSocketIo) -> None:
    record = json.dumps(g4())
    for text in (f'42/,3["lpr_data",{record}]', f'423[ "lpr_data" , {record} ]', f'423["lpr\\u005fdata",{record}]'):
        rows = until(line, text, 2)
        assert [name for name, _ in rows] == ["lpr_response", "ack 3"], text


def test_a_picture_as_an_attachment(line: RawSocketIo, hub: HubProcess) -> None:
    line.send(
        '451-9["lpr_detection",{"license_plate":"BIN 1","camera_id":"binary",'
        '"image_binary":{"_placeholder":true,"num":0}}]'
    )
    line.send(jpeg())
    rows = told([line.packet(), line.packet()])
    assert [name for name, _ in rows] == ["lpr_response", "ack 9"] and rows[0][1]["saved_path"]
    assert records(hub, camera="binary")["total_count"] == 1


def test_bytes_where_none_belong_cost_that_record_only(line: RawSocketIo, hub: HubProcess) -> None:
    line.send(
        '451-7["lpr_data",{"camera_id":"bytes","timestamp":"2026-01-28T10:00:00",'
        '"ocr_results":[{"text":"A 1","note":{"_placeholder":true,"num":0}}]}]'
    )
    line.send(b"\xff\xd8 not json")
    rows = told([line.packet(), line.packet()])
    assert [name for name, _ in rows] in (["error", "ack 7"], ["lpr_response", "ack 7"]) and rows[0][1] == rows[1][1]
    assert until(line, "42" + json.dumps(["lpr_data", g4(aicamera_id="bytes")]), 1)[0][1]["success"] is True


@pytest.mark.slow
def test_what_is_no_packet_costs_its_own_line_only(hub: HubProcess, line: RawSocketIo) -> None:
    other = RawSocketIo(hub)
    other.send('42["lpr_data",{"camera_id":')
    with pytest.raises((websocket.WebSocketException, ConnectionError)):
        for _ in range(10):
            assert other.packet() != ""
            other.send("42" + "x" * 10)
    other.close()
    assert until(line, "42" + json.dumps(["lpr_data", g4()]), 1)[0][0] == "lpr_response"


def test_a_line_that_polls_is_answered_by_polling(hub: HubProcess) -> None:
    url = f"http://127.0.0.1:{hub.side['lpr']}/socket.io/?EIO=4&transport=polling"
    session = json.loads(requests.get(url, timeout=10).text[1:])["sid"]

    def post(text: str) -> None:
        assert requests.post(f"{url}&sid={session}", data=text, timeout=10).text == "OK"

    def poll() -> list[str]:
        return requests.get(f"{url}&sid={session}", timeout=10).text.split("\x1e")

    post("40")
    assert poll()[0].startswith("40")
    post("424" + json.dumps(["lpr_data", g4(aicamera_id="polling")]))
    packets: list[str] = []
    while len(packets) < 2:
        packets += [packet for packet in poll() if packet[:2] in ("42", "43")]
    assert [name for name, _ in told(packets)] == ["lpr_response", "ack 4"]


def test_older_lines_hear_their_own_events_as_well(hub: HubProcess) -> None:
    line = RawSocketIo(hub, "/ws/")
    rows = until(line, '426["camera_register",{"camera_id":"old","checkpoint_id":"1"}]', 3)
    assert sorted(name for name, _ in rows) == ["ack 6", "camera_register", "camera_registered"]
    assert dict(rows)["ack 6"] == dict(rows)["camera_register"]
    line.close()


def test_who_goes_before_the_answer_leaves_no_trace_but_the_record(hub: HubProcess) -> None:
    log = hub.instance / "hub.log"
    before, others = log.stat().st_size, clients(hub)
    for number in range(20):
        line = RawSocketIo(hub)
        line.send("421" + json.dumps(["lpr_data", g4(aicamera_id=f"gone{number % 2}")]))
        line._socket.shutdown()
    wait_for(
        lambda: records(hub, camera="gone0")["total_count"] == records(hub, camera="gone1")["total_count"] == 10,
        what="the records",
    )
    wait_for(lambda: clients(hub) <= others, what="the lines' end")
    assert b"Traceback" not in log.read_bytes()[before:]
