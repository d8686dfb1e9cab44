"""Starts the server under test, and WebSocket clients that build their frames themselves."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

APP = Path(__file__).with_name("ws_server_app.py")


def until(condition: Callable[[], object], seconds: float = 10.0, what: str = "the condition") -> object:
    """Wait until `condition()` is true and return its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.01)


def free_port() -> int:
    """A TCP port that is free at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """A child process that runs tests/support/ws_server_app.py."""

    def __init__(self, log_path: Path, **options: object) -> None:
        options = {"host": "127.0.0.1", "port": 0, **options}
        self.log_path = log_path
        self._log = log_path.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, str(APP), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.hello = json.loads(self.process.stdout.readline() or b'{"error": "it did not start"}')
        self.port = self.hello.get("ports", {}).get("main", 0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}"

    def state(self, **query: object) -> dict:
        return requests.get(f"{self.url}/state", params=query, timeout=10).json()

    def close_of(self, name: str) -> dict:
        """Wait until the application has seen the WebSocket with ?id=`name` close; what it saw."""
        return until(
            lambda: next((close for close in self.state()["closes"] if close["id"] == name), None),
            what=f"the close of {name}",
        )

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def end(self) -> int:
        """Stop the child by ending its input; its exit status."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            status = self.process.wait(15)
        finally:
            self.process.kill()
            self.process.stdout.close()
            self._log.close()
        return status


@contextlib.contextmanager
def running(log_path: Path, may_fail: bool = False, **options: object) -> Iterator[Server]:
    """A server for the length of a `with`; its log must hold no traceback unless it `may_fail`."""
    server = Server(log_path, **options)
    try:
        assert "error" not in server.hello, server.hello
        yield server
    finally:
        status = server.end()
    if not may_fail:
        assert "Traceback" not in server.log(), server.log()
    assert status == 0, server.log()


def connect(port: int, host: str = "127.0.0.1", receive_buffer: int | None = None) -> socket.socket:
    """A plain TCP connection with a limit on every wait."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(15)
    try:
        sock.connect((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def read_response(sock: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One HTTP response with a Content-Length: status, headers in lower case, body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        body += received(sock)
    return int(lines[0].split()[1]), headers, body


def received(sock: socket.socket) -> bytes:
    data = sock.recv(65536)
    assert data, "the server closed before its answer was complete"
    return data


def exchange(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes on a connection of their own, read the answer."""
    with connect(port) as sock:
        sock.sendall(data)
        return read_response(sock)


def json_error(response: tuple[int, dict[str, str], bytes], status: int) -> str:
    """Check that a raw answer is the one error body with this status; its message."""
    assert response[0] == status, response
    assert response[1]["content-type"] == "application/json"
    body = json.loads(response[2])
    assert body == {"success": False, "message": body["message"], "errors": [body["message"]]}
    return body["message"]


def upgrade_request(path: str, **changes: str | None) -> bytes:
    """A WebSocket request; `changes` replace headers (None leaves one out)."""
    headers = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


def open_raw(port: int, path: str = "/echo", receive_buffer: int | None = None) -> socket.socket:
    """A WebSocket whose frames the test writes itself."""
    sock = connect(port, receive_buffer=receive_buffer)
    sock.sendall(upgrade_request(path))
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        assert byte, answer
        answer += byte
    assert answer.startswith(b"HTTP/1.1 101 "), answer
    return sock


def frame(
    opcode: int,
    payload: bytes = b"",
    fin: bool = True,
    masked: bool = True,
    reserved: int = 0,
    announced: int | None = None,
) -> bytes:
    """A client's frame, or one that breaks a rule."""
    size = len(payload) if announced is None else announced
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    bit = 0x80 if masked else 0
    if size < 126:
        head = bytes((first, bit | size))
    elif size < 65536:
        head = bytes((first, bit | 126)) + struct.pack("!H", size)
    else:
        head = bytes((first, bit | 127)) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    mask = (key * (len(payload) // 4 + 1))[: len(payload)]
    return head + key + (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(payload), "big")


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise EOFError(f"{len(data)} of {size} bytes")
        data += piece
    return data


def read_frame(sock: socket.socket) -> tuple[int, bytes]:
    """The server's next frame: opcode and payload. Servers send whole, unmasked frames."""
    first, second = exactly(sock, 2)
    assert first & 0xF0 == 0x80 and not second & 0x80
    size = second
    if size == 126:
        size = struct.unpack("!H", exactly(sock, 2))[0]
    elif size == 127:
        size = struct.unpack("!Q", exactly(sock, 8))[0]
    return first & 0x0F, exactly(sock, size)


def read_close(sock: socket.socket) -> tuple[int, str]:
    """The close frame that ends what the server sends: code and reason."""
    while True:
        opcode, payload = read_frame(sock)
        if opcode == 8:
            return struct.unpack("!H", payload[:2])[0], payload[2:].decode()
