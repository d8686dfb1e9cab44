"""The hub was away for a day: what the agent has kept arrives in order when it is back."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agent_lib.outbox import Outbox
from tests.support.agent import fields, result
from tests.support.chaos.account import wait_until_drained
from tests.support.chaos.gate import named_jpeg
from tests.support.chaos.processes import ChaosAgent
from tests.support.helpers import HubProcess, wait_for

STATIONS = ("east", "west")


@dataclass
class Backlog:
    """What came of the results that waited. `seconds`: from the hub's start to the last of them."""

    results: int
    lost: int
    doubled: int
    out_of_order: int
    seconds: float


def deliver_backlog(folder: Path, results: int, picture_bytes: int = 40_000) -> Backlog:
    """Fill an outbox, let the agent try in vain, kill it once, then start the hub."""
    instance = folder / "agent"
    hub = HubProcess(folder / "hub")
    _fill(instance, results, picture_bytes)
    (instance / "agent.toml").write_text(
        f'[hub]\nurl = "{hub.url}"\nretry_seconds = 0.1\nretry_max_seconds = 1\n[rfid]\nhost = "127.0.0.1"\nport = 9\n',
        "utf-8",
    )
    agent = ChaosAgent(instance).start()
    try:
        wait_for(lambda: "They wait in the outbox" in agent.output.read_text("utf-8"), 30, "an agent without its hub")
        agent.kill()
        agent.start()
        hub.start()
        began = time.monotonic()
        wait_until_drained(instance, 3600)
        seconds = time.monotonic() - began
        rows = list(reversed(hub.captures()))
    finally:
        agent.kill()
        if hub.process is not None and hub.process.poll() is None:
            hub.stop()
    numbers = {name: [int(row["tag"], 16) for row in rows if row["station"] == name] for name in STATIONS}
    there = [number for found in numbers.values() for number in found]
    wrong = sum(one >= other for found in numbers.values() for one, other in zip(found, found[1:], strict=False))
    return Backlog(results, results - len(set(there)), len(there) - len(set(there)), wrong, seconds)


def _fill(instance: Path, results: int, picture_bytes: int) -> None:
    """Write an outbox as an agent would have; flushing every step would take longer than the test."""
    instance.mkdir(parents=True)
    box = Outbox(instance, 10**11, 100)
    with closing(sqlite3.connect(instance / "outbox.db")) as settings:
        settings.execute("PRAGMA synchronous=OFF")
    box._db.execute("PRAGMA synchronous=OFF")
    for number in range(results):
        pictures = {
            role: named_jpeg(f"{number} {role}").ljust(picture_bytes, b"\0") for role in ("primary", "secondary")
        }
        one = result(
            f"{number:016X}", pictures, station=STATIONS[number % len(STATIONS)], started_ts=1769581721.0 + number
        )
        assert box.put(one, fields(one))
    box.close()
