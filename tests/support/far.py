"""Real sockets of a device at another address: through a proxy on 127.0.0.2 that the hub is told to trust."""

from __future__ import annotations

import re
import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.tcp_server import relay, serving

PROXY = "127.0.0.2"
TRUSTING = {"HUB_ACCESS_TRUSTED_PROXY": PROXY}
"""The environment of a hub that believes the proxy."""


@contextmanager
def far_away(port: int, address: str) -> Iterator[str]:
    """The address of a hub on 127.0.0.1:port, as a device at `address` reaches it; one request a connection."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            received = b""
            while b"\r\n\r\n" not in received:
                data = self.request.recv(65536)
                if not data:
                    return
                received += data
            head, _, rest = received.partition(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            while length and len(rest) < int(length[1]) and (data := self.request.recv(65536)):
                rest += data  # head and body arrive together at the hub, as from most small devices
            lines = [f"X-Forwarded-For: {address}".encode()]
            if not re.search(rb"\r\nupgrade:", head, re.IGNORECASE):
                head = re.sub(rb"\r\nconnection:[^\r]*", b"", head, flags=re.IGNORECASE)
                lines.append(b"Connection: close")
            with socket.create_connection(("127.0.0.1", port), source_address=(PROXY, 0)) as hub:
                hub.sendall(b"\r\n".join([head, *lines]) + b"\r\n\r\n" + rest)
                relay(self.request, hub)

    with serving(Handler) as own:
        yield f"http://127.0.0.1:{own}"
