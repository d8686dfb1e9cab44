"""Searches at 10,000 and at 1,000,000 camera records: `python bench/records_scale.py [--small N] [--large N]`.

Fills the tables in large transactions with the rows that the hub itself would have written (records, plates, counters),
then queries a running hub. Records are spread evenly over plates and cameras, so a plate has a hundred times as many at
a million as at ten thousand.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.helpers import HubProcess

LIMIT = 2.0
BODY = (
    '{"ocr_results":["%s"],"vehicle_detections":[],"plate_detections":[],"processing_time_ms":40.0,"place":{},"unread":{},"warnings":[],'
    '"watchlist":[],"door":"rest","pictures":{}}'
)
PLATES, CAMERAS, CHUNK = 5000, 20, 50_000


def fill(database: Path, count: int, seed: int) -> tuple[str, str]:
    """Insert `count` records into the hub's tables; return a plate and a camera to search for."""
    chance = random.Random(seed)
    plates = [f"{number % 9 + 1}AB{number:04d}" for number in range(PLATES)]
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous=OFF")
    tallies: dict[tuple[str, str], int] = {}
    for start in range(0, count, CHUNK):
        rows, plate_rows = [], []
        for number in range(start, min(start + CHUNK, count)):
            plate, camera = chance.choice(plates), f"cam{chance.randrange(CAMERAS):02d}"
            moment = 1_760_000_000 + number
            rows.append(
                (
                    number + 1,
                    str(uuid.UUID(int=chance.getrandbits(128))),
                    os.urandom(16),
                    "",
                    camera,
                    "gate",
                    "",
                    "",
                    moment,
                    moment,
                    1,
                    1,
                    BODY % plate,
                )
            )
            plate_rows.append((number + 1, 0, plate, plate, 0.9, None))
            for key in (("detections", ""), ("camera", camera), ("checkpoint", "gate"), ("plate", plate)):
                tallies[key] = tallies.get(key, 0) + 1
        with connection:
            connection.executemany("INSERT INTO lpr_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            connection.executemany("INSERT INTO lpr_plates VALUES (?, ?, ?, ?, ?, ?)", plate_rows)
        print(f"  {start + len(rows):,} records", file=sys.stderr, flush=True)
    with connection:
        connection.executemany(
            "INSERT INTO lpr_tallies VALUES (?, ?, ?)", [(*key, number) for key, number in tallies.items()]
        )
    connection.close()
    return plates[17], "cam07"


def ask(hub: HubProcess, path: str) -> float:
    """Median milliseconds of 100 requests, after 5 for warm-up."""
    times = []
    with requests.Session() as session:
        for _ in range(105):
            began = time.perf_counter()
            session.get(hub.url + path, timeout=60).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[5:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    for count in (options.small, options.large):
        with tempfile.TemporaryDirectory() as folder:
            hub = HubProcess(Path(folder) / "instance")
            with hub:
                pass  # makes the tables
            plate, camera = fill(hub.instance / "hub.db", count, options.seed)
            with hub:
                for name, path in (
                    ("by plate", f"/api/records?plate={plate}"),
                    ("by camera", f"/api/records?camera={camera}"),
                    ("by plate and camera", f"/api/records?plate={plate}&camera={camera}"),
                    ("newest", "/api/records"),
                    ("GET /api/statistics", "/api/statistics"),
                ):
                    found.setdefault(name, []).append(ask(hub, path))
    print(
        f"{'median ms':<22} {options.small:>12,} {options.large:>12,} {'ratio':>7}   "
        f"(limit {LIMIT:g} for plate, camera and statistics)"
    )
    failed = False
    for name, (small, large) in found.items():
        print(f"{name:<22} {small:12.2f} {large:12.2f} {large / small:7.2f}")
        failed |= name in ("by plate", "by camera", "GET /api/statistics") and large / small > LIMIT
    print("falls short" if failed else "within its limits")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
