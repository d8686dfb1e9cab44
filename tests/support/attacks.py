"""What tests of memory send: large pictures, raw connections, WebSocket frames and Socket.IO packets made by hand."""

from __future__ import annotations

import os
import socket
import struct

import websocket

from tests.support.helpers import HubProcess, jpeg

MB = 1024 * 1024
LIMIT_MB = 480
"""Under 500 MB is promised; a forked start (tests/support/starts.py) has some 15 MB less than another."""


def large_picture(size: int) -> bytes:
    """A JPEG padded to `size` bytes with comments."""
    data = jpeg()
    comment = b"\xff\xfe" + struct.pack(">H", 65535) + os.urandom(65533)
    return data[:2] + comment * (size // len(comment)) + data[2:]


def connection(port: int) -> socket.socket:
    """A connection on which nothing was sent."""
    return socket.create_connection(("127.0.0.1", port), 30)


def websocket_open(port: int, path: str = "/") -> socket.socket:
    """A connection after its WebSocket handshake."""
    sock = connection(port)
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in sock.recv(4096)
    return sock


def frame_head(size: int, opcode: int = 1, fin: bool = True) -> bytes:
    """The head of a masked frame of `size` bytes, with the mask 0."""
    return struct.pack(">BBQ", opcode | (0x80 if fin else 0), 0x80 | 127, size) + b"\0\0\0\0"


def socketio_client(hub: HubProcess) -> websocket.WebSocket:
    """A Socket.IO client, packet by packet, that is connected to the default namespace."""
    client = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/socket.io/?EIO=4&transport=websocket", timeout=30)
    client.recv()
    client.send("40")
    client.recv()
    return client
