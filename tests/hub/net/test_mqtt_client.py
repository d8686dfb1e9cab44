"""The guard around paho's client, over a real socket: a broker may send acknowledgements and nothing else.

Also a check that paho still has the internals that `hub.net.mqtt_client` relies on.
"""

from __future__ import annotations

import socketserver
import struct
import time
from typing import ClassVar

import pytest
from paho.mqtt.client import Client

from hub.net.mqtt_client import GuardedClient
from tests.support.tcp_server import serving

CONNACK = b"\x20\x02\x00\x00"
PUBLISH = b"\x30\x08\x00\x03a/bxyz"
PUBLISH_2 = b"\x34\x0a\x00\x03a/b\x00\x01xyz"


class FakeBroker(socketserver.BaseRequestHandler):
    """Accepts, then sends `data`, then reads on."""

    data: ClassVar[bytes] = b""

    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(CONNACK + self.data)
        while self.request.recv(4096):
            pass


@pytest.mark.parametrize("data", [PUBLISH, PUBLISH_2, b"\x40" + b"\xff\xff\xff\x7f" + b"x" * 5000])
def test_what_is_no_acknowledgement_ends_the_connection_before_it_is_kept(data) -> None:
    broker = type("Broker", (FakeBroker,), {"data": data})
    with serving(broker) as port:
        client = GuardedClient("test")
        client.connect("127.0.0.1", port, 30)
        end = time.monotonic() + 10
        while client.loop(0.1) == 0:
            assert time.monotonic() < end, "the connection is still open"
        assert client.socket() is None
        assert client._in_messages == {}
        assert len(client._in_packet["packet"]) < 2048


def test_a_tls_socket_that_would_block_loses_nothing() -> None:
    class WouldBlock:
        """gevent's TLS socket returns 0 where it would block; the second time it takes the bytes."""

        sent = b""
        tries = 0

        def send(self, data: bytes) -> int:
            self.tries += 1
            if self.tries % 2:
                return 0
            self.sent += bytes(data[:3])
            return len(data[:3])

        def fileno(self) -> int:
            return 0

        def close(self) -> None:
            pass

    client = GuardedClient("test")
    client._sock = sock = WouldBlock()
    client.publish("a/b", "payload")
    while client.want_write():
        client.loop_write()
    assert sock.sent == b"\x30" + struct.pack("!BH", 12, 3) + b"a/bpayload"


def test_paho_has_what_is_overridden() -> None:
    for name in ("_sock_recv", "_sock_send", "_handle_publish", "_packet_read", "_packet_write"):
        assert callable(getattr(Client, name))
