"""Host headers: only names of this machine pass, in one spelling each."""

from __future__ import annotations

import socket

import pytest

from tests.support.helpers import HubProcess

GOOD = ["localhost", "127.0.0.1", "LOCALHOST", "[::1]", "gate.localhost"]
FOREIGN = ["evil.test", "evil.test.", "localhost.evil.test", "127.0.0.1.evil.test"]
MALFORMED = [
    "my_evil.test",
    "-x",
    "x-",
    "a..b",
    "localhost:port",
    "localhost:5000:5000",
    "local host",
    "[::1",
    "@evil",
    "evil.test/",
    "%6c",
]


def status(hub: HubProcess, *hosts: str, path: str = "/status", version: str = "1.1") -> int:
    lines = [
        f"GET {path} HTTP/{version}",
        *(f"Host: {host}" for host in hosts),
        "Accept: application/json",
        "Connection: close",
        "",
        "",
    ]
    with socket.create_connection(("127.0.0.1", hub.port), 10) as sock:
        sock.sendall("\r\n".join(lines).encode("latin-1"))
        return int(sock.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("host", GOOD)
def test_names_of_this_machine(hub: HubProcess, host: str) -> None:
    assert status(hub, host) == 200
    assert status(hub, f"{host}:{hub.port}") == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_foreign_names(hub: HubProcess, host: str) -> None:
    assert status(hub, host) in (400, 403)
    assert status(hub, f"{host}:{hub.port}") in (400, 403)


@pytest.mark.parametrize("host", MALFORMED)
def test_malformed_names(hub: HubProcess, host: str) -> None:
    assert status(hub, host) == 400


def test_no_host_and_two_hosts(hub: HubProcess) -> None:
    assert status(hub) == 400
    assert status(hub, "") == 400
    assert status(hub, "localhost", "localhost") == 400
    assert status(hub, "localhost", "evil.test") == 400
    assert status(hub, "evil.test", "localhost") == 400
    assert status(hub, version="1.0") == 200


def test_a_malformed_host_opens_no_board_socket(hub: HubProcess) -> None:
    """A foreign name opens one, since a board connects only once, but it hears nothing (tests/hub/apriltag)."""
    for host, wanted in (("my_evil.test", (400,)), ("evil_test.", (400,)), ("localhost", (101,))):
        lines = [
            "GET /websocket HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "",
            "",
        ]
        with socket.create_connection(("127.0.0.1", hub.port), 10) as sock:
            sock.sendall("\r\n".join(lines).encode())
            assert int(sock.makefile("rb").readline().split()[1]) in wanted, host
