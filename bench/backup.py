"""Ingestion while a backup is made: `python bench/backup.py [--gb G] [--rate N] [--mb-per-second M]`.

Fills an instance folder with G gigabytes of packs and pictures of captures and a database with rows to match, starts
the hub on it, sends N records a second with a picture each (at fixed times, whatever the answers take) without a backup
and then while the hub makes one, and prints the 99th percentile of an answer for both. Exits 1 beyond the limit. The
backup is then read whole. `--folder` names the disk to use; it needs three times G.
"""

from __future__ import annotations

import argparse
import base64
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.scale_rows import fill
from hub.backup.pace import Pace
from hub.backup.restore import check
from hub.store.pack_writer import HEADER, MAGIC
from tests.support.helpers import HubProcess, Progress, jpeg
from tests.support.lpr import g4

LIMIT_MS = 100.0
GB = 1_000_000_000
PACK_BYTES, PICTURE_BYTES = 250_000_000, 100_000
SENDERS = 16
QUIET_SECONDS = 10.0
ROWS_PER_GB = 20_000
IMAGES_SHARE = 0.1  # of the bytes that are single files, as captures have them


def fill_pictures(instance: Path, size: int, progress: Progress) -> None:
    """Write packs and single pictures of random bytes, `size` bytes in all."""
    data = os.urandom(PICTURE_BYTES)
    head = HEADER.pack(MAGIC, len(data), zlib.crc32(data))
    in_packs, number = int(size * (1 - IMAGES_SHARE)), 0
    while in_packs > 0:
        number += 1
        with (instance / "pictures" / f"{number:06d}.pack").open("wb") as file:
            while file.tell() < min(PACK_BYTES, in_packs):
                file.write(head + data)
            in_packs -= file.tell()
        progress.say(f"  {number} packs")
    for number in range(int(size * IMAGES_SHARE) // PICTURE_BYTES):
        (instance / "images" / f"FILL{number}_primary_{number}.jpg").write_bytes(data)
    # The hub continues the newest pack of today: these are older.
    for path in (instance / "pictures").glob("*.pack"):
        os.utime(path, (time.time() - 200_000, time.time() - 200_000))


class Load:
    """Sends `rate` records a second, each at its time; `waits`: seconds from then to its answer."""

    def __init__(self, hub: HubProcess, rate: float, picture: str) -> None:
        self._hub, self._rate, self._picture = hub, rate, picture
        self._due: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self.waits: list[float] = []
        self.failed = 0

    def run(self, ended: threading.Event) -> None:
        """Send until `ended` is set."""
        senders = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        moment = time.monotonic()
        while not ended.is_set():
            moment += 1 / self._rate
            time.sleep(max(0.0, moment - time.monotonic()))
            self._due.put(moment)
        for _ in senders:
            self._due.put(None)
        for sender in senders:
            sender.join()

    def _send(self) -> None:
        with requests.Session() as session:
            while (due := self._due.get()) is not None:
                record = g4(original_image=self._picture)
                answer = session.post(self._hub.url + "/api/detection", json=record, timeout=60)
                self.waits.append(time.monotonic() - due)
                self.failed += answer.status_code != 200


def percentile(values: list[float], share: float) -> float:
    """Milliseconds below which `share` of the values lie."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def measure(hub: HubProcess, rate: float, during_backup: bool) -> tuple[Load, float]:
    """Send for QUIET_SECONDS, or as long as a backup takes; the load and those seconds."""
    picture = base64.b64encode(jpeg(640, 480)).decode()
    load, ended, began = Load(hub, rate, picture), threading.Event(), time.monotonic()
    thread = threading.Thread(target=load.run, args=(ended,))
    thread.start()
    if during_backup:
        requests.post(hub.url + "/api/backups", timeout=60).raise_for_status()
        while hub.get("/api/maintenance")["waiting"]:
            time.sleep(0.5)
    else:
        time.sleep(QUIET_SECONDS)
    seconds = time.monotonic() - began
    ended.set()
    thread.join()
    return load, seconds


def main() -> int:
    """Run the bench; 1 where the 99th percentile beside a backup is over the limit, a record failed, or no backup."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gb", type=float, default=1.0)
    options.add_argument("--rate", type=float, default=200.0)
    options.add_argument("--mb-per-second", type=int, default=40)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(dir=chosen.folder))
    progress = Progress()
    try:
        hub = HubProcess(folder / "instance", HUB_BACKUP_MB_PER_SECOND=str(chosen.mb_per_second))
        with hub:
            pass
        fill_pictures(hub.instance, int(chosen.gb * GB), progress)
        rows = max(1000, int(chosen.gb * ROWS_PER_GB))
        fill(hub.instance / "hub.db", rows, rows // 10, 1)
        if hasattr(os, "sync"):
            os.sync()  # what was filled in is on the disk before anything is measured
        with hub:
            rows = [("quiet", *measure(hub, chosen.rate, False)), ("beside a backup", *measure(hub, chosen.rate, True))]
            state = hub.get("/api/maintenance")
            loop_ms = hub.get("/status")["event_loop"]
        last = state["last_backup"]
        print(f"{'':<18}{'records':>9}{'failed':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'seconds':>9}")
        for name, load, seconds in rows:
            values = [percentile(load.waits, share) for share in (0.5, 0.99, 1.0)]
            shown = "".join(f"{value:>9.1f}" for value in values)
            print(f"{name:<18}{len(load.waits):>9}{load.failed:>8}{shown}{seconds:>9.1f}")
        print(f"backup: {last['message']} event loop: {loop_ms}")
        if not last["good"]:
            return 1
        path = Path(state["folder"]) / state["backups"][0]["name"]
        began = time.monotonic()
        head = check(path, Pace())
        print(f"read whole in {time.monotonic() - began:.1f} s: {head.files} files, {head.size / 1e6:,.0f} MB")
        p99 = percentile(rows[1][1].waits, 0.99)
        failed = sum(load.failed for _, load, _ in rows)
        print(f"p99 beside a backup {p99:.1f} ms, limit {LIMIT_MS:.0f} ms; {failed} records failed")
        return int(p99 > LIMIT_MS or failed > 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
