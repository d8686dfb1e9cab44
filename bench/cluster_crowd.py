"""Many Socket.IO cameras of one hub: each is connected all the time and sends a record every few seconds.

All are one process and one selector over plain sockets, so that the load is small beside the hub.
"""

from __future__ import annotations

import heapq
import json
import multiprocessing
import selectors
import socket
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tests.support.lpr import g4
from tests.support.ws import frame, upgrade_request

PATH = "/socket.io/?EIO=4&transport=websocket"
TEXT = 1
MARK = "@@@@@@@@@@@@@@@@"
CONNECT_SECONDS = 30.0


@dataclass(frozen=True)
class Crowd:
    """`interval`: seconds between two records of a camera. `pad`: bytes of text that a record has beside its own."""

    port: int
    cameras: int
    interval: float
    seconds: float
    pad: int = 300


class CrowdCamera:
    """One connection; a record in flight at most."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        record = g4(aicamera_id=f"crowd{number}", checkpoint_id="crowd", event_id=MARK, note="x" * crowd.pad)
        self._before, self._after = f'421["lpr_data",{json.dumps(record)}]'.split(MARK)
        self._name, self._count = f"{time.time_ns() & 0xFFFFFFFF:08x}-{number}", 0
        self.sent_at: float | None = None
        self.buffer = b""
        self.sock = socket.create_connection(("127.0.0.1", crowd.port), CONNECT_SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(upgrade_request(PATH))
        self._wait_for(b"\r\n\r\n")
        self.sock.sendall(frame(TEXT, b"40"))
        self._wait_for(b"40{")
        self.buffer = b""
        self.sock.setblocking(False)

    def _wait_for(self, text: bytes) -> None:
        """Raises ConnectionError where the hub ends the connection before."""
        while text not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError(self.buffer.decode("latin-1") or "the hub has ended a connection")
            self.buffer += data

    def send(self) -> None:
        """Send the next record."""
        self._count += 1
        self.sent_at = time.perf_counter()
        self.sock.send(frame(TEXT, f"{self._before}{self._name}-{self._count}{self._after}".encode()))

    def receive(self) -> list[bytes]:
        """The texts that have come. Raises ConnectionError."""
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the hub has ended a connection")
        self.buffer += data
        texts = []
        while len(self.buffer) >= 2:
            size, start = self.buffer[1] & 127, 2
            if size == 126:
                size, start = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < start + size:
                break
            texts.append(self.buffer[start : start + size])
            self.buffer = self.buffer[start + size :]
        return texts


class CrowdProcess:
    """The cameras in a process of their own: connected after `connect`, sending within `run`."""

    def __init__(self, crowd: Crowd) -> None:
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(crowd, other))
        self._process.start()
        other.close()

    def connect(self) -> None:
        """Wait until all are connected. Raises EOFError where one was refused; its error is on stderr."""
        assert self._pipe.recv() == "connected"

    def run(self) -> dict[str, Any]:
        """Have all send.

        `times`: seconds of each answer; `errors`: answers that are refusals; `missing`: records without an answer;
        `processor`: seconds that the load has used.
        """
        self._pipe.send("run")
        result: dict[str, Any] = self._pipe.recv()
        return result

    def end(self) -> None:
        self._pipe.close()
        self._process.join(20)
        if self._process.is_alive():
            self._process.kill()


def _serve(crowd: Crowd, pipe: Connection) -> None:
    cameras = [CrowdCamera(crowd, number) for number in range(crowd.cameras)]
    pipe.send("connected")
    with selectors.DefaultSelector() as selector:
        for camera in cameras:
            selector.register(camera.sock, selectors.EVENT_READ, camera)
        waiting = True
        while waiting:  # pings are answered meanwhile
            for key, _ in selector.select(0.05):
                _answer_pings(key.data)
            waiting = not pipe.poll()
        pipe.recv()
        pipe.send(_run(crowd, cameras, selector))
        while not pipe.poll():
            for key, _ in selector.select(0.05):
                _answer_pings(key.data)


def _answer_pings(camera: CrowdCamera) -> list[bytes]:
    """The texts of a camera that are no pings."""
    others = []
    for text in camera.receive():
        if text == b"2":
            camera.sock.send(frame(TEXT, b"3"))
        else:
            others.append(text)
    return others


def _run(crowd: Crowd, cameras: list[CrowdCamera], selector: selectors.BaseSelector) -> dict[str, Any]:
    """Each camera sends every `interval` seconds, all spread evenly over it."""
    began, used = time.perf_counter(), time.process_time()
    due = [(began + crowd.interval * number / len(cameras), number) for number in range(len(cameras))]
    heapq.heapify(due)
    times: list[float] = []
    errors = late = 0
    until = began + crowd.seconds
    while (now := time.perf_counter()) < until + 5.0:
        while due[0][0] <= now < until:
            moment, number = heapq.heappop(due)
            if cameras[number].sent_at is None:
                cameras[number].send()
            else:
                late += 1
            heapq.heappush(due, (moment + crowd.interval, number))
        if now >= until and all(camera.sent_at is None for camera in cameras):
            break
        for key, _ in selector.select(max(0.0, min(due[0][0], now + 0.1) - now)):
            camera = key.data
            for text in _answer_pings(camera):
                if text.startswith(b"431") and camera.sent_at is not None:
                    times.append(time.perf_counter() - camera.sent_at)
                    errors += b'"success":true' not in text
                    camera.sent_at = None
    missing = late + sum(camera.sent_at is not None for camera in cameras)
    return {"times": times, "errors": errors, "missing": missing, "processor": time.process_time() - used}
