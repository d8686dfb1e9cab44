"""Memory and handles of a hub over very many records, for bench/chaos.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from load import Load, run_load

from tests.support.helpers import HubProcess, wait_for

CLIENTS, BATCHES = 20, 20
WARM_BATCHES = 3  # caches have their size after these
READINGS = 20


@dataclass
class Sample:
    """The hub after a batch: resident bytes, open handles, threads."""

    records: int
    resident: int
    handles: int
    threads: int


def soak(folder: Path, records: int, seed: int, say: Callable[[str], None]) -> tuple[list[Sample], int]:
    """Send `records` records in batches; a sample after each, and how many were not stored exactly once."""
    with HubProcess(folder / "hub") as hub:
        process = psutil.Process(hub.process.pid)
        samples: list[Sample] = []
        acknowledged = 0
        for number in range(BATCHES):
            load = Load("rest", 1, CLIENTS, 0.0, hub.port, seed * BATCHES + number, records // BATCHES)
            found = run_load(load)
            acknowledged += len(found.ids)
            wait_for(lambda: hub.get("/status")["writer"]["waiting"] == 0, what="an idle writer")
            handles = _handles(process)
            samples.append(Sample(acknowledged, process.memory_info().rss, handles, process.num_threads()))
            say(
                f"{acknowledged} of {records} records, {len(found.ids) / found.took:.0f} a second, "
                f"{samples[-1].resident / 1e6:.1f} MB, {handles} handles"
            )
        stored = hub.get("/api/records", limit=1)["total_count"]
    return samples, abs(stored - acknowledged) + records // BATCHES // CLIENTS * CLIENTS * BATCHES - acknowledged


def _handles(process: psutil.Process) -> int:
    """Open handles, once those of the load's last connections are closed: the least of some readings."""
    readings = []
    for _ in range(READINGS):
        readings.append(process.num_handles() if hasattr(process, "num_handles") else process.num_fds())
        time.sleep(0.05)
    return min(readings)


def figures(samples: list[Sample], wrong: int) -> list[tuple[str, float, float]]:
    """Rows of the table: title, measured, limit."""
    warm, last = samples[:WARM_BATCHES], samples[-1]
    resident = warm[-1].resident
    return [
        ("records lost or doubled", wrong, 0),
        ("growth of memory, %", 100 * (last.resident - resident) / resident, 5),
        ("growth of handles", last.handles - max(one.handles for one in warm), 0),
        ("growth of threads", last.threads - max(one.threads for one in warm), 0),
    ]
