"""A connection is freed when it ends, not by a collection: those do not go through what lived long."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket

from hub.http.server import HubServer, ServerOptions
from tests.support import ws

UPGRADE = (
    "GET {} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
SOCKET_IO = UPGRADE.format("/socket.io/?EIO=4&transport=websocket")


@pytest.fixture
def server(app: Any) -> Iterator[HubServer]:
    """A hub that listens in this process."""
    http = HubServer(app.wsgi_app, ServerOptions(host="127.0.0.1", port=0))
    http.start()
    yield http
    http.stop(2.0)


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def until(condition: Callable[[], Any]) -> None:
    with gevent.Timeout(10):
        while not condition():
            gevent.sleep(0.01)


@pytest.mark.parametrize(
    ("request_text", "more", "answer"),
    [
        ("GET /api/statistics HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", b'"success"'),
        (UPGRADE.format("/websocket"), ws.frame(1, b"{}"), b"101 "),
        (SOCKET_IO, ws.frame(1, b"40"), b'40{"sid"'),
        (SOCKET_IO, ws.frame(1, b"40") + ws.frame(1, b'421["lpr_data",{"camera_id":"a"}]'), b"431["),
    ],
    ids=["http", "raw websocket", "socket.io", "a camera"],
)
def test_nothing_of_a_connection_is_left(
    server: HubServer, no_collection: None, request_text: str, more: bytes, answer: bytes
) -> None:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    client.sendall(request_text.encode())
    received = b""
    if more:
        until(lambda: len(server.keepalive))
        client.sendall(more)
    while answer not in received:
        received += client.recv(65536)
    left = [weakref.ref(each) for each in (*server.connections, *server.keepalive)]
    assert len(left) == (2 if more else 1)
    client.close()
    until(lambda: not any(each() for each in left))
