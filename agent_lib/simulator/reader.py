"""A simulated UHF reader on a real TCP port of this machine, sending a real reader's bytes."""

import logging
import random
import socket
import threading
import time

from agent_lib.runtime.supervisor import Supervisor
from agent_lib.simulator.records import burst

log = logging.getLogger(__name__)

BURSTS_A_SECOND = 20
_BETWEEN_PIECES_SECONDS = 0.003
_IDLE_SECONDS = 0.25
_SEND_SECONDS = 1.0


class SimulatedReader:
    """Listens on 127.0.0.1 and sends every client the records of the tags in the field, many times a second."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = random.Random(f"reader {seed}")
        self._changed = threading.Condition()
        self._tags: list[tuple[str, bytes]] = []
        self._clients: list[socket.socket] = []
        self._stopped = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._threads: list[threading.Thread] = []

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start listening, in threads under `supervisor` or one of its own."""
        supervisor = supervisor or Supervisor()
        self._threads = [
            supervisor.run("simulated-reader-accept", self._accept, owned=True),
            supervisor.run("simulated-reader-send", self._send, owned=True),
        ]

    def stop(self) -> None:
        """Close all connections and the port."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        wake_and_close(self._listener)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(2.0)
        with self._changed:
            for client in self._clients:
                client.close()
            self._clients.clear()

    @property
    def clients(self) -> int:
        """Number of connected clients."""
        with self._changed:
            return len(self._clients)

    def show(self, tags: list[tuple[str, bytes]]) -> None:
        """Set the tags (family, tag) in the field; an empty list means none."""
        with self._changed:
            self._tags = list(tags)
            self._changed.notify_all()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                client, _ = self._listener.accept()
            except OSError as error:
                if not self._stopped:
                    log.warning("The simulated reader cannot accept a connection: %s", error)
                    time.sleep(_IDLE_SECONDS)
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                if self._stopped:
                    client.close()
                    return
                self._clients.append(client)
                self._changed.notify_all()

    def _send(self) -> None:
        number = 0
        while True:
            with self._changed:
                if not (self._tags or self._stopped):
                    self._changed.wait(_IDLE_SECONDS)
                if self._stopped:
                    return
                tags, clients = self._tags, list(self._clients)
            self._drop([client for client in clients if _has_left(client)])
            if not tags:
                continue
            number += 1
            pieces = burst(tags, number, self._rng)
            for piece in pieces:
                self._drop([client for client in clients if not _sent(client, piece)])
                time.sleep(_BETWEEN_PIECES_SECONDS)
            with self._changed:
                if not self._stopped and self._tags == tags:
                    self._changed.wait(1 / BURSTS_A_SECOND)

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


def _sent(client: socket.socket, data: bytes) -> bool:
    try:
        client.settimeout(_SEND_SECONDS)
        client.sendall(data)
    except OSError as error:
        log.debug("A client of the simulated reader is gone: %s", error)
        return False
    return True


def _has_left(client: socket.socket) -> bool:
    """Whether the client closed the connection; data that it sends is discarded."""
    try:
        client.settimeout(0)
        return client.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
