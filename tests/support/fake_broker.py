"""An MQTT broker that keeps what it acknowledges, and has the faults that a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CONNACK = b"\x20\x02\x00\x00"
CONNECT, PUBLISH, PINGREQ, DISCONNECT = 0x10, 0x30, 0xC0, 0xE0


class Vanish(Exception):
    """The broker closes the connection here."""


@dataclass
class FakeBroker:
    """`on_connect(sock)` and `on_publish(sock, topic)` may raise Vanish, block, or send what they like."""

    port: int = 0
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    on_connect: Callable[[socket.socket], None] = lambda sock: sock.sendall(CONNACK)
    on_publish: Callable[[socket.socket, str], None] = lambda sock, topic: None

    def of(self, topic: str) -> list[str]:
        return [payload for name, payload in list(self.acknowledged) if name == topic]

    def serve(self, sock: socket.socket) -> None:
        self.connections += 1
        try:
            while True:
                self._packet(sock)
        except (OSError, Vanish):
            pass
        finally:
            end(sock)

    def _packet(self, sock: socket.socket) -> None:
        kind = exactly(sock, 1)[0]
        size, shift = 0, 0
        while True:
            byte = exactly(sock, 1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        body = exactly(sock, size)
        if kind & 0xF0 == CONNECT:
            self.on_connect(sock)
        elif kind & 0xF0 == PUBLISH:
            length = int.from_bytes(body[:2], "big")
            topic = body[2 : 2 + length].decode()
            self.on_publish(sock, topic)
            sock.sendall(b"\x40\x02" + body[2 + length : 4 + length])
            self.acknowledged.append((topic, body[4 + length :].decode()))
        elif kind & 0xF0 == PINGREQ:
            sock.sendall(b"\xd0\x00")
        elif kind & 0xF0 == DISCONNECT:
            raise Vanish


def exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes. Raises Vanish at the end of the connection."""
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise Vanish
        data += more
    return data


def end(sock: socket.socket) -> None:
    """Close a connection so that what was sent on it arrives: a reset would take acknowledgements with it."""
    with suppress(OSError):
        sock.settimeout(5)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    sock.close()


@contextmanager
def fake_broker() -> Iterator[FakeBroker]:
    """A fake broker on 127.0.0.1."""
    made = FakeBroker()
    listener = socket.create_server(("127.0.0.1", 0))
    made.port = listener.getsockname()[1]

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=made.serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield made
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
