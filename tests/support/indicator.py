"""A weight indicator on a real TCP port of this machine, for tests of scales."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class Indicator:
    """Accepts one client after the other; `send` gives bytes to whoever is connected, `received` is what came."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._client: socket.socket | None = None
        self.received = b""
        self.connections = 0
        self._stopped = False
        self._repeated = b""
        self._threads = [
            threading.Thread(target=self._accept, daemon=True),
            threading.Thread(target=self._repeat, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Indicator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def connected(self) -> bool:
        return self._client is not None

    def show(self, line: str) -> None:
        """Send this line twenty times a second, from now on and to whoever connects; empty: nothing."""
        self._repeated = f"{line}\r\n".encode("latin-1") if line else b""

    def send(self, data: bytes) -> None:
        """Send bytes to the client, as many as it takes in a moment."""
        client = self._client
        assert client is not None, "nobody is connected to the indicator"
        with suppress(OSError):
            client.sendall(data)

    def hang_up(self, reset: bool = False) -> None:
        """End the connection; `reset`: without its orderly end."""
        client, self._client = self._client, None
        if client is not None:
            if reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            else:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            client.close()

    def stop(self) -> None:
        self._stopped = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(2)

    def _accept(self) -> None:
        while not self._stopped:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(0.3)
            self._client = client
            self.connections += 1
            threading.Thread(target=self._read, args=(client,), daemon=True).start()

    def _read(self, client: socket.socket) -> None:
        while True:
            try:
                data = client.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                if self._client is client:
                    self._client = None
                client.close()
                return
            self.received = (self.received + data)[-4096:]

    def _repeat(self) -> None:
        while not self._stopped:
            client, line = self._client, self._repeated
            if client is not None and line:
                with suppress(OSError):
                    client.sendall(line)
            time.sleep(0.05)
