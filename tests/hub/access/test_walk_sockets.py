"""Every raw WebSocket, event and message as every kind of sender, over real sockets (see test_walk)."""

from __future__ import annotations

import itertools
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from hub.access.gate import STRANGERS
from tests.support.access_tables import NO, YES, tables
from tests.support.helpers import jpeg, wait_for
from tests.support.hosts import other_hosts
from tests.support.lpr import Client
from tests.support.senders import NETWORKS, SENDERS, TOKENS, AccessHub, proxied_headers
from tests.support.tags import ACK, BOARD_KNOWN, GAME_KNOWN, WELCOME, record

pytestmark = pytest.mark.slow

SITE = {"HUB_TRUSTED_NETWORKS": NETWORKS, "HUB_ACCESS_LOCAL_ADMIN": "false", "HUB_ACCESS_TRUSTED_PROXY": "127.0.0.1"}
REFUSED = (401, 403)
SECONDS = 10
_ids = itertools.count()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessHub]:
    with AccessHub(tmp_path_factory.mktemp("sockets") / "instance", **SITE) as process:
        yield process


def connect(hub: AccessHub, name: str, sender: str) -> websocket.WebSocket:
    """Open the raw WebSocket of a line of the table. Raises WebSocketBadStatusException."""
    listener, path = name.split() if " " in name else ("main", name)
    port = hub.port if listener == "main" else hub.side[listener]
    path = f"{path}/walk{next(_ids)}" if path == "/video-stream" else path
    headers = proxied_headers(sender)
    origin = headers.pop("Origin", None)
    return websocket.create_connection(
        f"ws://127.0.0.1:{port}{path}", timeout=SECONDS, header=headers, origin=origin, suppress_origin=origin is None
    )


@pytest.mark.parametrize("sender", SENDERS)
def test_every_raw_websocket(hub: AccessHub, sender: str) -> None:
    for name, cells in tables()["Raw WebSockets"]:
        status = 101
        try:
            connect(hub, name, sender).close()
        except websocket.WebSocketBadStatusException as error:
            status = error.status_code
        assert status == 101 if cells[sender] == YES else status in REFUSED, (name, status)


@pytest.mark.parametrize("sender", SENDERS)
def test_every_event(hub: AccessHub, sender: str) -> None:
    client = Client(f"http://127.0.0.1:{hub.port}", headers=proxied_headers(sender))
    try:
        for name, cells in tables()["Socket.IO events"]:
            if name == "disconnect":
                continue  # python-socketio's own
            answer = client.call(name, {}, timeout=SECONDS)
            refused = isinstance(answer, dict) and answer.get("message") == STRANGERS
            assert refused == (cells[sender] == NO), (name, answer)
    finally:
        client.disconnect()


class BoardSocket:
    """A connection of a board or game."""

    def __init__(self, hub: AccessHub, sender: str) -> None:
        self.socket = connect(hub, "main /websocket", sender)
        self.token = TOKENS.get(sender, "")
        assert self.hear() == WELCOME

    def __enter__(self) -> BoardSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def hear(self) -> dict[str, Any]:
        return json.loads(self.socket.recv())

    def answers(self, message: dict[str, Any] | bytes) -> list[dict[str, Any]]:
        """What the hub says to a message, before it answers a ping."""
        if isinstance(message, bytes):
            self.socket.send_binary(message)
        else:
            self.socket.send(json.dumps(message))
        self.socket.send('{"event":"ping"}')
        heard = []
        while (one := self.hear())["event"] != "pong":
            heard.append(one)
        return heard

    def identify(self) -> list[dict[str, Any]]:
        """The answers to identifying as a board."""
        return self.answers({"event": "identify", "data": {"type": "esp32", "auth_token": self.token}})


def ignored(hub: AccessHub) -> int:
    """How many messages of sockets that are no board were ignored."""
    counts = requests.get(f"{hub.url}/status", headers={"X-API-Key": TOKENS["viewer"]}, timeout=SECONDS).json()[
        "apriltag"
    ]["ignored"]
    return sum(count for reason, count in counts.items() if "no board" in reason)


@pytest.mark.parametrize("sender", SENDERS)
def test_every_message_of_boards_and_games(hub: AccessHub, sender: str) -> None:
    expected = {name: cells[sender] == YES for name, cells in tables()["Messages of boards and games"]}
    game = {"event": "identify", "data": {"type": "gdevelop", "name": "walk"}}
    found = {}
    with BoardSocket(hub, sender) as one:
        found["ping"] = one.answers({"event": "ping"}) == [] == one.answers({"event": "unknown"})
    with BoardSocket(hub, sender) as one:
        found["identify as a game"] = one.answers(game)[0] == GAME_KNOWN
    for event in ("request_latest_data", "event_FromGDevelop"):
        with BoardSocket(hub, sender) as one:
            found[event] = "auth_failed" not in [heard["event"] for heard in one.answers({"event": event})]
    with BoardSocket(hub, sender) as board:
        found["identify as a board"] = board.identify()[0] == BOARD_KNOWN
        found["apriltag_data"] = ACK in board.answers({"event": "apriltag_data", **record()})
        for name, message in (("video_frame", {"event": "video_frame"}), ("binary picture", jpeg())):
            before = ignored(hub)
            board.answers(message)
            found[name] = ignored(hub) == before
    del expected["datagram of a board"]  # of a datagram the address is real: see below
    assert found == expected


SEND = """
import json, socket, sys
board = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
board.settimeout(float(sys.argv[3]))
board.sendto(json.dumps({"tag_id": 5, "x_cm": 1, "timestamp": 60000}).encode(), (sys.argv[1], int(sys.argv[2])))
try:
    print(board.recv(255).decode())
except TimeoutError:
    print("nothing")
"""


def test_datagrams(tmp_path: Path) -> None:
    with other_hosts(2) as (trusted, stranger):
        networks = {"HUB_TRUSTED_NETWORKS": f"{trusted.address}/32"}
        with AccessHub(tmp_path / "instance", HUB_APRILTAG_TOKEN="x", **networks) as hub:
            port = hub.side["apriltag_udp"]
            assert "ack" in trusted.python(SEND, trusted.hub, port, SECONDS)
            assert stranger.python(SEND, stranger.hub, port, 0.5).strip() == "nothing"
            status = wait_for(lambda: hub.get("/status")["udp"], what="the counts of datagrams")
            assert status["ignored"]["network not served"] == 1


@pytest.mark.parametrize(("sender", "status"), [("stranger", 401), ("viewer", 403), ("network", 403)])
@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
def test_a_refusal_does_not_wait_for_the_body(hub: AccessHub, sender: str, status: int, expect: str) -> None:
    asked = 0
    for name, cells in tables()["Requests"]:
        *methods, rule = name.split()
        path = re.sub("<[^>]+>", "x", rule)
        for method in methods if cells[sender] == NO else ():
            answer = _first_line(hub, method, path, sender, expect)
            assert answer.split()[1] == str(status), (method, path, answer)
            asked += 1
    assert asked > 10


def _first_line(hub: AccessHub, method: str, path: str, sender: str, expect: str) -> str:
    """The first line of the answer to a request whose body never comes."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in proxied_headers(sender).items())
    with socket.create_connection(("127.0.0.1", hub.port), timeout=SECONDS) as sock:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000000\r\n{expect}{headers}\r\n"
        sock.sendall(head.encode())
        return sock.makefile("rb").readline().decode()
