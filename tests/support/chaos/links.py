"""A TCP link between a device and what connects to it, which can vanish and return on the same port."""

from __future__ import annotations

import socket
import threading

from tests.support.tcp_server import relay


class Link:
    """Listens on a port of its own and passes connections on to `target`; `cut` and `restore` from any thread."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.restore()

    def restore(self) -> None:
        """Listen again; nothing where it does."""
        with self._lock:
            if self._listener is not None:
                return
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=50)
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self, listen: bool = False) -> None:
        """End every connection. Unless `listen`, new ones are refused until `restore`."""
        with self._lock:
            connections, self._connections = self._connections, []
            listener = self._listener
            if not listen:
                self._listener = None
        if not listen and listener is not None:
            _end(listener)
        for connection in connections:
            _end(connection)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, connection: socket.socket) -> None:
        with connection:
            try:
                behind = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                return
            with behind:
                behind.settimeout(None)
                for one in (connection, behind):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._connections += [connection, behind]
                relay(connection, behind)
                with self._lock:
                    self._connections = [one for one in self._connections if one not in (connection, behind)]


def _end(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    if one.fileno() >= 0 and one.type == socket.SOCK_STREAM:
        one.close()
