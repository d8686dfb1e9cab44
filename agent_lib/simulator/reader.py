"""A simulated UHF reader on a real TCP port of this machine, sending a real reader's bytes."""

import random
import socket
import time

from agent_lib.simulator.records import burst
from agent_lib.simulator.tcp_device import TcpDevice

BURSTS_A_SECOND = 20
_BETWEEN_PIECES_SECONDS = 0.003
_IDLE_SECONDS = 0.25
_SEND_SECONDS = 1.0


class SimulatedReader(TcpDevice):
    """Listens on 127.0.0.1 and sends every client the records of the tags in the field, many times a second."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__("reader")
        self._rng = random.Random(f"reader {seed}")
        self._tags: list[tuple[str, bytes]] = []

    def show(self, tags: list[tuple[str, bytes]]) -> None:
        """Set the tags (family, tag) in the field; an empty list means none."""
        with self._changed:
            self._tags = list(tags)
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
                self._send_all(clients, piece, _SEND_SECONDS)
                time.sleep(_BETWEEN_PIECES_SECONDS)
            with self._changed:
                if not self._stopped and self._tags == tags:
                    self._changed.wait(1 / BURSTS_A_SECOND)


def _has_left(client: socket.socket) -> bool:
    """Whether the client closed the connection; data that it sends is discarded."""
    try:
        client.settimeout(0)
        return client.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
