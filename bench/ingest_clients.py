"""Cameras for bench/ingest.py, the same for every server: plain sockets, prepared bytes, one in-flight record each."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import random
import re
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass
from typing import Any

DETECTION_ID = re.compile(rb'"detection_id":"([^"]+)"')
MARK = "@@@@@@@@@@@@@@@@"


@dataclass(frozen=True)
class Load:
    """What to send: the transport, the size of a record in KB, for how long (or how many records, where `records`).

    `authority`: the file of the authority of a hub that speaks TLS.
    """

    door: str
    size: int
    clients: int
    seconds: float
    port: int
    seed: int
    records: int = 0
    authority: str = ""


def record(size: int, camera: int, seed: int) -> bytes:
    """JSON of a detection; MARK is the placeholder of each record's event id."""
    chance = random.Random(seed * 1000 + camera)
    plate = f"{chance.choice('123456789')}AB{chance.randrange(1000, 9999)}"
    body: dict[str, Any] = {
        "type": "detection_result",
        "camera_id": f"cam{camera:03d}",
        "checkpoint_id": f"gate{camera % 5}",
        "timestamp": "2026-01-28T10:50:00",
        "event_id": MARK,
        "vehicles_count": 1,
        "plates_count": 1,
        "ocr_results": [{"text": plate, "confidence": 0.93, "bbox": [10, 20, 110, 60]}],
        "vehicle_detections": [{"bbox": [0, 0, 300, 200], "score": 0.9, "label": "car"}],
        "plate_detections": [{"bbox": [10, 20, 110, 60], "score": 0.8}],
        "processing_time_ms": 41.5,
    }
    room = size * 1024 - len(json.dumps(body)) - 30
    if size > 4:
        picture = b"\xff\xd8\xff\xe0" + chance.randbytes(room * 3 // 4 - 4)
        body["original_image"] = base64.b64encode(picture).decode()
    else:
        body["note"] = "x" * max(0, room)
    return json.dumps(body, separators=(",", ":")).encode()


def run_load(load: Load, processes: int) -> tuple[list[float], set[bytes], int, float]:
    """Return the seconds of each record, the acknowledged ids, the number of errors, and the total duration."""
    results: multiprocessing.Queue[Any] = multiprocessing.Queue()
    share = [load.clients // processes + (number < load.clients % processes) for number in range(processes)]
    began = time.perf_counter()
    workers = []
    for number, count in enumerate(share):
        worker = multiprocessing.Process(target=_process, args=(load, sum(share[:number]), count, results))
        worker.start()
        workers.append(worker)
    times: list[float] = []
    ids: set[bytes] = set()
    errors, took = 0, 0.0
    for _ in workers:
        some, seen, wrong, lasted = results.get(timeout=load.seconds + 600)
        times += some
        ids |= seen
        errors += wrong
        took = max(took, lasted)
    for worker in workers:
        worker.join()
    del began
    return times, ids, errors, took


def _process(load: Load, first: int, count: int, results: Any) -> None:
    cameras = [_Camera(load, first + number) for number in range(count)]
    began = time.perf_counter()
    until = began + load.seconds
    quota = load.records // load.clients
    threads = [threading.Thread(target=camera.run, args=(until, quota)) for camera in cameras]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted = time.perf_counter() - began
    results.put(
        (
            [second for camera in cameras for second in camera.times],
            {one for camera in cameras for one in camera.ids},
            sum(camera.errors for camera in cameras),
            lasted,
        )
    )


class _Camera:
    """One connection, one record after the other."""

    def __init__(self, load: Load, number: int) -> None:
        self.door = load.door
        self.run_id = os.urandom(4).hex()
        self.times: list[float] = []
        self.ids: set[bytes] = set()
        self.errors = 0
        body = record(load.size, number, load.seed)
        self.before, self.after = body.split(MARK.encode())
        self.sock = socket.create_connection(("127.0.0.1", load.port), timeout=60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if load.authority:
            context = ssl.create_default_context(cafile=load.authority)
            self.sock = context.wrap_socket(self.sock, server_hostname="127.0.0.1")
        self.buffer = b""
        if load.door == "socketio":
            self._upgrade("/socket.io/?EIO=4&transport=websocket")
            self._frame()  # open
            self._send_frame(b"40")
            while not self._frame().startswith(b"40"):
                pass
        elif load.door == "ws":
            self._upgrade("/")

    def run(self, until: float, quota: int) -> None:
        count = 0
        while (count < quota) if quota else (time.perf_counter() < until):
            text = self.before + f"{self.run_id}{count:08d}".encode() + self.after
            began = time.perf_counter()
            answer = self._exchange(text)
            self.times.append(time.perf_counter() - began)
            found = DETECTION_ID.search(answer)
            if found and b'"success":true' in answer:
                self.ids.add(found[1])
            else:
                self.errors += 1
            count += 1
        self.sock.close()

    def _exchange(self, text: bytes) -> bytes:
        if self.door == "rest":
            self.sock.sendall(
                b"POST /api/detection HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(text), text)
            )
            return self._response()
        if self.door == "ws":
            self._send_frame(text)
            return self._frame()
        self._send_frame(b'421["lpr_data",' + text + b"]")
        while True:
            frame = self._frame()
            if frame.startswith(b"431"):
                return frame
            if frame == b"2":
                self._send_frame(b"3")

    def _response(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head.lower())[1])
        while len(rest) < length:
            self._more()
            rest = self.buffer.partition(b"\r\n\r\n")[2]
        self.buffer = rest[length:]
        return rest[:length] if head.startswith(b"HTTP/1.1 200") else b""

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def _upgrade(self, path: str) -> None:
        self.sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise ConnectionError(head.decode("latin-1"))

    def _send_frame(self, payload: bytes) -> None:
        """Send a frame masked with zeros, which leaves the payload unchanged; the server still unmasks it."""
        size = len(payload)
        head = b"\x81" + (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + struct.pack(">H", size)
            if size < 65536
            else b"\xff" + struct.pack(">Q", size)
        )
        self.sock.sendall(head + b"\0\0\0\0" + payload)

    def _frame(self) -> bytes:
        while True:
            while len(self.buffer) < 2:
                self._more()
            size, start = self.buffer[1] & 127, 2
            extra = {126: 2, 127: 8}.get(size, 0)
            while len(self.buffer) < start + extra:
                self._more()
            if extra:
                size = int.from_bytes(self.buffer[2 : 2 + extra], "big")
                start += extra
            while len(self.buffer) < start + size:
                self._more()
            opcode, payload = self.buffer[0] & 15, self.buffer[start : start + size]
            self.buffer = self.buffer[start + size :]
            if opcode in (1, 2):
                return payload


def dashboards(port: int, count: int, stop: Any) -> None:
    """Run viewers in the room `dashboard` that read and discard everything, in one process."""
    socks = []
    for _ in range(count):
        camera = _Camera(Load("socketio", 1, 1, 0, port, 0), 0)
        camera._send_frame(b'42["join_dashboard"]')
        socks.append(camera.sock)

    def drain(sock: socket.socket) -> None:
        sock.settimeout(0.5)
        while not stop.is_set():
            try:
                if not sock.recv(262_144):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    threads = [threading.Thread(target=drain, args=(sock,)) for sock in socks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sock in socks:
        sock.close()
