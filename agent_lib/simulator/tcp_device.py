"""What simulated devices on a TCP port share: a listener on this machine, and the clients that are connected."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable

from agent_lib.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

_RETRY_SECONDS = 0.25


class TcpDevice:
    """Accepts clients at a port of 127.0.0.1. A subclass sends to `_clients` in `_send`, until `_stopped`.

    `_changed` guards both, and is notified when either has changed.
    """

    def __init__(self, name: str, port: int = 0, most: int = 1000) -> None:
        """`name`: for threads and the log. `port`: 0 takes any free one. `most`: clients. Raises OSError."""
        self._name, self._most = name, most
        self._changed = threading.Condition()
        self._clients: list[socket.socket] = []
        self._stopped = False
        self._listener = socket.create_server(("127.0.0.1", port))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._threads: list[threading.Thread] = []

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start listening, in threads under `supervisor` or one of its own."""
        supervisor = supervisor or Supervisor()
        parts: tuple[tuple[str, Callable[[], None]], ...] = (("accept", self._accept), ("send", self._send))
        self._threads = [supervisor.run(f"simulated-{self._name}-{part}", run, owned=True) for part, run in parts]

    def stop(self) -> None:
        """Close all connections and the port."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        wake_and_close(self._listener)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(2.0)
        self._drop(list(self._clients))

    @property
    def clients(self) -> int:
        """Number of connected clients."""
        with self._changed:
            return len(self._clients)

    def _send(self) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while not self._stopped:
            try:
                client, _ = self._listener.accept()
            except OSError as error:
                if not self._stopped:
                    log.warning("The simulated %s cannot accept a connection: %s", self._name, error)
                    time.sleep(_RETRY_SECONDS)
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                if self._stopped or len(self._clients) >= self._most:
                    client.close()
                    continue
                self._clients.append(client)
                self._changed.notify_all()

    def _send_all(self, clients: Iterable[socket.socket], data: bytes, seconds: float) -> None:
        """Send to each client, which has so many seconds to take it; those that are gone are dropped."""
        self._drop([client for client in clients if not self._sent(client, data, seconds)])

    def _sent(self, client: socket.socket, data: bytes, seconds: float) -> bool:
        try:
            client.settimeout(seconds)
            client.sendall(data)
        except OSError as error:
            log.debug("A client of the simulated %s is gone: %s", self._name, error)
            return False
        return True

    def _drop(self, gone: list[socket.socket]) -> None:
        with self._changed:
            for client in gone:
                if client in self._clients:
                    self._clients.remove(client)
                    client.close()


def wake_and_close(listener: socket.socket) -> None:
    """Close a listening socket so that a thread in accept() notices on every platform."""
    try:
        listener.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        log.debug("A listener cannot be shut down on this platform, closing it suffices: %s", error)
    listener.close()
