"""Viewers and cameras for the tests of live video, over real sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import websocket

from tests.support.helpers import HubProcess

LEGACY = "/client_e32__http_post_to_serverhub__smartcam_video_stream"


def send(hub: HubProcess, camera: str, data: bytes) -> dict[str, Any]:
    answer = requests.post(f"{hub.url}/api/cameras/{camera}/frame", data=data, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post_from(address: str, url: str, data: bytes) -> requests.Response:
    """A POST that comes from this address of 127.0.0.0/8."""
    with requests.Session() as session:
        session.get_adapter("http://").init_poolmanager(1, 1, source_address=(address, 0))
        return session.post(url, data=data, timeout=10)


class VideoSocket:
    """A client of /ws/video."""

    def __init__(self, hub: HubProcess, query: str = "") -> None:
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/ws/video{query}", timeout=10)

    def frame(self) -> tuple[dict[str, Any], bytes]:
        message = self.socket.recv()
        size = int.from_bytes(message[:2], "big")
        return json.loads(message[2 : 2 + size]), message[2 + size :]

    def close(self) -> None:
        self.socket.shutdown()  # a closing handshake would wait for a hub that has ended


class Stream:
    """A client of /video/stream: reads part after part."""

    def __init__(self, hub: HubProcess, query: str = "", receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", hub.port))
        self.socket.sendall(f"GET /video/stream{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.head = self._head()
        assert self.file.readline() == b"--frame\r\n"

    def _head(self) -> list[str]:
        lines = []
        while line := self.file.readline().strip():
            lines.append(line.decode())
        return lines

    def part(self) -> tuple[dict[str, str], bytes]:
        head = dict(line.split(": ", 1) for line in self._head())
        data = self.file.read(int(head["Content-Length"]))
        assert self.file.read(2) == b"\r\n" and self.file.readline() == b"--frame\r\n"
        return head, data

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@contextmanager
def closing(*clients: Any) -> Iterator[None]:
    try:
        yield
    finally:
        for client in clients:
            client.close()
