"""Ingestion while old records are deleted: `python bench/retention.py [--records N] [--captures N] [--rate N]`.

Fills a hub with old detections (a picture of `--kb` each, in packs) and old captures (a picture file each), starts it
with one day of retention, and sends records with pictures at `--rate` a second while it deletes. Prints the times of
the answers before and meanwhile, the longest step of retention, and whether exactly the old records have gone.

A step holds the writer while its statements run (limit 50 ms). The commit after them waits for the disk, together with
the records that arrived: it is shown beside the longest commit before anything was deleted, which is the disk's own.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scale_rows import fill
from threads import Threads

from hub.store.pack_writer import HEADER, MAGIC
from hub.store.packs import MAX_PACK
from tests.support.helpers import HubProcess, Progress, jpeg
from tests.support.lpr import g4

LIMIT_P99_MS = 60.0
LIMIT_STEP_MS = 50.0
SENDERS = 4


def add_pictures(instance: Path, kb: int) -> None:
    """Give each stored record a picture in a pack, and each capture a picture file."""
    connection = sqlite3.connect(instance / "hub.db")
    connection.execute("PRAGMA synchronous=OFF")
    data = os.urandom(kb * 1024)
    header = HEADER.pack(MAGIC, len(data), 0)
    pack, end = 1, 0
    file = open(instance / "pictures" / "000001.pack", "wb")
    updates = []
    for (seq,) in connection.execute("SELECT seq FROM lpr_records ORDER BY seq").fetchall():
        if end >= MAX_PACK // 8:
            file.close()
            pack, end = pack + 1, 0
            file = open(instance / "pictures" / f"{pack:06d}.pack", "wb")
        name = f"k{pack:06d}-{end:x}-00000000.jpg"
        file.write(header)
        file.write(data)
        updates.append((pack, len(data) + HEADER.size, name, seq))
        end += len(data) + HEADER.size
    file.close()
    with connection:
        connection.executemany(
            "UPDATE lpr_records SET pack = ?, picture_bytes = ?, body = "
            """replace(body, '"pictures":{}', '"pictures":{"original_image":"' || ? || '"}') WHERE seq = ?""",
            updates,
        )
    names = []
    for seq, tag, captured_at in connection.execute("SELECT seq, tag, captured_at FROM captures").fetchall():
        name = f"{tag}_primary_{int(captured_at * 1000)}.jpg"
        (instance / "images" / name).write_bytes(data)
        names.append((name, len(data), seq))
    with connection:
        connection.executemany("UPDATE captures SET primary_image = ?, picture_bytes = ? WHERE seq = ?", names)
    connection.close()


class Senders(Threads):
    """Threads that send records with pictures at a steady rate, each waiting for its answer."""

    def __init__(self, hub: HubProcess, rate: float) -> None:
        self._hub, self._pause = hub, SENDERS / rate
        super().__init__([partial(self._send, number) for number in range(SENDERS)])
        self.times: list[tuple[float, float]] = []  # when it was sent, seconds until the answer
        self.errors = 0

    def _send(self, number: int) -> None:
        text = base64.b64encode(jpeg(640, 480) + os.urandom(20_000)).decode()
        count, due = 0, time.monotonic()
        with requests.Session() as session:
            while not self.stopping.is_set():
                count += 1
                body = g4(event_id=f"{number}-{count}", aicamera_id=f"new{number}", original_image=text)
                began = time.monotonic()
                answer = session.post(self._hub.url + "/api/detection", json=body, timeout=30)
                self.times.append((began, time.monotonic() - began))
                self.errors += answer.status_code != 200
                due = max(due + self._pause, time.monotonic() - 1)
                time.sleep(max(0.0, due - time.monotonic()))

    def between(self, start: float, end: float) -> list[float]:
        """Milliseconds of the answers to what was sent between two moments, in order."""
        return sorted(took * 1000 for began, took in self.times if start <= began < end)


def show(name: str, times: list[float]) -> float:
    p99 = times[int(len(times) * 0.99)] if times else float("inf")
    middle = statistics.median(times) if times else float("inf")
    print(f"{name:<24} {len(times):>8} {middle:9.2f} {p99:9.2f} {times[-1] if times else 0:9.2f}", flush=True)
    return p99


def state(hub: HubProcess) -> tuple[bool, int]:
    """Whether retention runs, and how many records it has deleted."""
    shown: dict[str, Any] = hub.get("/status")["retention"]
    return shown["running"], sum(shown["deleted"].values())


def longest_commit(hub: HubProcess) -> float:
    """The longest commit since the start, in milliseconds."""
    return float(hub.get("/status")["writer"]["longest_commit_ms"])


def watch(hub: HubProcess, old: int) -> tuple[float, float, float, float]:
    """The moments of the start, of the first record that has gone, and of the last of `old`; the longest commit until
    the first one, in milliseconds. Raises TimeoutError.
    """
    start, progress, longest = time.monotonic(), Progress(), 0.0
    while state(hub)[1] == 0:
        longest = longest_commit(hub)
        time.sleep(0.05)
        if time.monotonic() > start + 60:
            raise TimeoutError("nothing is deleted")
    first = time.monotonic()
    while state(hub)[1] < old or state(hub)[0]:
        time.sleep(1.0)
        progress.say(f"  {state(hub)[1]:,} deleted")
    return start, first, time.monotonic(), longest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--captures", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--kb", type=int, default=4, help="size of an old picture")
    parser.add_argument("--folder", type=Path, help="where the instance folder is made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        hub = HubProcess(Path(folder) / "instance")
        with hub:
            pass  # makes the tables
        fill(hub.instance / "hub.db", options.records, options.captures, 1)
        add_pictures(hub.instance, options.kb)
        trusted = {"trusted": time.time(), "observed": 0.0, "days": {}}  # else the clock would seem to have jumped
        (hub.instance / "clock.json").write_text(json.dumps(trusted))
        old = options.records + options.captures
        hub.environ |= {"HUB_RETENTION_CAPTURE_DAYS": "1", "HUB_RETENTION_DETECTION_DAYS": "1"}
        with hub:
            with Senders(hub, options.rate) as senders:
                start, first, last, commit = watch(hub, old)
            shown = hub.get("/status")["retention"]
            left = [
                len(list((hub.instance / "pictures").glob("*.pack"))),
                len(list((hub.instance / "images").glob("*.jpg"))),
            ]
            total = hub.get("/api/records", limit=1)["total_count"]
            slow = [line for line in hub.text().splitlines() if "held the writer" in line]
        print(f"{'':<24} {'records':>8} {'p50 ms':>9} {'p99 ms':>9} {'max ms':>9}   (limit of p99 {LIMIT_P99_MS:g})")
        show("before", senders.between(start, first))
        p99 = show("while old ones go", senders.between(first, last))
    print(
        f"{old:,} old records in {last - first:.0f} s ({old / (last - first):,.0f} a second); longest step "
        f"{shown['longest_statements_ms']} ms (limit {LIMIT_STEP_MS:g}), {shown['longest_step_ms']} ms with its commit "
        f"(longest commit before anything was deleted: {commit} ms); {left[0]} packs and {left[1]} picture files left; "
        f"{len(senders.times)} new records, {senders.errors} refused, {total} listed"
    )
    print(*slow[-20:], sep="\n")
    failed = p99 > LIMIT_P99_MS or shown["longest_statements_ms"] > LIMIT_STEP_MS or senders.errors > 0
    failed |= total != len(senders.times) or left[1] != 0
    print("falls short" if failed else "within its limits")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
