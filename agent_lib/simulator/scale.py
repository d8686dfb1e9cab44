"""A simulated weight indicator on a real TCP port of this machine: ten lines a second in a common form."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time

from agent_lib.runtime.supervisor import Supervisor
from agent_lib.simulator.reader import wake_and_close

log = logging.getLogger(__name__)

LINES_A_SECOND = 10
STEP_KG = 20
MAX_CLIENTS = 8
_SEND_SECONDS = 0.5


class SimulatedScale:
    """Sends every client the weight, `ST,GS,+012340kg` where it is stable and `US,GS,...` where it is not.

    `port`: 0 takes any free one. Raises OSError where the port is in use.
    """

    def __init__(self, port: int = 0) -> None:
        self._changed = threading.Condition()
        self._kg, self._stable = 0, True
        self._clients: list[socket.socket] = []
        self._stopped = False
        self._listener = socket.create_server(("127.0.0.1", port))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._threads: list[threading.Thread] = []

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start listening, in threads under `supervisor` or one of its own."""
        supervisor = supervisor or Supervisor()
        self._threads = [
            supervisor.run("simulated-scale-accept", self._accept, owned=True),
            supervisor.run("simulated-scale-send", self._send, owned=True),
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
            self._drop(list(self._clients))

    def show(self, kg: float, stable: bool) -> None:
        """Set the weight on the scale in kg; it is shown in steps of STEP_KG."""
        with self._changed:
            self._kg, self._stable = round(kg / STEP_KG) * STEP_KG, stable

    def line(self) -> str:
        """The line as it is now, without its end."""
        with self._changed:
            sign = "-" if self._kg < 0 else "+"
            return f"{'ST' if self._stable else 'US'},GS,{sign}{abs(self._kg):06d}kg"

    def _accept(self) -> None:
        while not self._stopped:
            try:
                client, _ = self._listener.accept()
            except OSError as error:
                if not self._stopped:
                    log.warning("The simulated scale cannot accept a connection: %s", error)
                    time.sleep(1 / LINES_A_SECOND)
                continue
            with self._changed:
                if self._stopped or len(self._clients) >= MAX_CLIENTS:
                    client.close()
                    continue
                client.settimeout(_SEND_SECONDS)
                self._clients.append(client)

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, 1 / LINES_A_SECOND)
                if self._stopped:
                    return
                clients = list(self._clients)
            data = f"{self.line()}\r\n".encode("ascii")
            gone = [client for client in clients if not _sent(client, data)]
            with self._changed:
                self._drop(gone)

    def _drop(self, gone: list[socket.socket]) -> None:
        for client in gone:
            with contextlib.suppress(ValueError):
                self._clients.remove(client)
            client.close()


def _sent(client: socket.socket, data: bytes) -> bool:
    try:
        client.sendall(data)
    except OSError as error:
        log.debug("A client of the simulated scale is gone: %s", error)
        return False
    return True
