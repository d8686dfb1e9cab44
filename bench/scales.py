"""What scales cost the hub: `python bench/scales.py [--scales N] [--rate LINES] [--seconds S]`.

Runs a real hub whose indicators send changing weights, with a page that listens, and then a flood of junk. Prints how
much of a processor the hub uses, and how often its event loop was blocked; the exit status is 1 when a figure falls
short.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import websocket

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.helpers import HubProcess, wait_for
from tests.support.indicator import Indicator

LIMIT_CPU, LIMIT_FLOOD_CPU = 5.0, 20.0


def measured(hub: HubProcess, seconds: float, send: Callable[[], None]) -> tuple[float, int]:
    """Percent of a processor, and how often the event loop was blocked for 50 ms, while `send` is called repeatedly."""
    process = psutil.Process(hub.process.pid)
    stalls = hub.get("/status")["event_loop"]["stalls"]
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    while time.monotonic() - began < seconds:
        send()
    used, took = sum(process.cpu_times()[:2]) - before, time.monotonic() - began
    return used / took * 100, hub.get("/status")["event_loop"]["stalls"] - stalls


def listen(page: websocket.WebSocket) -> None:
    with contextlib.suppress(OSError, websocket.WebSocketException):
        while True:
            page.recv()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scales", type=int, default=4)
    parser.add_argument("--rate", type=int, default=50, help="lines a second of each scale")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    indicators = [Indicator() for _ in range(options.scales)]
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess(Path(folder) / "instance", real=True)
        hub.instance.mkdir()
        (hub.instance / "hub.toml").write_text(
            "\n".join(
                f'[[scales]]\nname = "{number}"\nhost = "127.0.0.1"\nport = {one.port}\nsilent_seconds = 0'
                for number, one in enumerate(indicators)
            ),
            "utf-8",
        )
        with hub:
            for one in indicators:
                wait_for(lambda one=one: one.connected, 30)
            page = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=10)
            threading.Thread(target=listen, args=(page,), daemon=True).start()
            weights = itertools.count(1000, 20)

            def lines() -> None:
                kg = next(weights) % 60_000
                for one in indicators:
                    one.send(f"US,GS,+{kg:06d}kg\r\n".encode())
                time.sleep(1 / options.rate)

            def flood() -> None:
                time.sleep(0.01)
                for one in indicators:
                    if one.connected:
                        one.send(b"1\n" * 20_000)

            def rest() -> None:
                time.sleep(0.1)

            idle = measured(hub, options.seconds, rest)
            busy = measured(hub, options.seconds, lines)
            rows = hub.get("/api/scales")["scales"]
            flooded = measured(hub, options.seconds / 2, flood)
            page.close()
    for one in indicators:
        one.stop()
    taken = sum(row["lines"] for row in rows)
    figures = [
        ("no lines: processor", f"{idle[0]:.1f} %", "-", True),
        ("no lines: event loop blocked", f"{idle[1]} times", "-", True),
        ("lines taken", f"{taken}", "-", True),
        (
            "lines: processor beyond that",
            f"{busy[0] - idle[0]:.1f} %",
            f"{LIMIT_CPU:g} %",
            busy[0] - idle[0] < LIMIT_CPU,
        ),
        ("lines: event loop blocked", f"{busy[1]} times", "0", not busy[1]),
        ("flood: processor", f"{flooded[0]:.1f} %", f"{LIMIT_FLOOD_CPU:g} %", flooded[0] < LIMIT_FLOOD_CPU),
        ("flood: event loop blocked", f"{flooded[1]} times", "0", not flooded[1]),
    ]
    print(json.dumps({"scales": options.scales, "lines a second of each": options.rate}))
    for name, value, limit, good in figures:
        print(f"{name:<34} {value:>10}   {limit}{'' if good else '   falls short'}")
    return int(not all(good for *_, good in figures))


if __name__ == "__main__":
    sys.exit(main())
