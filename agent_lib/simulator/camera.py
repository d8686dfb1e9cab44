"""A simulated IP camera on a real HTTP port of this machine: a motion JPEG stream and snapshots."""

import logging
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

from agent_lib.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

STREAM_PATH, PICTURE_PATH = "/video", "/picture.jpg"
STEADY_FRAMES_A_SECOND = 8
_BOUNDARY = "frame"
_SEND_SECONDS = 5.0
# Small, so that a slow viewer gets fewer pictures instead of old ones.
_SEND_BUFFER = 262_144


class SimulatedCamera:
    """Streams the current JPEG to any number of viewers: at once when it is new, repeatedly while it is not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._changed = threading.Condition()
        self._jpeg = b""
        self._version = 0
        self._viewers = 0
        self._stopped = False
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{STREAM_PATH}"
        self._thread: threading.Thread | None = None

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start serving, in a thread under `supervisor` or one of its own."""
        supervisor = supervisor or Supervisor()
        self._thread = supervisor.run(f"simulated-camera-{self.name}", self._serve, owned=True)

    def stop(self) -> None:
        """End all streams and close the port."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None and self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(2.0)
        self._server.server_close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.2)

    @property
    def viewers(self) -> int:
        """Number of viewers of the stream."""
        with self._changed:
            return self._viewers

    def show(self, jpeg: bytes) -> None:
        """Set the current picture."""
        with self._changed:
            self._jpeg = jpeg
            self._version += 1
            self._changed.notify_all()

    def next_picture(self, seen: int, timeout: float) -> tuple[bytes, int]:
        """(picture, version) once newer than `seen`, the same one after `timeout`; b"" if stopped or none yet."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._version > seen, timeout)
            return (b"" if self._stopped else self._jpeg), self._version

    @property
    def stopped(self) -> bool:
        """Whether stop() was called."""
        return self._stopped

    def count_viewer(self, change: int) -> None:
        """Count a viewer that connected (+1) or left (-1)."""
        with self._changed:
            self._viewers += change


class _Server(socketserver.ThreadingTCPServer):
    """An HTTP server that, unlike http.server's own, does not resolve this machine's host name."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, camera: SimulatedCamera) -> None:
        self.camera = camera
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log at debug level only: viewers disconnect at any time."""
        log.debug("A viewer of simulated camera %s is gone", self.camera.name, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _SEND_SECONDS

    def do_GET(self) -> None:
        """Serve the stream, a snapshot, or a sentence that says where they are."""
        path = self.path.partition("?")[0]
        if path == STREAM_PATH:
            self._stream(self.server.camera)
        elif path == PICTURE_PATH:
            jpeg, _ = self.server.camera.next_picture(0, 2.0)
            self._answer(200 if jpeg else 503, "image/jpeg", jpeg)
        else:
            text = f"A simulated camera: its stream is {STREAM_PATH}, one picture {PICTURE_PATH}.\n"
            self._answer(200 if path == "/" else 404, "text/plain; charset=utf-8", text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Log requests at debug level."""
        log.debug("Simulated camera %s: " + format, self.server.camera.name, *args)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, camera: SimulatedCamera) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        camera.count_viewer(+1)
        try:
            seen = 0
            while not camera.stopped:
                jpeg, seen = camera.next_picture(seen, 1 / STEADY_FRAMES_A_SECOND)
                if jpeg:
                    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.connection.sendall(head.encode() + jpeg + b"\r\n")
        finally:
            camera.count_viewer(-1)
