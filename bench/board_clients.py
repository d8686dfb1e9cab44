"""AprilTag boards for the bench of video beside readings, in child processes: one sends pictures, others readings."""

from __future__ import annotations

import json
import multiprocessing
import socket
import struct
import time
from typing import Any

from video_clients import UPGRADE, picture

TOKEN = "bench-token"


class RawBoard:
    """A board's WebSocket on a plain socket. The mask is all zeros, so that this process need not mask the payload."""

    def __init__(self, port: int, address: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(f"GET /websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n{UPGRADE}\r\n".encode())
        self._received = b""
        self.until(b"connection_success")
        self.send(json.dumps({"event": "identify", "data": {"type": "esp32", "auth_token": TOKEN}}).encode())
        self.until(b"identify_success")

    def send(self, payload: bytes, opcode: int = 1) -> None:
        size = len(payload)
        length = (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + struct.pack("!H", size)
            if size < 65536
            else b"\xff" + struct.pack("!Q", size)
        )
        self.sock.sendall(bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload)

    def until(self, word: bytes) -> None:
        """Read until `word` is received, and discard everything up to its end."""
        while (at := self._received.find(word)) < 0:
            data = self.sock.recv(65536)
            assert data, "the hub has closed a board"
            self._received += data
        self._received = self._received[at + len(word) :]


def send_pictures(port: int, fps: float, size: int, seed: int, stop: Any, sent: Any) -> None:
    """Send one picture `fps` times a second until `stop`; `sent.value` counts them."""
    board = RawBoard(port, "127.0.0.2")
    body = picture(size, seed)
    due = time.monotonic()
    while not stop.is_set():
        board.send(body, 2)
        sent.value += 1
        due += 1 / fps
        time.sleep(max(0.0, due - time.monotonic()))
    board.sock.close()


def record(tag: int, clock: int) -> bytes:
    return json.dumps(
        {
            "tag_id": tag,
            "decision_margin": 61.3,
            "yaw": -15.2,
            "pitch": 8.7,
            "roll": 2.1,
            "x_cm": 10.5,
            "y_cm": -5.3,
            "z_cm": -42.0,
            "range_cm": 43.6,
            "timestamp": clock,
            "camera_name": "Waveshare-ESP32-S3",
            "smartcam_ip": "127.0.0.3",
        },
        separators=(",", ":"),
    ).encode()


def send_readings(port: int, udp_port: int, per_second: float, stop: Any, acknowledged: Any) -> None:
    """Send readings, every other one by UDP, each after the ACK of the last; `acknowledged.value` counts the ACKs."""
    board = RawBoard(port, "127.0.0.3")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.4", 0))
    udp.connect(("127.0.0.1", udp_port))
    udp.settimeout(1.0)
    began, number = time.monotonic(), 0
    while not stop.is_set():
        if number % 2:
            udp.send(record(number % 30, number))
            udp.recv(300)
        else:
            board.send(b'{"event":"apriltag_data",' + record(number % 30, number)[1:])
            board.until(b"apriltag_ack")
        number += 1
        acknowledged.value = number
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
    udp.close()
    board.sock.close()


class Running:
    """One of these functions in a child process; `count` is its counter."""

    def __init__(self, function: Any, *args: Any) -> None:
        self._stop, self._count = multiprocessing.Event(), multiprocessing.Value("q", 0)
        self._process = multiprocessing.Process(target=function, args=(*args, self._stop, self._count))

    @property
    def count(self) -> int:
        return self._count.value

    def __enter__(self) -> Running:
        self._process.start()
        while not self.count:
            assert self._process.exitcode is None, "a client of the bench has ended"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.join()
