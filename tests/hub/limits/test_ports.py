"""Limits that hold before it is known what a request wants, on every port, compared with docs/limits.md."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from hub.settings.declared import declared
from tests.support import ws
from tests.support.helpers import wait_for
from tests.support.hosts import other_hosts
from tests.support.limit_doors import SECONDS, SMALL, LimitHub, inside, shown
from tests.support.limit_tables import PORTS, settings
from tests.support.senders import TOKENS

pytestmark = pytest.mark.slow

LISTENERS = ("main", "apriltag", "lpr", "images", "results")
MOST, SHARE = 10, 9  # of all, and of one address of this machine
COUNTED = {
    **SMALL,
    "HUB_LIMITS_MAX_CONNECTIONS": str(MOST),
    "HUB_LIMITS_MAX_SESSIONS": str(MOST),
    "HUB_LIMITS_SESSIONS_PER_ADDRESS": "3",
    "HUB_LIMITS_HEADER_SECONDS": "600",
    "HUB_TRACKING_MAX_SESSIONS": "2",
}
FIVE = {"HUB_LIMITS_CONNECTIONS_PER_ADDRESS": "5"}
POLL = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimitHub]:
    with LimitHub(tmp_path_factory.mktemp("ports") / "instance", **SMALL) as process:
        yield process


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[LimitHub]:
    with LimitHub(tmp_path / "instance", **COUNTED) as process:
        yield process
        assert "Traceback" not in (process.instance / "hub.log").read_text("utf-8")


def check(limit: str, found: dict[str, str]) -> None:
    """Compare with a line of the table."""
    assert {key: value for key, value in PORTS[limit].items() if key != "settings"} == found


def test_every_port_and_every_limit_is_in_the_tables(app) -> None:
    assert set(app.extensions["gatehouse"].settings.side_ports) | {"main"} == set(LISTENERS)
    assert all(set(row) == {"settings", *LISTENERS} for row in PORTS.values())
    words = ("max_", "_per_", "_rate", "queue")
    limits = {
        f"{section}.{key}"
        for section, key, _ in declared()
        if section == "limits" or (section != "log" and any(word in key for word in words))
    }
    others = {
        "store.queue",  # of the writer: one record more gets 503
        "tracking.max_distance",  # how alike a person has to be
        "apriltag.store_per_second",  # readings that are stored, not taken
        "presence.per_second",
        "backup.mb_per_second",  # of the hub's own copying
        "presence.max_events",  # rows of the hub's own
    }
    assert limits - others <= settings(), sorted(limits - others - settings())
    assert settings() <= {f"{section}.{key}" for section, key, _ in declared()}


def test_heads_that_are_too_long(hub: LimitHub) -> None:
    found = {}
    for name in LISTENERS:
        with ws.connect(hub.port_of(name)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Endless: yes\r\n" * 400)
            found[name] = str(ws.read_response(sock)[0])
    check("bytes of a head", found)


def test_heads_that_do_not_come_and_connections_that_ask_for_nothing_more(hub: LimitHub) -> None:
    with ExitStack() as stack:
        slow = {name: stack.enter_context(ws.connect(hub.port_of(name))) for name in LISTENERS}
        idle = {name: stack.enter_context(ws.connect(hub.port_of(name))) for name in LISTENERS}
        for name in LISTENERS:
            slow[name].sendall(b"GET / HTTP/1.1\r\nHost:")
            idle[name].sendall(b"GET /api/test HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert ws.read_response(idle[name])[0] == 200
        check("time for a head", {name: str(ws.read_response(sock)[0]) for name, sock in slow.items()})
        check("time between two requests", {name: _end(sock) for name, sock in idle.items()})


def _end(sock: socket.socket) -> str:
    return "closed" if sock.recv(1) == b"" else "more"


def test_connections(counted: LimitHub) -> None:
    """All but the last come from one address; that of the last is another one of this machine, and none the proxy's."""
    for limit, own in (("connections of one address", SHARE), ("connections in all", MOST)):
        found = {}
        for name in LISTENERS:
            with ExitStack() as stack:
                for number in range(own):
                    source = "127.0.0.2" if number == SHARE else "127.0.0.4"
                    sock = stack.enter_context(_from(counted, LISTENERS[number % len(LISTENERS)], source))
                    sock.sendall(b"GET /api/test HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    assert ws.read_response(sock)[0] == 200  # it has its place
                    sock.sendall(b"GET / HTTP/1.1\r\n")  # and is not idle, so that it does not give way
                last = stack.enter_context(_from(counted, name, "127.0.0.4" if own == SHARE else "127.0.0.3"))
                status, headers, body = ws.read_response(last)
                assert headers["retry-after"] and "of this address" in body.decode() or own == MOST
                found[name] = str(status)
            wait_for(lambda: _connections(counted) == 1, what="the end of all connections")
        check(limit, found)


OPEN = """
import socket, sys
sockets = []
for port in sys.argv[2:]:
    sock = socket.create_connection((sys.argv[1], int(port)), timeout=15)
    sock.sendall(b"GET /api/test HTTP/1.1\\r\\nHost: " + sys.argv[1].encode() + b"\\r\\n\\r\\n")
    answer = sock.recv(65536)
    sock.sendall(b"GET /")  # it is not idle, so that it does not give way
    sockets.append(sock)
    print(answer.split()[1].decode(), "of this address" in answer.decode())
"""


def test_connections_of_one_address_of_another_machine(tmp_path: Path) -> None:
    with other_hosts(1) as (host,), LimitHub(tmp_path / "instance", **COUNTED, **FIVE) as hub:
        ports = [hub.port_of(name) for name in (*LISTENERS, "main")]
        lines = host.python(OPEN, host.hub, *ports).splitlines()
        assert lines == ["200 False"] * 5 + ["503 True"]


def _from(hub: LimitHub, listener: str, source: str) -> socket.socket:
    address = ("127.0.0.1", hub.port_of(listener))
    return socket.create_connection(address, timeout=SECONDS, source_address=(source, 0))


def _connections(hub: LimitHub) -> int:
    headers = {"X-API-Key": TOKENS["viewer"], "X-Forwarded-For": "198.51.100.1", "Accept": "application/json"}
    try:
        return requests.get(f"{hub.url}/status", headers=headers, timeout=SECONDS).json()["connections"]["connections"]
    except (requests.ConnectionError, KeyError):
        return -1


def _session(hub: LimitHub, listener: str, address: str, path: str = POLL) -> requests.Response:
    url = f"http://127.0.0.1:{hub.port_of(listener)}{path}"
    return requests.get(url, headers={"X-Forwarded-For": address, "Connection": "close"}, timeout=SECONDS)


def test_socketio_sessions(counted: LimitHub) -> None:
    """Those that poll have no connection of their own; a WebSocket is one as well."""
    address, opened = inside(), []
    for number in range(3):
        answer = _session(counted, LISTENERS[number], address)
        assert answer.status_code == 200
        opened.append(json.loads(answer.text[1:])["sid"])
    found = {name: _refused(_session(counted, name, address), "sessions_per_address") for name in LISTENERS}
    check("Socket.IO sessions of one address", found)
    assert _refused(_session(counted, "lpr", address, "/ws/?EIO=4&transport=polling"), "per_address") == "503"
    with ws.connect(counted.port) as sock:
        sock.sendall(ws.upgrade_request("/socket.io/?EIO=4&transport=websocket", X_Forwarded_For=address))
        assert ws.read_response(sock)[0] == 503
    for _ in range(MOST - 3):
        assert _session(counted, "main", inside()).status_code == 200
    found = {name: _refused(_session(counted, name, inside()), "max_sessions") for name in LISTENERS}
    check("Socket.IO sessions in all", found)
    # One that has ended makes room, and is held no longer, at once.
    assert _clients(counted) == MOST
    ended = f"{counted.url}{POLL}&sid={opened[0]}"
    assert requests.post(ended, data=b"1", headers={"X-Forwarded-For": address}, timeout=SECONDS).status_code == 200
    assert _clients(counted) == MOST - 1
    assert _session(counted, "main", address).status_code == 200


def _clients(hub: LimitHub) -> int:
    return shown(hub, "/api/statistics")["data"]["connected_clients"]


def _refused(answer: requests.Response, sentence: str) -> str:
    body = answer.json()
    assert sentence in body["message"] and int(answer.headers["Retry-After"]) == body["retry_after"]
    return str(answer.status_code)


def test_tracking_sessions(counted: LimitHub) -> None:
    with ExitStack() as stack:
        for number in range(2):
            sock = stack.enter_context(ws.connect(counted.port))
            sock.sendall(ws.upgrade_request(f"/video-stream/s{number}", X_Forwarded_For=inside()))
            assert ws.exactly(sock, 12) == b"HTTP/1.1 101"
        found = {}
        for name in LISTENERS:
            sock = stack.enter_context(ws.connect(counted.port_of(name)))
            sock.sendall(ws.upgrade_request("/video-stream/more", X_Forwarded_For=inside()))
            status, headers, body = ws.read_response(sock)
            assert headers["retry-after"] and b"tracking.max_sessions" in body
            found[name] = str(status)
        check("tracking sessions", found)
