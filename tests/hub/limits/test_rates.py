"""How fast senders may be at every door, compared with the table of docs/limits.md, and who is served meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import ws
from tests.support.helpers import wait_for
from tests.support.limit_cells import DATAGRAM, ENGINE, differences, ignored, ignored_datagram
from tests.support.limit_doors import BOARDS, REST, LimitHub, Raw, SocketIo, board, detection, inside
from tests.support.tags import ACK, record

pytestmark = pytest.mark.slow
RATE_SENTENCE = "messages_per_second"


def test_messages_that_come_too_fast(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        address = inside()
        if door in REST:
            return _rate_of_requests(hub, door, address)
        if door == DATAGRAM:
            return ignored_datagram(hub, "too many", *[json.dumps(record()).encode()] * 60)
        if door in ENGINE:
            with ENGINE[door](hub, address) as session:
                replies = [session.call("health_status", {"camera_id": "fast"}) for _ in range(9)]
            assert replies[0]["success"] and not replies[-1]["success"]
            return "refused" if RATE_SENTENCE in replies[-1]["message"] else replies[-1]["message"]
        if door in BOARDS:
            return _rate_of_board(hub, door, address)
        with Raw(hub, door, address) as raw:
            for number in range(9):
                raw.say({"type": "ping"} if door == "/video-stream" else detection(f"fast{number}", None))
            texts = [ws.read_frame(raw.sock)[1].decode() for _ in range(9)]
            list(raw.messages())  # it is still open
        return "refused" if RATE_SENTENCE in texts[-1] and RATE_SENTENCE not in texts[1] else texts[-1]

    assert differences("rate", found) == []


def _rate_of_requests(hub: LimitHub, door: str, address: str) -> str:
    for _ in range(60):  # a busy machine is slow itself
        answer = REST[door].send(hub, address, "fast")
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1 and answer.json()["message"]
            return "429"
    return str(answer.status_code)


def _rate_of_board(hub: LimitHub, door: str, address: str) -> str:
    before = ignored(hub, RATE_SENTENCE)
    with board(hub, door, address) as raw:
        for _ in range(20):
            raw.say({"event": "apriltag_data", **record()})
        acknowledged = list(raw.messages()).count(ACK)
    assert 3 <= acknowledged < 20
    return "ignored" if ignored(hub, RATE_SENTENCE) - before == 20 - acknowledged else "taken"


def test_the_rate_of_every_event_of_socketio(app: Any, hub: LimitHub) -> None:
    events = set(app.extensions["gatehouse"].event_access.declared) - {"disconnect"}
    assert len(events) > 15
    for event in sorted(events):
        with SocketIo(hub, inside()) as session:
            for _ in range(9):
                reply = session.call(event, {"camera_id": "fast", "station": "fast"})
            assert not reply["success"] and RATE_SENTENCE in reply["message"], (event, reply)


def test_a_board_that_sends_too_fast_stays_connected_and_others_are_served(hub: LimitHub) -> None:
    with board(hub, "main /", inside()) as fast, board(hub, "main /", inside()) as other:
        for _ in range(30):
            fast.say({"event": "apriltag_data", **record()})
        list(fast.messages())
        other.say({"event": "apriltag_data", **record()})
        assert ACK in list(other.messages())

        def acknowledged() -> bool:
            fast.say({"event": "apriltag_data", **record()})
            return ACK in list(fast.messages())

        wait_for(acknowledged, what="the fast board's being heard again")
