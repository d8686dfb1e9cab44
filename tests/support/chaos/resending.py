"""Cameras that send one record after the other and send each again until it is acknowledged, whatever happens."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

import websocket

from tests.support.lpr import g4

REPLY_SECONDS = 5.0  # beyond it a record is sent again
RETRY_SECONDS = 0.1
FAULTS = (OSError, http.client.HTTPException, websocket.WebSocketException, ValueError)


@dataclass(frozen=True)
class Acknowledged:
    """One record. `at`: when its answer came (monotonic seconds). `stored`: the id that the hub gave it."""

    at: float
    event: str
    stored: str


class Door(Protocol):
    """A connection that is opened when it is first needed, and again after `close`."""

    def exchange(self, record: dict[str, Any]) -> dict[str, Any]:
        """The answer to a record. Raises one of FAULTS."""

    def close(self) -> None: ...


class RestDoor:
    """POST /api/detection over one connection that is kept."""

    def __init__(self, port: int, token: str, address: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._http = http.client.HTTPConnection("127.0.0.1", port, REPLY_SECONDS, source_address=(address, 0))

    def exchange(self, record: dict[str, Any]) -> dict[str, Any]:
        self._http.request("POST", "/api/detection", json.dumps(record), self._headers)
        answer: dict[str, Any] = json.loads(self._http.getresponse().read())
        return answer

    def close(self) -> None:
        self._http.close()


class SocketIoDoor:
    """The event lpr_data with an acknowledgement, over a WebSocket."""

    def __init__(self, port: int, token: str, address: str) -> None:
        self._where, self._address, self._token = ("127.0.0.1", port), address, token
        self._socket: websocket.WebSocket | None = None

    def _opened(self) -> websocket.WebSocket:
        if self._socket is None:
            sock = socket.create_connection(self._where, REPLY_SECONDS, (self._address, 0))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._socket = websocket.create_connection(
                    f"ws://127.0.0.1:{self._where[1]}/socket.io/?EIO=4&transport=websocket",
                    socket=sock,
                    timeout=REPLY_SECONDS,
                    header=[f"Authorization: Bearer {self._token}"],
                    suppress_origin=True,
                )
            except BaseException:
                sock.close()
                raise
            self._socket.send("40")
            self._until("40")
        return self._socket

    def _until(self, start: str) -> str:
        assert self._socket is not None
        while not (text := str(self._socket.recv())).startswith(start):
            if text == "2":
                self._socket.send("3")
            elif not text or text.startswith(("1", "41", "44")):
                raise websocket.WebSocketException(f"the hub has ended the session: {text[:200]}")
        return text

    def exchange(self, record: dict[str, Any]) -> dict[str, Any]:
        self._opened().send(f'421["lpr_data",{json.dumps(record)}]')
        answer: dict[str, Any] = json.loads(self._until("431")[3:])[0]
        return answer

    def close(self) -> None:
        if self._socket is not None:
            self._socket.shutdown()  # without a closing handshake: the other end may be dead
            self._socket = None


class ResendingCamera:
    """A thread from `start` to `stop`; `interval`: seconds from an answer to the next record."""

    def __init__(self, door: Door, name: str, interval: float) -> None:
        self._door, self._name, self._interval = door, name, interval
        self._run = uuid.uuid4().hex[:8]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self.sent = 0
        self.failures: Counter[str] = Counter()  # why records were sent again
        self.acknowledged: list[Acknowledged] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Have it end after the answer that it waits for."""
        self._ending.set()

    def join(self) -> None:
        self._thread.join(4 * REPLY_SECONDS)
        assert not self._thread.is_alive(), f"{self._name} does not end"

    def served_after(self, moment: float) -> float | None:
        """Seconds from `moment` to the first answer after it; None where there is none."""
        return next((one.at - moment for one in self.acknowledged if one.at >= moment), None)

    def _send_all(self) -> None:
        try:
            while not self._ending.wait(self._interval):
                event = f"{self._run}-{self.sent}"
                record = g4(aicamera_id=self._name, event_id=event)
                self.sent += 1
                while reason := self._deliver(event, record):
                    self.failures[reason] += 1
                    if self._ending.wait(RETRY_SECONDS):
                        return
        finally:
            self._door.close()

    def _deliver(self, event: str, record: dict[str, Any]) -> str:
        """Send a record once; why it was not acknowledged, else ""."""
        try:
            answer = self._door.exchange(record)
        except FAULTS as error:
            self._door.close()
            return type(error).__name__
        if not answer.get("success"):
            return str(answer.get("message"))
        self.acknowledged.append(Acknowledged(time.monotonic(), event, answer["detection_id"]))
        return ""
