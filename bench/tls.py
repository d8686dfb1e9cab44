"""What TLS costs: `python bench/tls.py [--seconds 3] [--rounds 3] [--clients 20] [--seed 1]`.

Starts one hub without TLS and one with a certificate of its own authority, and measures both in turn, A B A B: new
connections a second, each with its full handshake and one request, and records a second over connections that stay
open. Prints the medians of the rounds, the ratio TLS / plain, and the processor time of the hub for each connection or
record, which says more where the machine is busy: load and hubs share it, so run nothing else meanwhile and compare
rows of one run. There is no limit: the figures are for planning.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import ssl
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from load import Load, run_load

from tests.support.helpers import HubProcess
from tests.support.tls import TlsHub, make_certificate

PROCESSES, THREADS = 2, 4
REQUEST = b"GET /api/test HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def connections(load: Load) -> tuple[int, float]:
    """The number of new connections, each with one request, and the seconds; with TLS each has a full handshake."""
    counts: multiprocessing.Queue[int] = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=_connect, args=(load, counts)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    total = sum(counts.get(timeout=load.seconds + 60) for _ in workers)
    for worker in workers:
        worker.join()
    return total, load.seconds


def _connect(load: Load, counts: Any) -> None:
    done = [0] * THREADS
    context = ssl.create_default_context(cafile=load.authority) if load.authority else None
    until = time.perf_counter() + load.seconds

    def run(number: int) -> None:
        while time.perf_counter() < until:
            sock = socket.create_connection(("127.0.0.1", load.port), timeout=30)
            if context:
                sock = context.wrap_socket(sock, server_hostname="127.0.0.1")
            with sock:
                sock.sendall(REQUEST)
                answer = b""
                while data := sock.recv(4096):
                    answer += data
            if answer.startswith(b"HTTP/1.1 200 "):
                done[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts.put(sum(done))


def records(load: Load) -> tuple[int, float]:
    """The number of records over connections that stay open, and the seconds. Raises AssertionError for a refusal."""
    found = run_load(load)
    assert not found.errors and len(found.ids) == len(found.times), f"{found.errors} records were refused"
    return len(found.times), found.took


def cell(measure: Callable[[Load], tuple[int, float]], load: Load, hub: HubProcess) -> tuple[float, float]:
    """The rate in 1/s, and the milliseconds of the hub's processor time for each."""
    process = psutil.Process(hub.process.pid)
    before = process.cpu_times()
    count, seconds = measure(load)
    after = process.cpu_times()
    return count / seconds, (after.user + after.system - before.user - before.system) * 1000 / max(1, count)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(
        f"{options.clients} clients, {options.seconds:g} s a cell, {options.rounds} rounds, "
        f"seed {options.seed}, {ssl.OPENSSL_VERSION}, certificate ECDSA P-256\n"
    )
    rows = (
        ("new connections/s, one request each", connections, 1),
        ("records/s, kept connections, 1 KB", records, 1),
        ("records/s, kept connections, 60 KB", records, 60),
    )
    print(f"{'median':<38} {'plain':>8} {'TLS':>8} {'ratio':>6} {'hub ms plain':>13} {'TLS':>6}   rounds")
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(Path(folder) / "tls" / "tls")
        with HubProcess(Path(folder) / "plain") as plain, TlsHub(Path(folder) / "tls") as tls:
            for name, measure, size in rows:
                load = Load("rest", size, options.clients, options.seconds, plain.port, options.seed)
                secured = replace(load, port=tls.port, authority=tls.authority)
                rounds = [(*cell(measure, load, plain), *cell(measure, secured, tls)) for _ in range(options.rounds)]
                one, one_ms, other, other_ms = (statistics.median(column) for column in zip(*rounds, strict=True))
                every = ", ".join(f"{row[0]:.0f}/{row[2]:.0f}" for row in rounds)
                print(
                    f"{name:<38} {one:8.0f} {other:8.0f} {other / one:6.2f} {one_ms:13.3f} {other_ms:6.3f}   {every}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
