"""Socket.IO over the WebSocket and over polling."""

import os
import socket

import pytest
import socketio

from tests.support import ws
from tests.support.http_server import MB


@pytest.mark.slow
@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
def test_socket_io_carries_megabytes_over_every_transport(server, transports):
    client = socketio.Client(reconnection=False)
    client.connect(server.url, transports=transports, wait_timeout=10)
    try:
        if len(transports) == 2:
            ws.until(lambda: client.transport() == "websocket", what="the upgrade to WebSocket")
        picture = os.urandom(5 * MB)
        answer = client.call("echo", {"tag": "E200", "picture": picture}, timeout=30)
        assert answer == {"tag": "E200", "picture": picture}
        assert client.call("echo", "text ✓", timeout=10) == "text ✓"
    finally:
        client.disconnect()


def test_socket_io_clients_that_vanish_leave_nothing_behind(server):
    ws.until(lambda: server.state()["status"]["websockets"] == 0)
    client = socketio.Client(reconnection=False)
    client.connect(server.url, transports=["websocket"], wait_timeout=10)
    assert server.state()["status"]["websockets"] == 1
    client.eio.ws.sock.shutdown(socket.SHUT_RDWR)
    ws.until(lambda: server.state()["status"]["websockets"] == 0)
    client.disconnect()
