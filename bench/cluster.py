"""Several hubs: `python bench/cluster.py [--only PART] [--kills 50] [--seed N] [--figures FILE]`.

Starts nginx as `deploy/nginx.conf` has it, hubs on a PostgreSQL database of their own at 127.0.0.1:5432, and a Redis of
their own, and prints a table with limits; the exit status is 1 when a figure falls short. PART is one of

kills    hubs are killed, connections to PostgreSQL cut and Redis restarted amid load from 20 cameras over REST and
         Socket.IO through nginx: what is lost, what is doubled, when every camera is served again
live     how long an event of one hub takes to a page of the other
store    records/s of one hub on PostgreSQL and on SQLite, alternately
workers  records/s of one hub with one and with two processes on PostgreSQL
crowd    2,000 Socket.IO cameras at one hub, a record each per 10 s: memory, processor time, answers
bytes    what records with and without pictures take in PostgreSQL

`--figures` writes what was measured for `python bench/scaling.py`; it keeps what the file has of other parts.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import redis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cluster_rates
from cluster_crowd import Crowd, CrowdProcess
from cluster_live import freshness

from bench.gate import report
from tests.support import stores
from tests.support.chaos.cluster_run import run_cluster
from tests.support.cluster import Cluster
from tests.support.front import MISSING, nginx
from tests.support.helpers import Progress
from tests.support.starts import starts

KILLS, CAMERAS, PAUSE_SECONDS = 50, 20, 0.1
SERVED_SECONDS = 5.0
LIVE_RECORDS, LIVE_MS = 400, 100.0
CROWD, CROWD_INTERVAL, CROWD_MS = 2_000, 10.0, 100.0
# This machine's own share is 90 % of what a hub takes (limits.max_sessions).
CROWD_SETTINGS = {"HUB_LIMITS_MAX_CONNECTIONS": "5000", "HUB_LIMITS_MAX_SESSIONS": "5000"}
Row = tuple[str, str, str, bool]


class Parts:
    """The parts of a run. Each returns its rows (title, measured, limit, whether that is kept) and its figures."""

    def __init__(self, folder: Path, options: argparse.Namespace, seed: int) -> None:
        self._folder, self._options, self._seed = folder, options, seed
        self._say = Progress().say

    def kills(self) -> tuple[list[Row], dict[str, Any]]:
        starts.enable()  # a new hub is a fork: the next kill need not wait for two seconds of imports
        with Cluster(self._folder / "kills") as cluster:
            result = run_cluster(cluster, self._options.kills, self._seed, CAMERAS, PAUSE_SECONDS, self._say)
        for fault in result.faults[:20]:
            print(f"  {fault}")
        made = ", ".join(f"{count} x {what}" for what, count in sorted(result.made.items()))
        print(
            f"kills: {made}; {result.acknowledged} records acknowledged in {result.seconds:.0f} s, "
            f"{result.resent.total()} sent again"
        )
        for reason, count in result.resent.most_common(5):
            print(f"  {count:>6} x {reason[:120]}")
        rows = [
            at_most("kills of hubs missing", self._options.kills - result.made["hub killed"], 0),
            at_most("acknowledged and not stored", result.lost, 0),
            at_most("stored twice", result.doubled, 0),
            at_most("other faults", len(result.faults), 0),
        ]
        figures: dict[str, Any] = {"acknowledged": result.acknowledged, **dict(result.made)}
        for what, times in sorted(result.served.items()):
            limit = SERVED_SECONDS if what == "hub killed" else None
            rows.append(at_most(f"{what}: last camera served after, median", statistics.median(times), None, "s"))
            rows.append(at_most(f"{what}: last camera served after, longest", max(times), limit, "s"))
            figures[f"served after {what}, longest s"] = max(times)
        return rows, figures

    def live(self) -> tuple[list[Row], dict[str, Any]]:
        if shutil.which("redis-server") is None:
            return [("an event on a page of the other hub", "not measured", "there is no redis-server", True)], {}
        times: list[float] = []
        missing = 0
        with Cluster(self._folder / "live") as cluster:
            passed = commands(cluster)
            for sender, viewer in (cluster.hubs, cluster.hubs[::-1]):
                some, lost = freshness(sender, viewer, LIVE_RECORDS // 2, 0.02)
                times += some
                missing += lost
            passed = commands(cluster) - passed
        rows = [
            at_most("events that never came to the other hub's page", missing, 0),
            at_most("from the answer to the other hub's page, median", 1000 * quantile(times, 0.5), None, "ms"),
            at_most("from the answer to the other hub's page, p99", 1000 * quantile(times, 0.99), LIVE_MS, "ms"),
        ]
        figures = {"page_p99_ms": 1000 * quantile(times, 0.99), "redis_commands_per_record": passed / LIVE_RECORDS}
        rows.append(at_most("commands of Redis for a record, a page open", figures["redis_commands_per_record"], None))
        return rows, figures

    def store(self) -> tuple[list[Row], dict[str, Any]]:
        return cluster_rates.compare_stores(self._options.seconds, self._seed)

    def workers(self) -> tuple[list[Row], dict[str, Any]]:
        return cluster_rates.compare_workers(self._options.seconds, self._seed)

    def crowd(self) -> tuple[list[Row], dict[str, Any]]:
        with Cluster(self._folder / "crowd", 1, real=True, **CROWD_SETTINGS) as cluster:
            port, seconds = cluster.hubs[0].port, self._options.crowd_seconds
            return crowd(cluster, Crowd(port, CROWD, CROWD_INTERVAL, seconds, self._seed))

    def bytes(self) -> tuple[list[Row], dict[str, Any]]:
        return cluster_rates.sizes(self._options.seconds, self._seed)


def at_most(title: str, value: float, limit: float | None, unit: str = "") -> Row:
    """A row of a figure that has a limit, or none."""
    shown = f"{value:.4g} {unit}".strip() if isinstance(value, float) else f"{value} {unit}".strip()
    return title, shown, "-" if limit is None else f"{limit:g} {unit}".strip(), limit is None or value <= limit


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def used(pids: list[int]) -> float:
    """Processor seconds that processes have used, those of their children included."""
    total = 0.0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                total += sum(one.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total


def commands(cluster: Cluster) -> int:
    """How many commands the cluster's Redis has processed; 0 where there is none."""
    if cluster.redis is None:
        return 0
    with redis.Redis.from_url(cluster.redis.url) as client:
        return int(client.info("stats")["total_commands_processed"])


