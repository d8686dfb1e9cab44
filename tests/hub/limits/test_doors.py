"""Every door crossed with every limit, over real sockets, compared with the table of docs/limits.md.

A test goes through one column. A cell that says why a limit does not apply is checked where there is something to send.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import ws
from tests.support.limit_cells import DATAGRAM, ENGINE, POLLING, SOCKET_IO, differences, ignored, ignored_datagram
from tests.support.limit_doors import (
    BOARDS,
    LARGE_PICTURE,
    MB,
    REST,
    SOCKETS,
    WIDE_PICTURE,
    LimitHub,
    Polling,
    Raw,
    SocketIo,
    board,
    capture,
    detection,
    inside,
    text_of,
)
from tests.support.limit_tables import DOORS, cells
from tests.support.tags import record

pytestmark = pytest.mark.slow


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
            return ignored_datagram(hub, "too long", json.dumps(record(note="x" * 1500)).encode())
        if door == POLLING:
            return "body"  # the message is the body, which has its own column
        with _opened(hub, door) as raw:
            raw.sock.sendall(ws.frame(1, announced=4 * MB))
            return str(raw.close_code())

    assert differences("message", found) == []


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
            before = ignored(hub, "not taken as a picture")
            raw.say(picture)
            assert [message["event"] for message in raw.messages()] == ["connection_success", "identify_success"]
            return "ignored" if ignored(hub, "not taken as a picture") == before + 1 else "taken"
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


def test_pictures_with_too_many_bytes(hub: LimitHub) -> None:
    def found(door: str, cell: str) -> str:
        if cell in ("body", "message"):
            return cell  # no limit of its own
        return with_picture(hub, door, LARGE_PICTURE, "at most")

    assert differences("picture", found) == []


def test_pictures_with_too_many_pixels(hub: LimitHub) -> None:
    assert differences("pixels", lambda door, cell: with_picture(hub, door, WIDE_PICTURE, "pixels")) == []
