"""Searches by a part of a plate, number or tag: `python bench/search.py [--rows 1000000] [--plates 200000]`.

Fills the tables of records and of captures, with the triggers that keep the index of parts, then sends requests with
parts of random stored values, among them parts that nothing has, to a running hub. Each of `--seeds` draws others.
Prints the median and the worst time of each group; the limit is for the worst, or with a further filter for the median.
`--without-index` also measures how long older records are added.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scale_rows

from tests.support.helpers import HubProcess, wait_for

LIMIT_MS = 150.0


def part_of(value: str, length: int, chance: random.Random) -> str:
    """A part of a value, of at most so many characters."""
    start = chance.randrange(max(1, len(value) - length + 1))
    return value[start : start + length]


def queries(rows: int, plates: int, count: int, chance: random.Random) -> list[tuple[str, str]]:
    """Names of groups, and addresses of requests."""
    middle = scale_rows.FIRST + rows // 2
    filters = ("", "&camera=cam07", f"&from={middle - 50_000}&to={middle + 50_000}", "&order=time")
    found = []
    for length in (1, 2, 3, 4, 5, 6):
        for _ in range(count):
            plate = scale_rows.plate_of(chance.randrange(plates))
            found.append((f"plate, {length} characters", f"/api/records?plate=*{part_of(plate, length, chance)}*"))
            number = f"{chance.randrange(100_000):05d}"
            found.append((f"number, {length} characters", f"/api/captures?number=*{part_of(number, length, chance)}*"))
            tag = f"E2003412{chance.randrange(scale_rows.TAGS):04d}"
            found.append((f"tag, {length} characters", f"/api/captures?tag=*{part_of(tag, length, chance)}*"))
    for filter_ in filters[1:]:
        for _ in range(count):
            plate = part_of(scale_rows.plate_of(chance.randrange(plates)), 4, chance)
            found.append(
                (f"plate, 4 characters, {filter_.split('=')[0][1:]}", f"/api/records?plate=*{plate}*{filter_}")
            )
    for _ in range(count):
        found.append(("plate, nothing found", f"/api/records?plate=*Q{chance.randrange(10_000):04d}*"))
        found.append(("the queue of unread captures", "/api/unread"))
    chance.shuffle(found)
    return found


def measure(hub: HubProcess, asked: list[tuple[str, str]]) -> dict[str, list[float]]:
    """Milliseconds of each request by group."""
    found: dict[str, list[float]] = {}
    with requests.Session() as session:
        for name, path in asked:
            began = time.perf_counter()
            answer = session.get(hub.url + path, timeout=60)
            took = (time.perf_counter() - began) * 1000
            found.setdefault(name, []).append(took if answer.status_code == 200 else float("inf"))
    return found


def forget_index(database: Path) -> None:
    """Make the database one of which no value can be searched by its parts yet."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TRIGGER searched_value_removed")
        connection.execute("DELETE FROM searched_values")
        connection.execute("INSERT INTO searched_parts (searched_parts) VALUES ('rebuild')")
        connection.execute(
            "CREATE TRIGGER searched_value_removed AFTER DELETE ON searched_values BEGIN INSERT INTO searched_parts "
            "(searched_parts, rowid, value) VALUES ('delete', OLD.id, OLD.value); END"
        )
        connection.execute("UPDATE searched_fields SET last = '', complete = 0")
        connection.commit()


def fill_time(hub: HubProcess) -> tuple[float, dict[str, Any]]:
    """Seconds until every stored value can be searched by a part, and the state then."""
    began = time.perf_counter()
    wait_for(lambda: all(hub.get("/status")["searched"]["complete"].values()), 1200, "the index of parts")
    return time.perf_counter() - began, hub.get("/status")["searched"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--plates", type=int, default=200_000, help="different plates")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--times", type=int, default=20, help="requests of each group and seed")
    parser.add_argument("--keep", type=Path, help="folder of the database, which is kept and used again; 1 GB")
    parser.add_argument("--without-index", action="store_true", help="as after an upgrade: how long it takes")
    options = parser.parse_args()
    scale_rows.PLATES = options.plates
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess((options.keep or Path(folder)) / "instance")
        hub.instance.parent.mkdir(parents=True, exist_ok=True)
        database = hub.instance / "hub.db"
        if not database.exists():
            with hub:
                pass  # makes the tables
            began = time.perf_counter()
            scale_rows.fill(database, options.rows, options.rows, 1)
            print(f"filled in {time.perf_counter() - began:.0f} s, {database.stat().st_size / 1e6:,.0f} MB")
        if options.without_index:
            forget_index(database)
        with hub:
            if options.without_index:
                seconds, state = fill_time(hub)
                print(f"every value is searched by its parts after {seconds:.1f} s: {state}")
            for seed in range(options.seeds):
                chance = random.Random(seed)
                for name, took in measure(hub, queries(options.rows, options.plates, options.times, chance)).items():
                    found.setdefault(name, []).extend(took)
    print(f"{'ms at ' + format(options.rows, ',') + ' rows':<40} {'p50':>8} {'worst':>8}   (limit {LIMIT_MS:g})")
    failed = []
    for name, took in sorted(found.items()):
        filtered = name.count(",") > 1  # counts up to 5,000 records of a camera or of a time
        slow = name.startswith("plate") and (statistics.median(took) if filtered else max(took)) > LIMIT_MS
        print(f"{name:<40} {statistics.median(took):8.1f} {max(took):8.1f}{'   too slow' * slow}")
        failed += [name] * slow
    print(f"falls short: {', '.join(failed)}" if failed else "within its limits")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
