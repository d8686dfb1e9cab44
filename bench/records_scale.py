"""Lists at 10,000 and at 1,000,000 rows, with every filter: `python bench/records_scale.py [--small N] [--large N]`.

Fills the tables of records and of captures with the rows that the hub itself would have written, then queries a running
hub. Rows are spread evenly over plates, cameras, tags and stations, so a plate has a hundred times as many at a million
as at ten thousand; times of events follow the order of arrival. The order of the requests is mixed, and each is sent
`--times` times; the median counts. Where the smaller tables have less than a page of rows, the larger ones are asked
for as many: a full page costs more than three rows at any size. What a full page takes there is shown beside it. One
plate, one tag and one number occur in a twentieth of the rows ("often"): of these the smaller tables have a page of
OFTEN_ROWS with every further filter, too, and both sizes answer the same request with as many rows.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scale_rows
from scale_rows import FIRST, OFTEN_NUMBER, OFTEN_PLATE, OFTEN_TAG, fill, plate_of

from tests.support.helpers import HubProcess

LIMIT = 2.0
STATISTICS, FULL = "/api/statistics", ", a page"
DAY = 86_400
OFTEN, OFTEN_ROWS = 0.05, 20  # share of the rows, and rows of a page


def queries(count: int) -> dict[str, str]:
    """Name -> address. Times are the newest day, a day in the middle, the older half and everything."""
    middle, end = FIRST + count // 2, FIRST + count
    plate, prefix = plate_of(17), plate_of(17)[:-1]
    newest, old = f"from={end - 2000}", f"from={middle - 1000}&to={middle + 1000}"
    half, everything = f"to={middle}", f"from={FIRST - DAY}"
    record_filters = {
        "newest": "",
        "plate": f"plate={plate}",
        "plate's beginning, rare": f"plate={prefix}*",
        "plate's beginning, common": "plate=1*",
        "camera": "camera=cam07",
        "checkpoint": "checkpoint=gate3",
        "from": newest,
        "from and to": old,
        "to, the older half": half,
        "from, everything": everything,
        "camera and time": f"camera=cam07&{old}",
        "camera, the older half": f"camera=cam07&{half}",
        "checkpoint and time": f"checkpoint=gate3&{old}",
        "camera and checkpoint": "camera=cam07&checkpoint=gate3",
        "plate and camera": f"plate={plate}&camera=cam07",
        "plate and time": f"plate={plate}&{half}",
    }
    capture_filters = {
        "newest": "",
        "tag": "tag=E20034120017",
        "number": "number=00017",
        "station": "station=scale3",
        "success": "success=true",
        "not read": "success=false",
        "from": newest,
        "from and to": old,
        "to, the older half": half,
        "from, everything": everything,
        "station and time": f"station=scale3&{old}",
        "station, not read": "station=scale3&success=false",
        "not read and time": f"success=false&{half}",
        "tag and time": f"tag=E20034120017&{half}",
        "number and station": "number=00017&station=scale3",
    }
    entry_filters = {
        "newest": "",
        "to be read": "unread=true",
        "to be read, of detections": "unread=true&kind=detection",
        "to be read, the older half": f"unread=true&{half}",
        "plate and time": f"plate={plate}&{half}",
        "camera and time": f"camera=cam07&{half}",
    }
    half_of_often = f"{half}&limit={OFTEN_ROWS}"
    often, tag, number = f"plate={OFTEN_PLATE}", f"tag={OFTEN_TAG}", f"number={OFTEN_NUMBER}"
    record_filters |= {
        "plate, often": f"{often}&limit={OFTEN_ROWS}",
        "plate, often, and camera": f"{often}&camera=cam07&limit={OFTEN_ROWS}",
        "plate, often, and time": f"{often}&{half_of_often}",
        "plate, often, and a day": f"{often}&{old}&limit={OFTEN_ROWS}",
    }
    capture_filters |= {
        "tag, often": f"{tag}&limit={OFTEN_ROWS}",
        "tag, often, and station": f"{tag}&station=scale3&limit={OFTEN_ROWS}",
        "tag, often, and time": f"{tag}&{half_of_often}",
        "number, often": f"{number}&limit={OFTEN_ROWS}",
        "number, often, and station": f"{number}&station=scale3&limit={OFTEN_ROWS}",
        "number, often, and time": f"{number}&{half_of_often}",
    }
    found = {f"records: {name}": f"/api/records?{query}" for name, query in record_filters.items()}
    found |= {f"captures: {name}": f"/api/captures?{query}" for name, query in capture_filters.items()}
    found |= {f"entries: {name}": f"/api/entries?{query}" for name, query in entry_filters.items()}
    return found | {"GET /api/statistics": STATISTICS}


def ask(hub: HubProcess, paths: dict[str, str], times: int, seed: int) -> dict[str, tuple[float, int]]:
    """Median milliseconds of each address, and how many rows it answers with."""
    found: dict[str, list[float]] = {name: [] for name in paths}
    rows = dict.fromkeys(paths, 0)
    chance = random.Random(seed)
    with requests.Session() as session:
        for number in range(times + 2):
            names = list(paths)
            chance.shuffle(names)
            for name in names:
                began = time.perf_counter()
                answer = session.get(hub.url + paths[name], timeout=60)
                took = (time.perf_counter() - began) * 1000
                if answer.status_code != 200:
                    took = float("inf")  # the hub stopped the search
                if number >= 2:
                    found[name].append(took)
                else:
                    body = answer.json()
                    rows[name] = len(body.get("records") or body.get("captures") or body.get("entries") or ())
    return {name: (statistics.median(each), rows[name]) for name, each in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--captures", type=int, help="captures at the larger size (default: as many as records)")
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--folder", type=Path, help="where the databases are made; ten million rows take 20 GB")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    scale_rows.OFTEN = OFTEN
    small: dict[str, tuple[float, int]] = {}
    large: dict[str, tuple[float, int]] = {}
    for count in (options.small, options.large):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            hub = HubProcess(Path(folder) / "instance")
            with hub:
                pass  # makes the tables
            captures = min(count, options.captures or count)
            fill(hub.instance / "hub.db", count, captures, options.seed)
            with hub:
                if not small:
                    small = ask(hub, queries(count), options.times, options.seed)
                    continue
                paths = queries(count)
                lists = {name: path for name, path in paths.items() if path != STATISTICS and "limit=" not in path}
                fewer = {
                    name: f"{path}{'&' if '?' in path else '?'}limit={max(1, small[name][1])}"
                    for name, path in lists.items()
                }
                full = {name + FULL: path for name, path in lists.items()}
                large = ask(hub, paths | fewer | full, options.times, options.seed)
    sizes = f"{'rows':>5} {options.small:>12,} {options.large:>12,} {'ratio':>7}   (limit {LIMIT:g})"
    print(f"{'median ms':<36} {sizes}   {'a page':>8} {'rows':>5}")
    failed = []
    for name, (before, rows) in small.items():
        took, ratio = large[name][0], large[name][0] / before
        page, many = large.get(name + FULL, large[name])
        figures = f"{rows:5} {before:12.2f} {took:12.2f} {ratio:7.2f} {'too slow' if ratio > LIMIT else '':>12}"
        print(f"{name:<36} {figures}   {page:8.2f} {many:5}")
        failed += [name] * (ratio > LIMIT)
    print(f"falls short: {', '.join(failed)}" if failed else "within its limits")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
