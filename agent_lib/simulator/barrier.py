"""A simulated barrier on a real HTTP port of this machine: POST /open opens it, and it closes by itself."""

import json
import logging
import os
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

from agent_lib.runtime.supervisor import Supervisor

log = logging.getLogger(__name__)

PORT = 5502
"""Where it listens unless somebody has the port, so that hub.toml may name it; else on a free one."""
OPEN_PATH = "/open"
OPEN_SECONDS = 3.0
_REQUEST_SECONDS = 5.0
_MAX_BODY = 65_536


class SimulatedBarrier:
    """Counts pulses; each one keeps it open for `open_seconds` more. `port`: 0 for a free one."""

    def __init__(self, port: int = PORT, open_seconds: float = OPEN_SECONDS) -> None:
        self._open_seconds = open_seconds
        self._lock = threading.Lock()
        self._pulses = 0
        self._open_until = float("-inf")
        try:
            self._server = _Server(self, port)
        except OSError:
            self._server = _Server(self, 0)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread: threading.Thread | None = None

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start serving, in a thread under `supervisor` or one of its own; log the address."""
        supervisor = supervisor or Supervisor()
        self._thread = supervisor.run("simulated-barrier", self._serve, owned=True)
        log.info("Simulated barrier: POST %s%s opens it, %s shows it", self.address, OPEN_PATH, self.address)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Close the port."""
        if self._thread is not None and self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(2.0)
        self._server.server_close()

    def pulse(self) -> None:
        """Open."""
        with self._lock:
            self._pulses += 1
            self._open_until = time.monotonic() + self._open_seconds
            count = self._pulses
        log.info("The simulated barrier opens (pulse %d)", count)

    def state(self) -> dict[str, Any]:
        """{"open", "pulses"}."""
        with self._lock:
            return {"open": time.monotonic() < self._open_until, "pulses": self._pulses}


class _Server(socketserver.ThreadingTCPServer):
    """An HTTP server that, unlike http.server's own, does not resolve this machine's host name."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name == "posix"  # on Windows two servers would share the port

    def __init__(self, barrier: SimulatedBarrier, port: int) -> None:
        self.barrier = barrier
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log at debug level only: clients disconnect at any time."""
        log.debug("A client of the simulated barrier is gone", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        """Show the state."""
        self._answer(200 if self.path.partition("?")[0] == "/" else 404, self.server.barrier.state())

    def do_POST(self) -> None:
        """Open, at OPEN_PATH."""
        length = self.headers.get("Content-Length") or "0"
        if not length.isascii() or not length.isdigit() or len(length) > 6 or int(length) > _MAX_BODY:
            self._answer(413, {"message": "The body is too large."})
            return
        self.rfile.read(int(length))
        if self.path.partition("?")[0] != OPEN_PATH:
            self._answer(404, {"message": f"POST {OPEN_PATH} opens the barrier."})
            return
        self.server.barrier.pulse()
        self._answer(200, self.server.barrier.state())

    def log_message(self, format: str, *args: object) -> None:
        """Log requests at debug level."""
        log.debug("Simulated barrier: " + format, *args)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
