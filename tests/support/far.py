"""Real sockets of a device at another address: through a proxy on 127.0.0.2 that the hub is told to trust."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PROXY = "127.0.0.2"
TRUSTING = {"HUB_ACCESS_TRUSTED_PROXY": PROXY}
"""The environment of a hub that believes the proxy."""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


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
                back = threading.Thread(target=_pump, args=(hub, self.request), daemon=True)
                back.start()
                _pump(self.request, hub)
                back.join(5)

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        return
    finally:
        for link in (source, target):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
