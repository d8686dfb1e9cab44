"""Who may connect when there are many connections: shares of addresses, idle connections that give way."""

from __future__ import annotations

import contextlib
import socket

import gevent
import pytest
import requests

from hub.http.connections import Connections
from tests.support import ws
from tests.support.http_server import HOST


class Place:
    """A connection as `Connections` sees it."""

    def __init__(self, address: str, idle: bool = True, input_waits: bool = False) -> None:
        self.peer_address, self.idle, self._input_waits = address, idle, input_waits
        self.greenlet = gevent.Greenlet(lambda: None)

    def has_input(self) -> bool:
        return self._input_waits


def filled(connections: Connections, address: str, count: int, idle: bool) -> list[Place]:
    places = [Place(address, idle) for _ in range(count)]
    for place in places:
        assert connections.reason_to_refuse(address) is None
        connections.add(place)
        if idle:
            connections.set_idle(place)
    return places


def test_an_address_of_another_machine_has_a_share() -> None:
    connections = Connections(1000, 50)
    filled(connections, "192.0.2.1", 50, idle=False)
    assert "of this address" in str(connections.reason_to_refuse("192.0.2.1"))
    assert connections.reason_to_refuse("192.0.2.2") is None
    filled(connections, "127.0.0.1", 200, idle=False)
    assert connections.status()["refused"] == 1


def test_the_trusted_proxy_has_no_share() -> None:
    connections = Connections(200, 50, "192.0.2.1")
    filled(connections, "192.0.2.1", 200, idle=False)
    assert "as many connections as it may" in str(connections.reason_to_refuse("192.0.2.1"))
    assert "as many connections as it may" in str(connections.reason_to_refuse("192.0.2.2"))


def test_an_address_over_its_share_loses_its_own_idle_connection_only() -> None:
    connections = Connections(1000, 50)
    others = filled(connections, "192.0.2.2", 5, idle=True)
    own = filled(connections, "192.0.2.1", 50, idle=True)
    assert connections.reason_to_refuse("192.0.2.1") is None
    assert own[0] not in connections and set(others) | set(own[1:]) == set(connections)
    assert (len(connections), connections.closed_idle) == (54, 1)


def test_the_last_tenth_is_left_to_addresses_with_few_connections() -> None:
    connections = Connections(200, 500)
    filled(connections, "127.0.0.1", 180, idle=False)
    assert "of this address" in str(connections.reason_to_refuse("127.0.0.1"))
    for number in range(20):
        filled(connections, f"192.0.2.{number}", 1, idle=False)
    assert "as many connections as it may" in str(connections.reason_to_refuse("192.0.2.99"))


def test_a_full_server_closes_the_one_idle_longest_of_whoever_has_most() -> None:
    connections = Connections(60, 40)
    few = filled(connections, "192.0.2.2", 2, idle=True)
    most = filled(connections, "192.0.2.1", 40, idle=True)
    for number in range(100, 118):
        filled(connections, f"192.0.2.{number}", 1, idle=False)
    assert connections.reason_to_refuse("192.0.2.4") is None
    assert most[0] not in connections and few[0] in connections
    connections.add(Place("192.0.2.4"))
    for place in most:
        connections.set_busy(place)
    assert connections.reason_to_refuse("192.0.2.4") is None and few[0] not in connections


def test_a_connection_whose_next_request_has_arrived_stays() -> None:
    connections = Connections(10, 10)
    place = Place("127.0.0.1", input_waits=True)
    connections.add(place)
    connections.set_idle(place)
    for number in range(100, 109):
        filled(connections, f"192.0.2.{number}", 1, idle=False)
    assert connections.reason_to_refuse("192.0.2.2") is not None and place in connections


@pytest.mark.parametrize("asked_before", [True, False])
def test_idle_connections_give_way_over_real_sockets(tmp_path, asked_before: bool) -> None:
    with ws.running(tmp_path / "server.log", max_connections=20) as server, contextlib.ExitStack() as stack:
        board = stack.enter_context(ws.open_raw(server.port))
        idle: list[socket.socket] = []
        for _ in range(40):
            idle.append(stack.enter_context(ws.connect(server.port)))
            if asked_before:
                idle[-1].sendall(b"GET /refuse HTTP/1.1\r\n" + HOST + b"\r\n")
                assert ws.read_response(idle[-1])[0] == 403
        for _ in range(5):
            assert requests.get(f"{server.url}/refuse", timeout=10).status_code == 403
        assert idle[0].recv(1) == b""
        status = server.state()["status"]
        assert status["closed_idle"] >= 20 and status["refused"] == 0 and status["connections"] <= 20
        board.sendall(ws.frame(1, b"still here"))
        assert ws.read_frame(board)[-1] == b"still here"
