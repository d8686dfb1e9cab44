"""Helpers of many tests: a real hub in a process of its own, free ports, pictures, waiting for a condition."""

from __future__ import annotations

import io
import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from tests.support import stores
from tests.support.starts import Process, starts

ROOT = Path(__file__).resolve().parents[2]
SIDE_PORTS = ("HUB_APRILTAG_PORT", "HUB_LPR_PORT", "HUB_IMAGES_PORT", "HUB_RESULTS_PORT", "HUB_APRILTAG_UDP_PORT")

START_SECONDS = 90.0  # a start of its own takes two seconds of processor time, of which a busy machine gives little


def wait_for(condition: Callable[[], Any], timeout: float = 30.0, what: str = "the condition") -> Any:
    """The first true value of `condition`; AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


class Progress:
    """Prints the progress of a long run to stderr, once for each change."""

    def __init__(self) -> None:
        self._said = ""

    def say(self, text: str) -> None:
        if text != self._said:
            print(text, file=sys.stderr, flush=True)
            self._said = text


def free_ports(count: int) -> list[int]:
    """Ports, of TCP and UDP, that nobody has just now, below those that systems give to outgoing connections."""
    choice = random.SystemRandom()
    sockets: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            port = choice.randrange(11_000, 32_000)
            both = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
            sockets += both
            with suppress(OSError):
                for one in both:
                    one.bind(("127.0.0.1", port))
                ports.append(port)
        return ports
    finally:
        for one in sockets:
            one.close()


def jpeg(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    """A JPEG of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, "JPEG")
    return data.getvalue()


def capture_result(tag: str = "E200341201", **fields: Any) -> dict[str, Any]:
    """A capture result as the published example has it."""
    return {
        "timestamp": "2026-01-28T10:50:00.123456",
        "tags": [tag, "TAG002"],
        "tag": tag,
        "tag_source": "SHORT14",
        "tag_timestamp_iso": "2026-01-28T10:50:00Z",
        "started_ts": 1769581721.123,
        "finished_ts": 1769581726.456,
        "success": True,
        "number": "12345",
        "raw_text": "12345",
        "message": "Successfully detected label",
        "errors": [],
        "attempts": 3,
        **fields,
    }


def run_app(*arguments: object, timeout: float = 120, **environ: str) -> subprocess.CompletedProcess[str]:
    """`python app.py` with a command, and how it ended; its start may be a fork (tests/support/starts.py)."""
    clean = {key: value for key, value in starts.environ().items() if not key.startswith("HUB_")}
    command = [sys.executable, str(ROOT / "app.py"), *map(str, arguments)]
    return starts.run(command, {**clean, "PYTHONWARNINGS": "default", **environ}, timeout)


class HubProcess:
    """`python app.py` with an instance folder, on free ports that stay the same over restarts.

    Its start may be a fork (tests/support/starts.py); `real` asks for a process of its own, for tests of the start
    itself, of its command line or of absolute sizes of its memory.
    """

    script = ROOT / "app.py"
    arguments: tuple[str, ...] = ()
    start_seconds = START_SECONDS

    def __init__(self, instance: Path, *, real: bool = False, **environ: str) -> None:
        self.instance = instance
        self._real = real
        main, *side = free_ports(1 + len(SIDE_PORTS))
        self.port = main
        self.side = dict(zip(("apriltag", "lpr", "images", "results", "apriltag_udp"), side, strict=True))
        own = {name: str(port) for name, port in zip(SIDE_PORTS, side, strict=True)}
        clean = {key: value for key, value in starts.environ().items() if not key.startswith("HUB_")}
        store = stores.environ(instance)
        self.environ = {**clean, **own, "PYTHONWARNINGS": "default", **store, **environ}
        self.process: Process | None = None
        self.output = instance.parent / f"{instance.name}.output.txt"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> HubProcess:
        with self.output.open("ab") as output:
            command = [sys.executable, str(self.script), "--instance", str(self.instance), "--port", str(self.port)]
            command += self.arguments
            self.process = starts.start(command, self.environ, output, self._real)
        try:
            wait_for(self._ready, self.start_seconds, "the hub's being ready")
        except BaseException:
            if self.process.poll() is None:
                self.kill()
            raise
        return self

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the hub ended with {self.process.returncode}: {self.text()}")
        try:
            ready = json.loads((self.instance / "hub.ready.json").read_bytes())
        except (OSError, ValueError):
            return False
        return ready["pid"] == self.process.pid

    def text(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Shut it down; its exit status."""
        self.process.send_signal(how)
        return self.process.wait(20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        answer = requests.get(self.url + path, params=params, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def captures(self) -> list[dict[str, Any]]:
        """Every stored capture, page by page."""
        rows: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            body = self.get("/api/captures", limit=1000, **cursor)
            rows += body["captures"]
            if not body["next_cursor"]:
                return rows
            cursor = {"cursor": body["next_cursor"]}

    def __enter__(self) -> HubProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
