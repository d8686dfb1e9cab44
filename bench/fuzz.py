"""Random messages at every door: `python bench/fuzz.py [--messages 10000] [--seed 1]`.

Each door gets mutated records, random JSON and random bytes. No answer may be 500 and no traceback may be logged;
memory, file handles, greenlets and listed tasks of the hub must be flat between the end of the first tenth and the end.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
import websocket

from tests.support.helpers import HubProcess, wait_for

PATHS = (
    ("POST", "/api/detection"),
    ("POST", "/api/health"),
    ("POST", "/api/cameras/register"),
    ("POST", "/api/captures"),
    ("POST", "/api/stations/status"),
    ("POST", "/apriltag"),
    ("POST", "/upload-embedding"),
    ("POST", "/find"),
    ("POST", "/api/watchlist"),
    ("POST", "/api/pair"),
    ("POST", "/login"),
    ("POST", "/api/cameras/x/frame"),
    ("GET", "/api/records"),
    ("GET", "/api/captures"),
    ("GET", "/images/"),
)
RECORDS: tuple[dict[str, Any], ...] = (
    {"type": "detection", "camera_id": "1", "timestamp": "2026-01-28T10:00:00Z", "ocr_results": ["ABC1234"]},
    {"tag": "E200", "tags": ["E200"], "number": "12345", "success": True, "started_ts": 1769581721.1},
    {"event": "identify", "data": {"type": "gdevelop", "name": "x"}},
    {"event": "apriltag_data", "tag_id": 7, "x_cm": 1.0, "timestamp": 1},
    {"type": "single_frame", "frame": "/9j/", "person_embed": "E"},
    {"type": "start_tracking", "person_embed": "E", "video_source": 0, "fps_limit": 5},
)
MEMORY_MB, HANDLES, GREENLETS = 25.0, 20, 20
SETTLE_SECONDS = 30.0


class CountedHub(HubProcess):
    """The hub in a process that counts its greenlets on request."""

    script = Path(__file__).resolve().parent.parent / "tests" / "support" / "greenlets_app.py"


@dataclass(frozen=True)
class Usage:
    """What the hub's process holds: resident bytes, file handles, greenlets that have not ended."""

    memory: int
    handles: int
    greenlets: int

    @classmethod
    def of(cls, hub: HubProcess) -> Usage:
        path = hub.instance / "greenlets.txt"
        path.unlink(missing_ok=True)
        hub.process.send_signal(signal.SIGUSR1)
        wait_for(path.exists, 30, "the number of greenlets")
        process = psutil.Process(hub.process.pid)
        return cls(process.memory_info().rss, process.num_fds(), int(path.read_text("ascii")))


def settled(hub: HubProcess, before: Usage) -> Usage:
    """What the hub holds when the greenlets of closed connections have ended: Engine.IO's last for a ping interval."""
    end = time.monotonic() + SETTLE_SECONDS
    time.sleep(0.5)
    while (after := Usage.of(hub)).greenlets > before.greenlets + GREENLETS and time.monotonic() < end:
        time.sleep(2)
    return after


