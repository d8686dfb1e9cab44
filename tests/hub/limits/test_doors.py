"""Every door crossed with every limit, over real sockets, compared with the table of docs/limits.md.

A test goes through one column. A cell that says why a limit does not apply is checked where there is something to send.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import ws
from tests.support.helpers import wait_for
from tests.support.limit_doors import (
    BOARDS,
    LARGE_PICTURE,
    MB,
    REST,
    SMALL,
    SOCKETS,
    WIDE_PICTURE,
    Datagrams,
    LimitHub,
    Polling,
    Raw,
    SocketIo,
    board,
    capture,
    detection,
    inside,
    outside,
    shown,
    text_of,
)
from tests.support.limit_tables import DOORS, cells
from tests.support.tags import ACK, record

pytestmark = pytest.mark.slow

POLLING, SOCKET_IO, DATAGRAM = "Socket.IO by polling", "Socket.IO by WebSocket", "datagram"
ENGINE: dict[str, type[Polling | SocketIo]] = {POLLING: Polling, SOCKET_IO: SocketIo}
LIMIT = 3
"""Of every register of names in SMALL."""
RATE_SENTENCE = "messages_per_second"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimitHub]:
    with LimitHub(tmp_path_factory.mktemp("limits") / "instance", **SMALL) as process:
        yield process
        assert "Traceback" not in process.text()
        assert "Traceback" not in (process.instance / "hub.log").read_text("utf-8")


def differences(column: str, found: Callable[[str, str], str]) -> list[tuple[str, str, str]]:
    """Door, cell and what happened instead; `found(door, cell)` is asked where the cell is no dash."""
    wrong = []
    for door, cell in cells(column):
        observed = found(door, cell) if cell != "-" else cell
        if observed != cell:
            wrong.append((door, cell, observed))
    return wrong


def test_every_door_is_in_the_table(app: Any) -> None:
    hub = app.extensions["gatehouse"]
    open_to_devices = set()
    for rule in app.url_map.iter_rules():
        required = hub.gate.requirements.of_endpoint(rule.endpoint)
        for method in (rule.methods or {"POST"}) & {"POST", "PUT", "DELETE", "PATCH"}:
            if required.role.value in ("open", "device"):
                open_to_devices.add(f"{method} {rule.rule}")
    assert open_to_devices == {door for door in DOORS if door.split()[0] in ("POST", "PUT", "DELETE", "PATCH")}
    assert open_to_devices == set(REST)
    assert set(hub.websockets.declared()) == set(SOCKETS)
    assert set(DOORS) == {*REST, *SOCKETS, *ENGINE, DATAGRAM}


# -- body, compressed, unfinished


def status_of(hub: LimitHub, data: bytes) -> str:
    """The status of the answer to a request whose body does not come."""
    with ws.connect(hub.port) as sock:
        sock.sendall(data)
        status, headers, body = ws.read_response(sock)
        assert headers["content-type"] == "application/json" and json.loads(body)["message"]
        return str(status)


def head_of(hub: LimitHub, door: str, address: str, *lines: str) -> bytes:
    """The head of a request with a body to a REST door or to a polling session."""
    if door in REST:
        return REST[door].head(address, *lines)
    session = Polling(hub, address)
    fields = (f"POST {session.path} HTTP/1.1", "Host: 127.0.0.1", f"X-Forwarded-For: {address}", *lines)
    return "\r\n".join(fields).encode() + b"\r\n\r\n"


def test_a_declared_body_over_the_limit_is_refused_unread(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        return status_of(hub, head_of(hub, door, inside(), f"Content-Length: {4 * MB}", "Expect: 100-continue"))

    assert differences("body", found) == []


def test_a_body_without_a_length_is_cut_off_at_the_limit(hub: LimitHub) -> None:
    unlike = {"POST /login": "411", "POST /logout": "200", "DELETE /find/<search_id>": "404"}  # never read their body
    unlike |= {"POST /api/v1/config": "200", "POST /language": "411"}
    wrong = []
    for door, cell in cells("body"):
        if cell == "-" or door == POLLING:
            continue
        with ws.connect(hub.port) as sock:
            sock.sendall(head_of(hub, door, inside(), "Transfer-Encoding: chunked"))
            try:
                for _ in range(16):
                    sock.sendall(b"40000\r\n" + b" " * 0x40000 + b"\r\n")
            except OSError:
                pass  # the hub has answered and closed
            observed = str(ws.read_response(sock)[0])
        if observed != unlike.get(door, cell):
            wrong.append((door, observed))
    assert wrong == []


def test_compressed_bodies_and_extensions(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        return status_of(hub, head_of(hub, door, inside(), "Content-Length: 9", "Content-Encoding: gzip") + b"x" * 9)

    assert differences("compressed", found) == []
    for name, headers in SOCKETS.items():
        with Raw(hub, name, inside(), Sec_WebSocket_Extensions="permessage-deflate", **headers) as raw:
            assert raw.status == 101 and b"permessage-deflate" not in raw.head.lower(), name


def test_unfinished_bodies_and_messages(hub: LimitHub) -> None:
    """All at once: each takes five seconds."""
    with ExitStack() as stack:
        waiting: dict[str, Any] = {}
        for door, cell in cells("unfinished"):
            if door in REST or door == POLLING:
                sock = waiting[door] = stack.enter_context(ws.connect(hub.port))
                sock.sendall(head_of(hub, door, inside(), "Content-Length: 1000") + b"{")
            elif cell != "-":
                raw = waiting[door] = stack.enter_context(_opened(hub, door))
                raw.sock.sendall(ws.frame(1, b"{", fin=False))

        def found(door: str, cell: str) -> str:
            if isinstance(waiting[door], Raw):
                return str(waiting[door].close_code())
            status = ws.read_response(waiting[door])[0]
            return "unread" if cell == "unread" and status in (200, 404) else str(status)

        assert differences("unfinished", found) == []


def _opened(hub: LimitHub, door: str) -> Raw:
    return SocketIo(hub, inside()) if door == SOCKET_IO else Raw(hub, door, inside(), **SOCKETS[door])


# -- messages and pictures


def test_messages_over_the_limit(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        if door == DATAGRAM:
            return _ignored_datagram(hub, "too long", json.dumps(record(note="x" * 1500)).encode())
        if door == POLLING:
            return "body"  # the message is the body, which has its own column
        with _opened(hub, door) as raw:
            raw.sock.sendall(ws.frame(1, announced=4 * MB))
            return str(raw.close_code())

    assert differences("message", found) == []


def _ignored_datagram(hub: LimitHub, reason: str, *datagrams: bytes) -> str:
    before = shown(hub, "/status")["udp"]["ignored"].get(reason, 0)
    with Datagrams(hub) as sock:
        for data in datagrams:
            sock.send(data)
        wait_for(lambda: shown(hub, "/status")["udp"]["ignored"].get(reason, 0) > before, what=reason)
    return "ignored"


def with_picture(hub: LimitHub, door: str, picture: bytes, sentence: str) -> str:
    """What becomes of a record with a picture over a limit, or of the picture; `sentence` is in what is said of it."""
    if door in REST:
        answer = REST[door].send(hub, inside(), "wide", picture)
        body = answer.json()
        if answer.ok:
            assert body["success"] and any(sentence in one for one in body["warnings"]), body
            return "warning"
        assert sentence in body["message"], body
        return str(answer.status_code)
    if door in ENGINE:
        results = []
        with ENGINE[door](hub, inside()) as session:
            for event, make in (("lpr_data", detection), ("capture_result", capture)):
                results.append(_said(session.call(event, make("wide", picture)), sentence))
        assert results[0] == results[1]
        return results[0]
    if door in BOARDS:
        with board(hub, door, inside()) as raw:
            before = _ignored(hub, "not taken as a picture")
            raw.say(picture)
            assert [message["event"] for message in raw.messages()] == ["connection_success", "identify_success"]
            return "ignored" if _ignored(hub, "not taken as a picture") == before + 1 else "taken"
    with Raw(hub, door, inside()) as raw:
        if door == "/video-stream":
            return _frame(hub, raw, picture, sentence)
        raw.say((detection if door == "lpr /" else capture)("wide", picture))
        return _said(next(iter(raw.messages())), sentence)


def _frame(hub: LimitHub, raw: Raw, picture: bytes, sentence: str) -> str:
    person = REST["POST /upload-embedding"].send(hub, inside()).json()["embedding"]
    raw.say({"type": "single_frame", "frame": text_of(picture), "person_embed": person})
    while (message := json.loads(ws.read_frame(raw.sock)[1]))["type"] == "status" and message["status"] != "error":
        pass
    assert sentence in message["message"], message
    return "refused"


def _said(reply: dict[str, Any], sentence: str) -> str:
    if reply["success"]:
        assert any(sentence in one for one in reply["warnings"]), reply
        return "warning"
    assert sentence in reply["message"], reply
    return "refused"


def _ignored(hub: LimitHub, reason: str) -> int:
    counts = shown(hub, "/status")["apriltag"]["ignored"]
    return sum(count for key, count in counts.items() if reason in key)


def test_pictures_with_too_many_bytes(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        if cell in ("body", "message"):
            return cell  # no limit of its own
        return with_picture(hub, door, LARGE_PICTURE, "at most")

    assert differences("picture", found) == []


def test_pictures_with_too_many_pixels(hub: LimitHub) -> None:
    assert differences("pixels", lambda door, cell: with_picture(hub, door, WIDE_PICTURE, "pixels")) == []


# -- rate


def test_messages_that_come_too_fast(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        address = inside()
        if door in REST:
            return _rate_of_requests(hub, door, address)
        if door == DATAGRAM:
            return _ignored_datagram(hub, "too many", *[json.dumps(record()).encode()] * 60)
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
    for _ in range(14):
        answer = REST[door].send(hub, address, "fast")
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1 and answer.json()["message"]
            return "429"
    return str(answer.status_code)


def _rate_of_board(hub: LimitHub, door: str, address: str) -> str:
    before = _ignored(hub, RATE_SENTENCE)
    with board(hub, door, address) as raw:
        for _ in range(20):
            raw.say({"event": "apriltag_data", **record()})
        acknowledged = list(raw.messages()).count(ACK)
    assert 3 <= acknowledged < 20
    return "ignored" if _ignored(hub, RATE_SENTENCE) - before == 20 - acknowledged else "taken"


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


# -- names


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
