"""Slow clients beside good ones: `python bench/slow_clients.py [--slow 500] [--seconds 5] [--rounds 4] [--seed 1]`.

Slow clients open a connection and send one byte of a request head, of a body or of a WebSocket message about once a
second. Good ones post records of 1 KB at a fixed rate; a record's time counts from when it was due, so that a stall
counts for every record that it delayed. After a warm-up, runs without and with slow clients alternate on one hub, the
order changing from round to round; the ratio of the medians of the 99th percentile has a limit of 2.

Load and hub share the machine: what other programs took of its processors is printed, and a run in which they took
more than DISTURBED says nothing (exit status 2). Slow clients and good ones are processes of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import multiprocessing
import os
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from load_frames import MARK, record

from tests.support.helpers import HubProcess

LIMIT = 2.0
DISTURBED = 0.15
"""Share of all processors that other programs may take."""
GOOD_CLIENTS, PER_SECOND = 10, 20
WARM_UP_SECONDS = 3.0
HEADS = (
    b"GET /api/test HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"POST /api/detection HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{",
    b"GET /websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\xfe\xff\xff",
)


def _open(port: int, dice: random.Random) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    sock.sendall(dice.choice(HEADS))
    sock.setblocking(False)
    return sock


def _run_slow(port: int, count: int, seed: int, ready: Event, stop: Event, opened: Any) -> None:
    """The process of slow clients; a connection that the hub ends is opened again."""
    dice = random.Random(seed)
    sockets = [_open(port, dice) for _ in range(count)]
    opened.value = count
    ready.set()
    while not stop.wait(0.01):
        for _ in range(max(1, count // 100)):
            number = dice.randrange(count)
            try:
                sockets[number].send(b"a")
                with contextlib.suppress(BlockingIOError):
                    if not sockets[number].recv(4096):
                        raise ConnectionError
            except OSError:
                sockets[number].close()
                sockets[number] = _open(port, dice)
                opened.value += 1


class SlowClients:
    """`count` slow connections, in a process of their own. Raises RuntimeError where they do not last the run."""

    def __init__(self, port: int, count: int, seed: int) -> None:
        self._ready, self._stop = multiprocessing.Event(), multiprocessing.Event()
        self._opened = multiprocessing.Value("i", 0)
        arguments = (port, count, seed, self._ready, self._stop, self._opened)
        self._process = multiprocessing.Process(target=_run_slow, args=arguments)

    @property
    def opened(self) -> int:
        return int(self._opened.value)

    def __enter__(self) -> SlowClients:
        self._process.start()
        while not self._ready.wait(0.05):
            if not self._process.is_alive():
                raise RuntimeError("the slow clients could not connect")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        lasted = self._process.is_alive()
        self._stop.set()
        self._process.join()
        if kind is None and not lasted:
            raise RuntimeError("the slow clients ended before the run did")


def _good(port: int, number: int, seconds: float, seed: int, times: list[float]) -> None:
    """Post records at a fixed rate; append the seconds from when each was due to its answer."""
    before, after = record(1, number, seed).split(MARK.encode())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    began = time.monotonic() + random.Random(f"{seed} {number}").random() / PER_SECOND
    for count in range(int(seconds * PER_SECOND)):
        due = began + count / PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        body = before + f"{seed:06d}{number:04d}{count:06d}".encode() + after
        connection.request("POST", "/api/detection", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}")
        times.append(time.monotonic() - due)
    connection.close()


def _run_good(port: int, seconds: float, seed: int, results: Any) -> None:
    """The process of good clients."""
    lists: list[list[float]] = [[] for _ in range(GOOD_CLIENTS)]
    threads = [
        threading.Thread(target=_good, args=(port, number, seconds, seed, times)) for number, times in enumerate(lists)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put([value for times in lists for value in times])


def p99(port: int, seconds: float, seed: int) -> float:
    """99th percentile of good clients, in ms. Raises RuntimeError where a record was not answered with 200."""
    results: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_run_good, args=(port, seconds, seed, results))
    process.start()
    times = sorted(results.get(timeout=seconds + 120))
    process.join()
    expected = GOOD_CLIENTS * int(seconds * PER_SECOND)
    if len(times) != expected:
        raise RuntimeError(f"{expected - len(times)} of {expected} records were not answered with 200")
    return times[int(len(times) * 0.99)] * 1000


def _used() -> tuple[float, float]:
    """Seconds of processor time that every program together has used, and that the bench and its hub have."""
    every = psutil.cpu_times()
    unused = ("idle", "iowait", "guest", "guest_nice")  # a guest's time is part of the user's
    busy = sum(every) - sum(getattr(every, name, 0.0) for name in unused)
    own = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            own += sum(process.cpu_times()[:4])  # its own, and on Unix those of its children that have ended
    return busy, own


def measured(run: Callable[[], float]) -> tuple[float, float]:
    """What a run returns, and the share of all processors that other programs took meanwhile."""
    began, (every, own) = time.monotonic(), _used()
    result = run()
    every_now, own_now = _used()
    room = (time.monotonic() - began) * (os.cpu_count() or 1)
    return result, max(0.0, (every_now - every) - (own_now - own)) / room


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slow", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found: dict[str, list[float]] = {"alone": [], "beside": []}
    busy: list[float] = []
    with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "instance") as hub:
        seeds = iter(range(options.seed, options.seed + 1000))
        p99(hub.port, WARM_UP_SECONDS, next(seeds))

        def alone() -> float:
            return p99(hub.port, options.seconds, next(seeds))

        def beside() -> float:
            seed = next(seeds)
            with SlowClients(hub.port, options.slow, seed) as slow:
                found_here = p99(hub.port, options.seconds, seed)
                open_now = hub.get("/status")["connections"]["connections"] - 1
                print(f"  {slow.opened} slow connections opened, {open_now} open at the end", flush=True)
                if open_now < options.slow * 0.9:
                    raise RuntimeError("the hub held fewer slow connections than there should be")
            return found_here

        runs = [("alone", alone), ("beside", beside)]
        for number in range(options.rounds):
            for name, run in runs if number % 2 == 0 else reversed(runs):
                value, others = measured(run)
                found[name].append(value)
                busy.append(others)
                print(f"round {number + 1}, {name}: p99 {value:.1f} ms, other programs {others:.0%}", flush=True)
    ratio = statistics.median(found["beside"]) / statistics.median(found["alone"])
    print(f"ratio of the medians {ratio:.2f} (at most {LIMIT:g})")
    if max(busy) > DISTURBED:
        print(f"Other programs took up to {max(busy):.0%} of the processors: this says nothing, run it again.")
        return 2
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
