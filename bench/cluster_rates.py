"""Records a second of hubs on PostgreSQL, and what these take there, with load and servers of bench/ingest.py."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import psutil
from ingest import Cell, measure
from ingest_peers import HubPeer, PostgresPeer
from load import Load

from tests.support.cluster import Cluster
from tests.support.helpers import run_app
from tests.support.redis_server import RedisServer

STORE_RATIO = 0.5
WORKERS_RATIO = 1.4
CELLS = (("rest", 1), ("socketio", 1))
CLIENTS = 20
WORKERS, CORES = 2, 4
"""Processes of a hub, and the cores for them, for PostgreSQL and for the load, without which more are no faster."""
SIZES = (1, 60)
Row = tuple[str, str, str, bool]


class WorkersPeer(PostgresPeer):
    """The same with two processes on its ports, and a Redis between them."""

    name = "workers"

    def __init__(self) -> None:
        super().__init__()
        self._redis = RedisServer(Path(self._folder.name))
        self._hub.arguments = ("--workers", str(WORKERS))
        self._hub.environ["HUB_LIVE_URL"] = self._redis.url

    def __enter__(self) -> HubPeer:
        self._redis.start()
        return super().__enter__()

    def __exit__(self, *problem: object) -> None:
        super().__exit__(*problem)
        self._redis.stop()


def rate(kind: type[HubPeer], door: str, size: int, seconds: float, seed: int) -> Cell:
    """Measure one cell of bench/ingest.py."""
    with kind() as server:
        return measure(server, Load(door, size, CLIENTS, seconds, server.port, seed))


def compare(
    kinds: tuple[type[HubPeer], type[HubPeer]], door: str, size: int, seconds: float, seed: int
) -> tuple[float, float, float]:
    """Median records/s of two kinds, measured A B A B, and how many records were wrong or refused."""
    rates: dict[type[HubPeer], list[float]] = {kind: [] for kind in kinds}
    wrong = 0.0
    for kind in (*kinds, *kinds):
        found = rate(kind, door, size, seconds, seed)
        rates[kind].append(found.rate)
        wrong += found.wrong + found.errors
    first, second = (statistics.median(rates[kind]) for kind in kinds)
    return first, second, wrong


def compare_stores(seconds: float, seed: int) -> tuple[list[Row], dict[str, Any]]:
    """One hub on SQLite and one on PostgreSQL, both with synchronous=FULL."""
    rows: list[Row] = []
    figures: dict[str, Any] = {}
    for door, size in CELLS:
        sqlite, postgresql, wrong = compare((HubPeer, PostgresPeer), door, size, seconds, seed)
        ratio = postgresql / sqlite
        cell = f"{door}, {size} KB"
        rows += [
            (f"{cell}: records/s on SQLite", f"{sqlite:.0f}", "-", True),
            (f"{cell}: records/s on PostgreSQL", f"{postgresql:.0f}", "-", True),
            (f"{cell}: PostgreSQL / SQLite", f"{ratio:.2f}", f"at least {STORE_RATIO:g}", ratio >= STORE_RATIO),
            (f"{cell}: records wrong or refused", f"{wrong:.0f}", "0", not wrong),
        ]
        figures[f"{door}_sqlite_per_second"] = sqlite
        figures[f"{door}_postgresql_per_second"] = postgresql
    return rows, figures


def compare_workers(seconds: float, seed: int) -> tuple[list[Row], dict[str, Any]]:
    """One hub on PostgreSQL with one process and with two."""
    if "--workers" not in run_app("run", "--help").stdout:
        return [("two processes / one", "not measured", "this hub has no --workers", True)], {}
    cores = psutil.cpu_count() or 1
    few = cores < CORES
    limit = f"- ({cores} cores: hub, PostgreSQL and load share them)" if few else f"at least {WORKERS_RATIO:g}"
    rows: list[Row] = []
    figures: dict[str, Any] = {}
    for door, size in CELLS:
        one, two, wrong = compare((PostgresPeer, WorkersPeer), door, size, seconds, seed)
        cell = f"{door}, {size} KB"
        rows += [
            (f"{cell}: records/s of one process", f"{one:.0f}", "-", True),
            (f"{cell}: records/s of two", f"{two:.0f}", "-", True),
            (f"{cell}: two / one", f"{two / one:.2f}", limit, few or two / one >= WORKERS_RATIO),
            (f"{cell}: records wrong or refused", f"{wrong:.0f}", "0", not wrong),
        ]
        figures[f"{door}_one_per_second"], figures[f"{door}_two_per_second"] = one, two
    return rows, figures


class Member:
    """The hub of a cluster as a server of bench/ingest.py."""

    name = "pg"

    def __init__(self, cluster: Cluster) -> None:
        (hub,) = cluster.hubs
        self._cluster = cluster
        self.port, self.raw_port, self.pid = hub.port, hub.side["lpr"], hub.process.pid

    def stored(self) -> int:
        return int(self._cluster.query("SELECT count(*) FROM lpr_records")[0][0])

    def missing(self, ids: set[bytes], pictured: bool) -> int:
        rows = dict(self._cluster.query("SELECT id, picture_bytes FROM lpr_records"))
        return sum(name.decode() not in rows or (pictured and not rows[name.decode()]) for name in ids)


def sizes(seconds: float, seed: int) -> tuple[list[Row], dict[str, Any]]:
    """Bytes of the database and of PostgreSQL's log for a record of each size; nobody else may use the server."""
    rows: list[Row] = []
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), 1) as cluster:
        member = Member(cluster)
        for size in SIZES:
            before, stored = _bytes(cluster), member.stored()
            found = measure(member, Load("rest", size, CLIENTS, seconds, member.port, seed))
            after, count = _bytes(cluster), member.stored() - stored
            (picture,) = cluster.query(f"SELECT avg(picture_bytes) FROM lpr_records WHERE seq > {stored}")[0]
            data, log = ((new - old) / count for new, old in zip(after, before, strict=True))
            rows += [
                (f"{size} KB: bytes of the database for a record", f"{data:.0f}", "-", True),
                (f"{size} KB: bytes of the log (WAL) for a record", f"{log:.0f}", "-", True),
                (
                    f"{size} KB: records wrong or refused",
                    f"{found.wrong + found.errors}",
                    "0",
                    not found.wrong + found.errors,
                ),
            ]
            figures[f"{size}_kb"] = {
                "records": count,
                "picture_bytes": float(picture or 0),
                "database_bytes": data,
                "log_bytes": log,
            }
    return rows, figures


def _bytes(cluster: Cluster) -> tuple[int, int]:
    """Bytes of the database, and those that the server's log has had."""
    cluster.query("CHECKPOINT")
    ((data, log),) = cluster.query("SELECT pg_database_size(current_database()), pg_current_wal_insert_lsn() - '0/0'")
    return int(data), int(log)
