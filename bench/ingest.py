"""Records a second from many cameras: `python bench/ingest.py [--clients 20] [--seconds 5] [--against node]`.

Each run starts a server over a new temporary folder and loads it from `--clients` cameras (bench/load.py), one
in-flight record each; then it asks the database which of the acknowledged records it has, and whether it has more.
`--against node` runs a peer that does the same work (bench/peers/node) alternately, A B A B, and prints the ratio.

The load shares the machine with the server, so its own processor time stands beside the server's, and what other
programs took meanwhile: compare rows of one run. The cost of a record in processor time says more than its rate where
the machine is busy.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ingest_peers import HubPeer, NodePeer, Peer, PostgresPeer
from load import Load, dashboards, run_load

LIMITS = {("rest", 1): 1.0, ("rest", 60): 1.0, ("socketio", 60): 1.0, ("socketio", 1): 0.6}
POSTGRESQL_LIMIT = 0.5
P99_LIMIT_MS = 60.0


@dataclass(frozen=True)
class Cell:
    """What one run found; times in ms, processor time in microseconds a record, memory in MB.

    `others`: processors that neither server nor load used, of all that worked. `wrong`: acknowledged records that are
    missing or stored twice, or pictures that are missing.
    """

    rate: float
    p50: float
    p99: float
    errors: int
    server: float
    load: float
    others: float
    resident: float
    stored: int
    wrong: int


def measure(server: Peer, load: Load, viewers: int = 0) -> Cell:
    """Load a server and look up in its database what it has stored."""
    stop = multiprocessing.Event()
    watching = multiprocessing.Process(target=dashboards, args=(server.port, viewers, stop)) if viewers else None
    if watching is not None:
        watching.start()
        time.sleep(2.0)
    before = server.stored()
    used, machine = _processor_seconds(server.pid), _busy_seconds()
    found = run_load(load)
    used, machine = _processor_seconds(server.pid) - used, _busy_seconds() - machine
    resident = psutil.Process(server.pid).memory_info().rss / 1e6
    stored, missing = server.stored() - before, server.missing(found.ids, load.size > 4)
    if watching is not None:
        stop.set()
        watching.join()
    count, ordered = len(found.times), sorted(found.times)
    return Cell(
        rate=count / found.took,
        p50=statistics.median(ordered) * 1000,
        p99=ordered[int(count * 0.99)] * 1000,
        errors=found.errors,
        server=used / count * 1e6,
        load=found.processor / count * 1e6,
        others=max(0.0, machine - used - found.processor) / found.took,
        resident=resident,
        stored=stored,
        wrong=missing + abs(stored - len(found.ids)) + count - found.errors - len(found.ids),
    )


def _processor_seconds(pid: int) -> float:
    """Of a process and its children, so far."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _busy_seconds() -> float:
    """Of all processors, so far."""
    times = psutil.cpu_times()
    return sum(times[:3])  # user, nice, system


HEAD = (
    f"{'':<6} {'door':<9} {'size':>6} {'cameras':>7} {'records/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'errors':>6} "
    f"{'server us':>9} {'load us':>8} {'share':>6} {'others':>7} {'RSS MB':>7} {'stored':>8}"
)


