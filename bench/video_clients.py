"""Cameras and viewers of live video for the bench: real sockets, in child processes."""

from __future__ import annotations

import json
import multiprocessing
import random
import selectors
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

HEAD = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc00011080168028003012200021101031101")
MJPEG, WEBSOCKET = "mjpeg", "websocket"
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


def picture(size: int, seed: int) -> bytes:
    """Bytes with the headers of a JPEG of 640 x 360, `size` bytes long; they cannot be decoded."""
    return HEAD + b"\xff\xda" + random.Random(seed).randbytes(size - len(HEAD) - 4) + b"\xff\xd9"


def send_frames(port: int, cameras: list[str], fps: float, size: int, seed: int, stop: Any, sent: Any) -> None:
    """Post frames of `cameras` to the hub, each `fps` times a second, until `stop`; `sent.value` counts them."""
    body = picture(size, seed)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heads = [
            f"POST /api/cameras/{camera}/frame HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            for camera in cameras
        ]
        due = time.monotonic()
        while not stop.is_set():
            for head in heads:
                sock.sendall(head + body)
                answer = b""
                while b"}" not in answer:
                    answer += sock.recv(65536)
                assert b" 200 " in answer[:20], answer
                sent.value += 1
            due += 1 / fps
            time.sleep(max(0.0, due - time.monotonic()))


@dataclass
class Connection:
    """One viewer's connection and the frames it has received."""

    sock: socket.socket
    kind: str
    data: bytearray = field(default_factory=bytearray)
    opened: bool = False
    frames: int = 0
    cameras: Counter[str] = field(default_factory=Counter)
    oldest: float = 0.0  # the greatest age at which a frame was read, seconds
    every: int = 1  # parse one header of so many frames: fifty viewers share one process

    def parse(self) -> None:
        """Remove complete frames from the received data and count them."""
        if not self.opened:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                return
            assert b" 101 " in self.data[:20] or b" 200 " in self.data[:20], bytes(self.data[:200])
            del self.data[: end + 4]
            self.opened = True
        while self._one():
            pass

    def _one(self) -> bool:
        return self._websocket() if self.kind == WEBSOCKET else self._mjpeg()

    def _mjpeg(self) -> bool:
        end = self.data.find(b"\r\n\r\n", 0, 400)
        if end < 0:
            return False
        head = bytes(self.data[:end]).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(self.data) < end + 4 + length:
            return False
        del self.data[: end + 4 + length]
        self._saw("", float(head.split(b"x-timestamp: ")[1].split(b"\r\n")[0]))
        return True

    def _websocket(self) -> bool:
        if len(self.data) < 4:
            return False
        short = self.data[1] & 127
        head = 2 if short < 126 else 4 if short == 126 else 10
        if len(self.data) < head:
            return False
        length = short if short < 126 else int.from_bytes(self.data[2:head], "big")
        if len(self.data) < head + length:
            return False
        if self.data[0] & 15 == 2:
            if self.frames % self.every:
                self.frames += 1
            else:
                size = int.from_bytes(self.data[head : head + 2], "big")
                header = json.loads(self.data[head + 2 : head + 2 + size])
                self._saw(header["camera"], header["timestamp"])
        del self.data[: head + length]
        return True

    def _saw(self, camera: str, timestamp: float) -> None:
        self.frames += 1
        self.cameras[camera] += 1
        self.oldest = max(self.oldest, time.time() - timestamp)


def connect(port: int, kind: str, query: str = "", receive_buffer: int = 0) -> Connection:
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect(("127.0.0.1", port))
    path = "/ws/video" if kind == WEBSOCKET else "/video/stream"
    sock.sendall(
        f"GET {path}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{UPGRADE if kind == WEBSOCKET else ''}\r\n".encode()
    )
    return Connection(sock, kind)


def watch(port: int, kind: str, count: int, query: str, seconds: float, result: Any) -> None:
    """Run `count` viewers that read as fast as they can.

    Puts the frames a second of each, counted after a warm-up second, in all and by camera, and the greatest age.
    """
    viewers = [connect(port, kind, query) for _ in range(count)]
    for viewer in viewers:
        viewer.every = count
    with selectors.DefaultSelector() as selector:
        for viewer in viewers:
            viewer.sock.setblocking(False)
            selector.register(viewer.sock, selectors.EVENT_READ, viewer)
        _read_until(selector, time.monotonic() + 1.0)
        for viewer in viewers:
            viewer.frames, viewer.oldest = 0, 0.0
            viewer.cameras.clear()
        began = time.monotonic()
        result.put("begun")
        _read_until(selector, began + seconds)
        took = time.monotonic() - began
    result.put(
        [
            (viewer.frames / took, {name: n / took for name, n in viewer.cameras.items()}, viewer.oldest)
            for viewer in viewers
        ]
    )
    for viewer in viewers:
        viewer.sock.close()


def _read_until(selector: selectors.BaseSelector, end: float) -> None:
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            try:
                data = key.fileobj.recv(1 << 18)
            except BlockingIOError:
                continue
            assert data, "the hub has closed a viewer"
            key.data.data += data
            key.data.parse()


def watch_slowly(
    port: int, kind: str, bytes_per_second: float, receive_buffer: int, fast_seconds: float, seconds: float, result: Any
) -> None:
    """Run a viewer that reads slowly after `fast_seconds`.

    Puts (frames, greatest age of a frame when its last byte was read).
    """
    viewer = connect(port, kind, "", receive_buffer)
    began, taken = time.monotonic(), 0
    result.put("begun")
    while time.monotonic() - began < fast_seconds:
        viewer.data += viewer.sock.recv(1 << 18)
        viewer.parse()
    viewer.frames, began = 0, time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        if taken > now * bytes_per_second:
            time.sleep(0.01)
            continue
        data = viewer.sock.recv(4096)
        if not data:
            break
        taken += len(data)
        viewer.data += data
        viewer.parse()
    result.put((viewer.frames, viewer.oldest))
    viewer.sock.close()


class Camera:
    """`send_frames` in a child process, as a context manager."""

    def __init__(self, port: int, cameras: list[str], fps: float, size: int, seed: int) -> None:
        self._stop, self._sent = multiprocessing.Event(), multiprocessing.Value("q", 0)
        self._process = multiprocessing.Process(
            target=send_frames, args=(port, cameras, fps, size, seed, self._stop, self._sent)
        )

    @property
    def sent(self) -> int:
        return self._sent.value

    def __enter__(self) -> Camera:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.join()
