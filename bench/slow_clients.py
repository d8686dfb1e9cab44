"""Slow clients beside good ones: `python bench/slow_clients.py [--slow 500] [--seconds 5] [--rounds 3] [--seed 1]`.

Slow clients open a connection and send one byte of a request head, of a body or of a WebSocket message now and then.
Good ones post records of 1 KB at a fixed rate. Runs without and with slow clients alternate on one hub; the ratio of
the medians of the 99th percentile has a limit of 2. Load and hub share the machine, so run nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from ingest_clients import MARK, record

from tests.support.helpers import HubProcess

LIMIT = 2.0
GOOD_CLIENTS, PER_SECOND = 10, 20
HEADS = (
    b"GET /api/test HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"POST /api/detection HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{",
    b"GET /websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\xfe\xff\xff",
)


class SlowClients:
    """`count` connections that send a byte each every second or so; those that the hub ends are opened again."""

    def __init__(self, port: int, count: int, seed: int) -> None:
        self._port, self._count, self._dice = port, count, random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.opened = 0

    def _open(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        sock.sendall(self._dice.choice(HEADS))
        sock.setblocking(False)
        self.opened += 1
        return sock

    def _run(self) -> None:
        sockets = [self._open() for _ in range(self._count)]
        while not self._stop.wait(0.01):
            for _ in range(max(1, self._count // 100)):
                number = self._dice.randrange(self._count)
                try:
                    sockets[number].send(b"a")
                    with contextlib.suppress(BlockingIOError):
                        if not sockets[number].recv(4096):
                            raise ConnectionError
                except OSError:
                    sockets[number].close()
                    sockets[number] = self._open()
        for sock in sockets:
            sock.close()

    def __enter__(self) -> SlowClients:
        self._thread.start()
        while self.opened < self._count:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def good(port: int, number: int, seconds: float, seed: int, times: list[float]) -> None:
    """Post records at a fixed rate; append the seconds that each took."""
    before, after = record(1, number, seed).split(MARK.encode())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    end, due = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        body = before + f"{seed:06d}{number:04d}{len(times):06d}".encode() + after
        began = time.perf_counter()
        connection.request("POST", "/api/detection", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}")
        times.append(time.perf_counter() - began)
        due += 1 / PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
    connection.close()


def p99(port: int, seconds: float, seed: int) -> float:
    """99th percentile of good clients, in ms."""
    lists: list[list[float]] = [[] for _ in range(GOOD_CLIENTS)]
    threads = [
        threading.Thread(target=good, args=(port, number, seconds, seed, times)) for number, times in enumerate(lists)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(value for times in lists for value in times)
    return ordered[int(len(ordered) * 0.99)] * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slow", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    alone: list[float] = []
    beside: list[float] = []
    with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "instance") as hub:
        process = psutil.Process(hub.process.pid)
        for number in range(options.rounds):
            alone.append(p99(hub.port, options.seconds, options.seed + 2 * number))
            with SlowClients(hub.port, options.slow, options.seed + number) as slow:
                beside.append(p99(hub.port, options.seconds, options.seed + 2 * number + 1))
                handles = process.num_fds() if hasattr(process, "num_fds") else 0
            print(
                f"round {number + 1}: p99 alone {alone[-1]:.1f} ms, beside {options.slow} slow connections "
                f"{beside[-1]:.1f} ms ({slow.opened} opened, {handles} handles)",
                flush=True,
            )
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"ratio of the medians {ratio:.2f} (at most {LIMIT:g})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
