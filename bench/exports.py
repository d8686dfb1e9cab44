"""A file of everything: `python bench/exports.py [--rows 1000000] [--xlsx]`.

Fills a hub with half as many detections and half as many captures, and reads `/api/entries.csv` (or `.xlsx`) to its end
while another client asks for `/healthz` fifty times a second. Prints how much the hub's memory grew beyond that of a
small file, how often and how long the event loop stood still, and the times of the answers. Every line is counted.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import psutil
import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scale_rows
from threads import Threads

from tests.support.helpers import HubProcess, Progress

LIMIT_MB, LIMIT_STALL_MS, LIMIT_P99_MS = 20.0, 50.0, 100.0


class Watch(Threads):
    """Threads that take the hub's memory and the times of small answers until they are stopped."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub, self._process = hub, psutil.Process(hub.process.pid)
        super().__init__((self._memory, self._ask))
        self.memory: list[float] = []
        self.times: list[float] = []

    def _memory(self) -> None:
        while not self.stopping.wait(0.2):
            self.memory.append(self._process.memory_info().rss / 1e6)

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self.stopping.wait(0.02):
                began = time.perf_counter()
                session.get(self._hub.url + "/healthz", timeout=60)
                self.times.append((time.perf_counter() - began) * 1000)


def read_xlsx(hub: HubProcess, query: str) -> tuple[int, float]:
    """Rows of a spreadsheet without its head, and its megabytes."""
    with tempfile.TemporaryFile() as kept:
        with requests.get(f"{hub.url}/api/entries.xlsx{query}", stream=True, timeout=2000) as answer:
            answer.raise_for_status()
            for part in answer.iter_content(1 << 20):
                kept.write(part)
        size, rows, rest = kept.tell(), 0, b""
        with zipfile.ZipFile(kept) as book, book.open("xl/worksheets/sheet1.xml") as sheet:
            while data := sheet.read(1 << 20):
                data = rest + data
                rows += data.count(b"<row ")
                rest = data[-4:]  # the beginning of one that the next piece ends
    return rows - 1, size / 1e6


def read(hub: HubProcess, query: str) -> tuple[int, float]:
    """Lines of a file without its head, and its megabytes. Raises csv.Error for what is no table."""
    lines, size, progress = 0, 0, Progress()
    with requests.get(f"{hub.url}/api/entries.csv{query}", stream=True, timeout=300) as answer:
        answer.raise_for_status()
        columns = 0
        rest = b""
        for part in answer.iter_content(1 << 20):
            size += len(part)
            whole, end, rest = (rest + part).rpartition(b"\r\n")
            for row in csv.reader(io.StringIO((whole + end).decode("utf-8-sig"))):
                columns = columns or len(row)
                if len(row) != columns:
                    raise csv.Error(f"line {lines + 1} has {len(row)} cells, not {columns}")
                lines += 1
            progress.say(f"  {lines:,} lines")
    return lines - 1, size / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--xlsx", action="store_true", help="a spreadsheet instead of CSV")
    options = parser.parse_args()
    make = read_xlsx if options.xlsx else read
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess(Path(folder) / "instance", real=True)
        with hub:
            pass  # makes the tables
        scale_rows.fill(hub.instance / "hub.db", options.rows // 2, options.rows - options.rows // 2, options.seed)
        with hub:
            make(hub, "?text=E20034120001")
            time.sleep(3)
            before = hub.get("/status")["event_loop"]
            small = psutil.Process(hub.process.pid).memory_info().rss / 1e6
            began = time.perf_counter()
            with Watch(hub) as watch:
                lines, megabytes = make(hub, "")
            took = time.perf_counter() - began
            after = hub.get("/status")["event_loop"]
    times = sorted(watch.times)
    p99, grown = times[int(len(times) * 0.99)], max(watch.memory) - small
    stalls = after["stalls"] - before["stalls"]
    print(f"{lines:,} lines, {megabytes:,.0f} MB in {took:.0f} s")
    print(f"memory of the hub: {small:.1f} MB, at most {grown:+.1f} MB (limit {LIMIT_MB:g})")
    print(f"stalls over {LIMIT_STALL_MS:g} ms: {stalls}, longest {after['longest_ms']} ms of the last ten minutes")
    print(
        f"small answers meanwhile: p99 {p99:.1f} ms (limit {LIMIT_P99_MS:g}), at most {times[-1]:.1f} ms, {len(times)}"
    )
    failed = lines != options.rows or grown > LIMIT_MB or stalls or p99 > LIMIT_P99_MS
    print("falls short" if failed else "within its limits")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