def show(name: str, load: Load, cell: Cell) -> None:
    print(
        f"{name:<6} {load.door:<9} {load.size:>3} KB {load.clients:7} {cell.rate:9.0f} {cell.p50:8.2f} {cell.p99:8.2f} "
        f"{cell.errors:6} {cell.server:9.0f} {cell.load:8.0f} {cell.load / cell.server:6.0%} {cell.others:7.2f} "
        f"{cell.resident:7.0f} {cell.stored:8}   {'each once' if not cell.wrong else f'NOT each once: {cell.wrong}'}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", default="20", help="numbers of cameras, one cell each")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--doors", default="rest,socketio,ws")
    parser.add_argument("--sizes", default="1,60", help="size of a record in KB")
    parser.add_argument("--against", choices=["node", "postgresql"])
    parser.add_argument("--rounds", type=int, default=2, help="runs of each server of a comparison")
    parser.add_argument(
        "--dashboards", type=int, default=0, help="Socket.IO viewers beside the load, and the same without"
    )
    parser.add_argument("--records", type=int, default=0, help="memory while this many records of 1 KB come over REST")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cameras = [int(count) for count in options.clients.split(",")]
    print(
        f"{options.seconds:g} s a cell, seed {options.seed}, synchronous=FULL; {psutil.cpu_count()} processors, "
        f"load of the machine before it {psutil.getloadavg()[0]:.1f}\n"
        "server us, load us: processor time a record; share: load / server; others: processors of other programs\n\n"
        + HEAD
    )
    failed = False
    if options.records:
        failed |= memory(options, cameras[0])
    elif options.dashboards:
        failed |= viewers(options, cameras[0])
    else:
        for door in options.doors.split(","):
            for size in options.sizes.split(","):
                for count in cameras:
                    failed |= compare(options, door, int(size), count)
    print("\nfalls short" if failed else "\nwithin its limits")
    return int(failed)


def compare(options: argparse.Namespace, door: str, size: int, cameras: int) -> bool:
    """The hub, alternating with what it is compared with."""
    kinds: list[type[Peer]] = [HubPeer]
    if options.against == "postgresql":
        kinds = [HubPeer, PostgresPeer] * options.rounds
    elif options.against and door != "ws":
        kinds = [HubPeer, NodePeer] * options.rounds
    rates: dict[str, list[float]] = {}
    failed = False
    for kind in kinds:
        with kind() as server:
            port = server.raw_port if door == "ws" else server.port
            load = Load(door, size, cameras, options.seconds, port, options.seed)
            found = measure(server, load)
        show(kind.name, load, found)
        rates.setdefault(kind.name, []).append(found.rate)
        if kind is HubPeer:
            failed |= bool(found.wrong or found.errors or found.p99 > P99_LIMIT_MS)
    if "pg" in rates:
        failed |= _short_of("pg", "hub", rates, POSTGRESQL_LIMIT)
    if "node" in rates:
        failed |= _short_of("hub", "node", rates, LIMITS.get((door, size), 0.0))
    return failed


def _short_of(one: str, other: str, rates: dict[str, list[float]], limit: float) -> bool:
    """Print the ratio of two servers' rates: the median's, and that of the worst pair."""
    ratio = statistics.median(rates[one]) / statistics.median(rates[other])
    worst = min(first / second for first, second in zip(rates[one], rates[other], strict=True))
    print(f"       {one} / {other} {ratio:.2f}, worst pair {worst:.2f} (at least {limit:g})", flush=True)
    return ratio < limit


def viewers(options: argparse.Namespace, cameras: int) -> bool:
    """Measure the cost of `--dashboards` viewers in the room, alternating with none."""
    rates: dict[int, list[float]] = {0: [], options.dashboards: []}
    for count in (0, options.dashboards, 0, options.dashboards):
        with HubPeer() as server:
            load = Load("rest", 1, cameras, options.seconds, server.port, options.seed)
            found = measure(server, load, count)
        show(f"{count}", load, found)
        rates[count].append(found.rate)
    cost = 1 - statistics.median(rates[options.dashboards]) / statistics.median(rates[0])
    print(
        f"       {options.dashboards} dashboards cost {cost:.0%} (limit 20 %); their own work shares the processors",
        flush=True,
    )
    return cost > 0.2


def memory(options: argparse.Namespace, cameras: int) -> bool:
    """Resident memory after each tenth of `--records`."""
    readings = []
    with HubPeer() as server:
        while (stored := server.stored()) < options.records:
            seed = options.seed + len(readings)
            load = Load("rest", 1, cameras, 0.0, server.port, seed, options.records // 10)
            found = measure(server, load)
            show("hub", load, found)
            readings.append(found.resident)
            if server.stored() == stored:
                return True
    growth = readings[-1] - readings[1]
    print(
        f"       resident after the second tenth {readings[1]:.0f} MB, at the end {readings[-1]:.0f} MB (limit +10 MB)"
    )
    return growth > 10


if __name__ == "__main__":
    sys.exit(main())
