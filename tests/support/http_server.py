"""Checks for the server under test."""

from __future__ import annotations

import contextlib
import socket
import threading

import requests

from tests.support import ws

MB = 1024 * 1024
HOST = b"Host: 127.0.0.1\r\n"


def still_serves(server: ws.Server) -> None:
    """Check that the server answers an ordinary request."""
    assert requests.post(f"{server.url}/body", data=b"abc", timeout=10).json()["length"] == 3


class Dripping:
    """Sends `data` every 20 ms from a thread of its own until `end()`."""

    def __init__(self, sock: socket.socket, data: bytes) -> None:
        self._sock, self._data = sock, data
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ending.wait(0.02):
                self._sock.sendall(self._data)

    def end(self) -> None:
        self._ending.set()
        self._thread.join()