class Fuzzer:
    """Makes messages from a seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        """A random JSON value."""
        dice = self.dice
        kind = dice.randrange(9 if depth < 4 else 6)
        if kind >= 7:
            return {self.text(8): self.value(depth + 1) for _ in range(dice.randrange(4))}
        if kind == 6:
            return [self.value(depth + 1) for _ in range(dice.randrange(5))]
        return dice.choice(
            (None, True, -1, 10**30, 1e308, 0.1, "", self.text(40), "2026-13-99", "\u0e01\u0000", "9" * 50)
        )

    def text(self, most: int) -> str:
        return "".join(self.dice.choice("abz09 ._-/\\\"'<>{}[]\u0e01\n\x00") for _ in range(self.dice.randrange(most)))

    def message(self) -> bytes:
        """A record with some fields changed, random JSON, a cut text, or random bytes."""
        dice = self.dice
        kind = dice.randrange(10)
        if kind == 0:
            return dice.randbytes(dice.randrange(300))
        if kind == 1:
            return json.dumps(self.value()).encode()
        record = dict(dice.choice(RECORDS))
        for key in dice.sample(sorted(record), dice.randrange(1, len(record))):
            record[key] = self.value()
        text = json.dumps(record).encode()
        return text[: dice.randrange(len(text))] if kind == 2 else text


def rest(hub: HubProcess, fuzzer: Fuzzer) -> Callable[[], str]:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)

    def send() -> str:
        method, path = fuzzer.dice.choice(PATHS)
        query = f"?limit={fuzzer.dice.choice(('5', '-1', 'x', '%00'))}&cursor=%FF" if method == "GET" else ""
        try:
            body = fuzzer.message() if method == "POST" else None
            connection.request(method, path + query, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except (http.client.HTTPException, OSError):
            connection.close()
            return "closed"

    return send


def sockets(address: str, prefix: bytes = b"") -> Callable[[HubProcess, Fuzzer], Callable[[], str]]:
    """A raw WebSocket, or Socket.IO with the `prefix` of an event; opened again when the hub closes it."""

    def make(hub: HubProcess, fuzzer: Fuzzer) -> Callable[[], str]:
        url = address.format(main=hub.port, **hub.side)
        state: dict[str, websocket.WebSocket] = {}

        def send() -> str:
            try:
                if "socket" not in state:
                    state["socket"] = websocket.create_connection(url, timeout=10)
                    if prefix:
                        state["socket"].send("40")
                text = prefix + fuzzer.message() + (b"]" if prefix else b"")
                state["socket"].send(text, fuzzer.dice.choice((1, 1, 1, 2)))
                state["socket"].settimeout(0.0)
                with contextlib.suppress(BlockingIOError, websocket.WebSocketTimeoutException):
                    while state["socket"].recv():
                        pass
                state["socket"].settimeout(10)
                return "sent"
            except (OSError, websocket.WebSocketException):
                with contextlib.suppress(Exception):
                    state.pop("socket").shutdown()
                return "closed"

        return send

    return make


def datagrams(hub: HubProcess, fuzzer: Fuzzer) -> Callable[[], str]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send() -> str:
        sock.sendto(fuzzer.message()[:1400], ("127.0.0.1", hub.side["apriltag_udp"]))
        return "sent"

    return send


DOORS: dict[str, Callable[[HubProcess, Fuzzer], Callable[[], str]]] = {
    "REST": rest,
    "Socket.IO": sockets("ws://127.0.0.1:{main}/socket.io/?EIO=4&transport=websocket", b'421["lpr_data",'),
    "LPR WebSocket": sockets("ws://127.0.0.1:{lpr}/"),
    "results WebSocket": sockets("ws://127.0.0.1:{results}/"),
    "board WebSocket": sockets("ws://127.0.0.1:{main}/websocket"),
    "tracking WebSocket": sockets("ws://127.0.0.1:{main}/video-stream/fuzz"),
    "UDP": datagrams,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000, help="at each door (default 10000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder, CountedHub(Path(folder) / "instance") as hub:
        for name, make in DOORS.items():
            send, answers = make(hub, Fuzzer(options.seed)), Counter[str]()
            began, before = time.monotonic(), Usage.of(hub)
            for number in range(options.messages):
                answers[send()] += 1
                if number == options.messages // 10:
                    before = Usage.of(hub)
            after = settled(hub, before)
            grown, handles = (after.memory - before.memory) / 1e6, after.handles - before.handles
            greenlets = after.greenlets - before.greenlets
            wrong = answers["500"] > 0 or grown > MEMORY_MB or handles > HANDLES or greenlets > GREENLETS
            failed |= wrong
            print(
                f"{name:<20} {time.monotonic() - began:6.1f} s  memory {grown:+6.1f} MB  handles {handles:+4d}  "
                f"greenlets {greenlets:+4d} of {after.greenlets}  {dict(answers)}{'   FALLS SHORT' if wrong else ''}",
                flush=True,
            )
        traceback = "Traceback" in hub.text() or "Traceback" in (hub.instance / "hub.log").read_text("utf-8", "replace")
        tasks = [row["name"] for row in hub.get("/status")["tasks"] if row["restarts"]]
        print(f"tracebacks logged: {'yes' if traceback else 'none'}; tasks restarted: {tasks or 'none'}")
    return int(failed or traceback or bool(tasks))


if __name__ == "__main__":
    sys.exit(main())
