"""Records a second from many cameras: `python bench/ingest.py [--clients 20] [--seconds 5] [--against node]`.

Each run starts a server over a new temporary folder, sends records with distinct times from `--clients` cameras in
child processes, one in-flight record each, and compares acknowledged with stored records. The load shares the machine
with the server, so compare rows of one run. `--against node` runs a peer that does the same work (bench/peers/node)
alternately, A B A B, and prints the ratio hub / Node.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ingest_clients import Load, dashboards, run_load
from ingest_peer import NodePeer

from tests.support import stores
from tests.support.helpers import HubProcess

LIMITS = {("rest", 1): 0.8, ("rest", 60): 0.8, ("socketio", 60): 0.8, ("socketio", 1): 0.3}
POSTGRESQL_LIMIT = 0.5
P99_LIMIT_MS = 60.0
PROCESSES = 2


class HubPeer:
    """The hub over a temporary folder."""

    name = "hub"

    def __init__(self, store: str = "sqlite") -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._using = stores.using(store)
        self._using.__enter__()
        self._hub = HubProcess(Path(self._folder.name) / "instance")

    def __enter__(self) -> HubPeer:
        self._hub.start()
        self.port, self.raw_port, self.pid = self._hub.port, self._hub.side["lpr"], self._hub.process.pid
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.stop()
        self._using.__exit__(None, None, None)
        self._folder.cleanup()

    def stored(self) -> int:
        return requests.get(f"{self._hub.url}/api/records?limit=1", timeout=30).json()["total_count"]


class PostgresPeer(HubPeer):
    """The hub over a database of its own at the PostgreSQL server of this machine."""

    name = "pg"

    def __init__(self) -> None:
        super().__init__("postgresql")


def measure(server: HubPeer | NodePeer, load: Load, viewers: int = 0) -> dict[str, float]:
    """Measure one cell: records/s, p50 and p99 in ms, errors, resident MB, stored records.

    `wrong` counts acknowledged records that are missing or stored twice.
    """
    stop = multiprocessing.Event()
    watching = multiprocessing.Process(target=dashboards, args=(server.port, viewers, stop)) if viewers else None
    if watching is not None:
        watching.start()
        time.sleep(2.0)
    before = server.stored()
    times, acknowledged, errors, took = run_load(load, PROCESSES)
    resident = psutil.Process(server.pid).memory_info().rss / 1e6
    stored = server.stored() - before
    if watching is not None:
        stop.set()
        watching.join()
    ordered = sorted(times)
    return {
        "rate": len(times) / took,
        "p50": statistics.median(ordered) * 1000,
        "p99": ordered[int(len(ordered) * 0.99)] * 1000,
        "errors": errors,
        "rss": resident,
        "wrong": abs(stored - len(acknowledged)) + len(times) - len(acknowledged),
        "stored": stored,
    }


def show(name: str, door: str, size: int, cell: dict[str, float]) -> None:
    print(
        f"{name:<6} {door:<9} {size:>3} KB {cell['rate']:9.0f} {cell['p50']:8.2f} {cell['p99']:8.2f} "
        f"{cell['errors']:7.0f} {cell['rss']:8.0f} {cell['stored']:8.0f}   "
        f"{'each once' if not cell['wrong'] else 'NOT each once: ' + str(int(cell['wrong']))}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--doors", default="rest,socketio,ws")
    parser.add_argument("--sizes", default="1,60", help="size of a record in KB")
    parser.add_argument("--against", choices=["node", "postgresql"])
    parser.add_argument(
        "--dashboards", type=int, default=0, help="Socket.IO viewers beside the load, and the same without"
    )
    parser.add_argument("--records", type=int, default=0, help="memory while this many records of 1 KB come over REST")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    doors, sizes = options.doors.split(","), [int(size) for size in options.sizes.split(",")]
    print(
        f"{options.clients} clients in {PROCESSES} processes, {options.seconds:g} s a cell, seed {options.seed}, "
        "synchronous=FULL\n"
    )
    print(
        f"{'':<6} {'door':<9} {'size':>6} {'records/s':>9} {'p50 ms':>8} {'p99 ms':>8} "
        f"{'errors':>7} {'RSS MB':>8} {'stored':>8}"
    )
    failed = False
    if options.records:
        failed |= memory(options)
    elif options.dashboards:
        failed |= viewers(options)
    else:
        for door in doors:
            for size in sizes:
                failed |= cell(options, door, size)
    print("\nfalls short" if failed else "\nwithin its limits")
    return int(failed)


def cell(options: argparse.Namespace, door: str, size: int) -> bool:
    kinds: list[type[HubPeer | NodePeer]] = [HubPeer]
    if options.against == "postgresql":
        kinds = [HubPeer, PostgresPeer, HubPeer, PostgresPeer]
    elif options.against and door != "ws":
        kinds = [HubPeer, NodePeer, HubPeer, NodePeer]
    rates: dict[str, list[float]] = {}
    failed = False
    for kind in kinds:
        with kind() as server:
            load = Load(
                door,
                size,
                options.clients,
                options.seconds,
                server.raw_port if door == "ws" else server.port,
                options.seed,
            )
            found = measure(server, load)
        show(kind.name, door, size, found)
        rates.setdefault(kind.name, []).append(found["rate"])
        if kind is HubPeer:
            failed |= bool(found["wrong"] or found["errors"] or found["p99"] > P99_LIMIT_MS)
    if "pg" in rates:
        ratio = statistics.median(rates["pg"]) / statistics.median(rates["hub"])
        print(f"       PostgreSQL / SQLite {ratio:.2f} (at least {POSTGRESQL_LIMIT:g})", flush=True)
        failed |= ratio < POSTGRESQL_LIMIT
    if "node" in rates:
        ratio = statistics.median(rates["hub"]) / statistics.median(rates["node"])
        limit = LIMITS.get((door, size), 0.0)
        print(f"       hub / node {ratio:.2f} (at least {limit:g}; aim 1.0)", flush=True)
        failed |= ratio < limit
    return failed


def viewers(options: argparse.Namespace) -> bool:
    """Measure the cost of `--dashboards` viewers in the room, alternating with none."""
    rates: dict[int, list[float]] = {0: [], options.dashboards: []}
    for count in (0, options.dashboards, 0, options.dashboards):
        with HubPeer() as server:
            found = measure(server, Load("rest", 1, options.clients, options.seconds, server.port, options.seed), count)
        show(f"{count}", "rest", 1, found)
        rates[count].append(found["rate"])
    cost = 1 - statistics.median(rates[options.dashboards]) / statistics.median(rates[0])
    print(
        f"       {options.dashboards} dashboards cost {cost:.0%} (limit 20 %); their own work shares the two cores",
        flush=True,
    )
    return cost > 0.2


def memory(options: argparse.Namespace) -> bool:
    """Resident memory after each tenth of `--records`."""
    readings = []
    with HubPeer() as server:
        while (stored := server.stored()) < options.records:
            load = Load(
                "rest", 1, options.clients, 0.0, server.port, options.seed + len(readings), options.records // 10
            )
            found = measure(server, load)
            show("hub", "rest", 1, found)
            readings.append(found["rss"])
            if server.stored() == stored:
                return True
    growth = readings[-1] - readings[1]
    print(
        f"       resident after the second tenth {readings[1]:.0f} MB, at the end {readings[-1]:.0f} MB (limit +10 MB)"
    )
    return growth > 10


if __name__ == "__main__":
    sys.exit(main())
