"""For the tests of readers and cameras: settings, record bytes, small TCP and HTTP devices."""

import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

import cv2
import numpy as np

from agent_lib.runtime.addresses import redact


def camera_settings(url: str = "", **changes) -> SimpleNamespace:
    """Settings of a camera, with short times."""
    values = {
        "url": url,
        "host": "",
        "port": 554,
        "path": "",
        "username": "",
        "password": "",
        "index": None,
        "width": 320,
        "height": 240,
        "fps": 30,
        "retry_seconds": 0.05,
        "stale_seconds": 5.0,
        "address": redact(url),
    }
    return SimpleNamespace(**(values | changes))


def rfid_settings(port: int, **changes) -> SimpleNamespace:
    """Settings of a reader on this machine, with short times."""
    values = {
        "host": "127.0.0.1",
        "port": port,
        "debounce_seconds": 1.0,
        "present_window_seconds": 2.0,
        "resume_seconds": 300.0,
        "reconnect_seconds": 0.05,
        "stale_seconds": 60.0,
    }
    return SimpleNamespace(**(values | changes))


def with_check(data: bytes) -> bytes:
    """`data` and the two's complement of its sum."""
    return data + bytes([-sum(data) & 0xFF])


def short14(uid: bytes) -> bytes:
    return bytes.fromhex("0D00EE002000") + uid


def short8(uid: bytes) -> bytes:
    return bytes.fromhex("0700EE002000") + uid


def length_prefixed(data: bytes) -> bytes:
    return bytes([4 + len(data)]) + bytes.fromhex("00EE00") + data + b"\xff"


def a0_89(epc: bytes, freqant: int = 0x29) -> bytes:
    return with_check(bytes([0xA0, len(epc) + 7, 0x01, 0x89, freqant, 0x30, 0x00]) + epc + b"\x4b")


def a0_90(epc: bytes, freqant: int = 0x2A) -> bytes:
    head = bytes([0xA0, len(epc) + 13, 0x01, 0x90, 0x00, 0x03, len(epc) + 4, 0x30, 0x00])
    return with_check(head + epc + bytes([0x77, 0x21, 0x4B, freqant, 0x05]))


def ascii_line(tag: bytes) -> bytes:
    return tag.hex().encode() + b"\r\n"


def jpeg(level: int = 128, size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG of one grey level, with some texture so that it has a body."""
    image = np.full((size[1], size[0], 3), level, np.uint8)
    image[::7] = 255 - level
    return cv2.imencode(".jpg", image)[1].tobytes()


@contextmanager
def tcp_device(serve: Callable[[socket.socket, int], None]):
    """A TCP server; `serve(connection, n)` runs in a thread for connection number n from 0. Gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    links: list[socket.socket] = []
    threads: list[threading.Thread] = []
    ended = threading.Event()

    def one(link: socket.socket, number: int) -> None:
        with link:
            try:
                serve(link, number)
            except OSError:
                if not ended.is_set():
                    return

    def accept() -> None:
        while not ended.is_set():
            try:
                link, _ = listener.accept()
            except OSError:
                return
            links.append(link)
            threads.append(threading.Thread(target=one, args=(link, len(links) - 1), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        for link in [listener, *links]:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            link.close()
        for thread in [accepting, *threads]:
            thread.join(5)


class _Http(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """A client that hangs up is what many of these tests are about."""


@contextmanager
def http_camera(answer: Callable[[BaseHTTPRequestHandler], None]):
    """An HTTP server; `answer(handler)` answers each GET. Gives its address without a path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            answer(self)

        def log_message(self, *args):
            pass

    server = _Http(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def reply(
    handler: BaseHTTPRequestHandler, body: bytes, kind: str = "image/jpeg", status: int = 200, **headers: str
) -> None:
    """A whole answer with its length."""
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def begin_stream(handler: BaseHTTPRequestHandler, boundary: str = "frame") -> None:
    """The head of a motion JPEG stream."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={boundary}")
    handler.end_headers()


def part(data: bytes, delimiter: str = "--frame", length: int | None = -1) -> bytes:
    """One picture of a stream; `length` None leaves Content-Length out, -1 takes the true one."""
    counted = len(data) if length == -1 else length
    head = f"{delimiter}\r\nContent-Type: image/jpeg\r\n" + (
        "" if counted is None else f"Content-Length: {counted}\r\n"
    )
    return head.encode() + b"\r\n" + data + b"\r\n"