def crowd(cluster: Cluster, load: Crowd) -> tuple[list[Row], dict[str, Any]]:
    """Connect the cameras, look at the hub's memory before and after, then let them send."""
    (hub,) = cluster.hubs
    hub_pid = hub.process.pid
    database = cluster.database_processes()
    time.sleep(3.0)
    cameras = CrowdProcess(load)
    try:
        before = psutil.Process(hub_pid).memory_info().rss
        cameras.connect()
        time.sleep(2.0)
        after = psutil.Process(hub_pid).memory_info().rss
        passed = commands(cluster)
        idle = used([hub_pid]), time.perf_counter()
        time.sleep(10.0)
        idle_share = (used([hub_pid]) - idle[0]) / (time.perf_counter() - idle[1])
        hub_used, database_used, began = used([hub_pid]), used(database), time.perf_counter()
        found = cameras.run()
        took = time.perf_counter() - began
        hub_used, database_used = used([hub_pid]) - hub_used, used(database) - database_used
        passed = commands(cluster) - passed
        longest = hub.get("/status")["event_loop"]["longest_ever_ms"]
        peak = psutil.Process(hub_pid).memory_info().rss
    finally:
        cameras.end()
    records = len(found["times"])
    p99 = 1000 * quantile(found["times"], 0.99)
    expected = load.cameras * load.seconds / load.interval
    print(
        f"crowd: {load.cameras} cameras, {records} records in {took:.0f} s, load used "
        f"{found['processor'] / took:.0%} of a core, {passed} commands of Redis, loop blocked at most {longest:.0f} ms"
    )
    figures = {
        "connections": load.cameras,
        "records_per_second": records / took,
        "kb_per_connection": (after - before) / load.cameras / 1000,
        "hub_mb_before": before / 1e6,
        "hub_mb_after": peak / 1e6,
        "hub_idle_core": idle_share,
        "hub_core": hub_used / took,
        "database_core": database_used / took,
        "answer_p99_ms": p99,
    }
    return [
        at_most("cameras that sent in vain", found["missing"] + found["errors"], 0),
        ("records", str(records), f"{expected:.0f}", records >= 0.98 * expected),
        at_most("memory of the hub for each connection", figures["kb_per_connection"], None, "KB"),
        at_most("resident memory of the hub", peak / 1e6, None, "MB"),
        at_most("hub, nobody sends", idle_share, None, "of a core"),
        at_most("hub", hub_used / took, None, "of a core"),
        at_most("PostgreSQL's processes of the hub", database_used / took, None, "of a core"),
        at_most("answers, median", 1000 * quantile(found["times"], 0.5), None, "ms"),
        at_most("answers, p99", p99, CROWD_MS, "ms"),
    ], figures


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "processor": name,
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "postgresql": str(stores.server("SHOW server_version")[0][0]).split()[0],
        "python": platform.python_version(),
        "load_before": round(psutil.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("kills", "live", "store", "workers", "crowd", "bytes")
    parser.add_argument("--only", choices=names, action="append")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each run that counts records a second")
    parser.add_argument("--crowd-seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None, help="repeats what is by chance; each run prints its own")
    parser.add_argument("--figures", type=Path, default=None, help="file for what was measured (JSON)")
    options = parser.parse_args()
    if nginx() is None or not stores.has_server():
        print(f"bench/cluster.py {MISSING}; and {stores.NO_SERVER}.", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("ended by a signal"))  # processes and the database go with it
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    here = machine()
    print(f"seed {seed}; {', '.join(f'{name} {value}' for name, value in here.items())}")
    figures: dict[str, Any] = {}
    if options.figures is not None and options.figures.exists():
        figures = json.loads(options.figures.read_bytes())
    rows: list[Row] = []
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-cluster-"))
    parts = Parts(folder, options, seed)
    for name in options.only or names:
        part: Callable[[], tuple[list[Row], dict[str, Any]]] = getattr(parts, name)
        some, measured = part()
        rows += [(f"{name}: {title}", *rest) for title, *rest in some]  # type: ignore[misc]
        if measured:
            figures[name] = {**measured, "machine": here}
    if options.figures is not None:
        options.figures.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    if failed := report(rows):
        print(f"\nThe files are kept in {folder}.")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
