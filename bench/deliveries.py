"""What the webhook and MQTT cost a camera: `python bench/deliveries.py [--rate 200] [--seconds 10]`.

Cameras send records at a fixed rate over REST, in turn to a hub without deliveries, to one with MQTT (a Mosquitto of
its own) and a webhook, and to one whose broker and receiver hang. One record in a hundred is a plate of the watchlist.
Afterwards every record that was acknowledged to a camera must have been acknowledged by the broker.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.helpers import HubProcess, wait_for
from tests.support.mosquitto import BINARY, Broker
from tests.support.webhooks import receiver

P99_LIMIT_MS = 60.0
CAMERAS = 20
LISTED_EVERY = 100
MODES = ("none", "mqtt + webhook", "both hang")


def camera(port: int, number: int, period: float, end: float, times: list[float]) -> None:
    """Send a record every `period` seconds until `end`; the seconds that each answer took."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    due, count = time.perf_counter() + period * number / CAMERAS, 0
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        plate = "AB 123" if count % LISTED_EVERY == 0 else f"XX {count}"
        body = json.dumps(
            {
                "camera_id": f"cam{number:02d}",
                "event_id": f"{number}-{count}",
                "ocr_results": [{"text": plate, "confidence": 0.9, "bbox": [10, 20, 110, 60]}],
                "note": "x" * 500,
            }
        )
        began = time.perf_counter()
        link.request("POST", "/api/detection", body, {"Content-Type": "application/json"})
        answer = link.getresponse()
        answer.read()
        assert answer.status == 200
        times.append(time.perf_counter() - began)
        due, count = due + period, count + 1


def cameras(port: int, rate: float, seconds: float, results: Any) -> None:
    """All cameras, in a process of their own."""
    times: list[list[float]] = [[] for _ in range(CAMERAS)]
    end = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=camera, args=(port, number, CAMERAS / rate, end, times[number]))
        for number in range(CAMERAS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put([one for some in times for one in some])


@contextmanager
def hanging() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@contextmanager
def deliveries(mode: str, folder: Path) -> Iterator[dict[str, str]]:
    """Broker and receiver of a mode; the hub's settings for them."""
    own = {"HUB_ALERTS_REPEAT_SECONDS": "0"}
    if mode == "none":
        yield own
    elif mode == "both hang":
        with hanging() as port:
            yield {
                **own,
                "HUB_MQTT_HOST": "127.0.0.1",
                "HUB_MQTT_PORT": str(port),
                "HUB_WEBHOOK_URL": f"http://127.0.0.1:{port}/",
            }
    else:
        with Broker(folder) as broker, receiver() as target:
            yield {
                **own,
                "HUB_MQTT_HOST": "127.0.0.1",
                "HUB_MQTT_PORT": str(broker.port),
                "HUB_WEBHOOK_URL": target.url,
            }


def measure(mode: str, options: argparse.Namespace) -> tuple[float, bool]:
    """The 99th percentile in ms, and whether something is missing."""
    with tempfile.TemporaryDirectory() as name, deliveries(mode, Path(name)) as environ:
        with HubProcess(Path(name) / "instance", **environ) as hub:
            requests.post(f"{hub.url}/api/watchlist", json={"plate": "AB 123"}, timeout=10).raise_for_status()
            process = psutil.Process(hub.process.pid)
            before = sum(process.cpu_times()[:2])
            results: Any = multiprocessing.Queue()
            load = multiprocessing.Process(target=cameras, args=(hub.port, options.rate, options.seconds, results))
            load.start()
            times = sorted(results.get(timeout=options.seconds + 120))
            load.join()
            cpu = (sum(process.cpu_times()[:2]) - before) * 1000 / len(times)
            missing = ""
            if mode == MODES[1]:
                missing = arrived(hub, len(times))
            loop = hub.get("/status")["event_loop"]
    p99 = times[int(len(times) * 0.99)] * 1000
    print(
        f"{mode:<16} {len(times):8d} {statistics.median(times) * 1000:8.2f} {p99:8.2f} {times[-1] * 1000:8.2f} "
        f"{cpu:8.2f}   {json.dumps(loop)}   {missing}",
        flush=True,
    )
    return p99, missing not in ("", "all delivered")


def arrived(hub: HubProcess, records: int) -> str:
    """Wait until the broker and the receiver have everything."""

    def done() -> bool:
        status = hub.get("/status")
        mqtt, webhook = status["mqtt"], status["webhook"]
        return (
            not any(mqtt["waiting"].values())
            and not webhook["waiting"]
            and mqtt["delivered"] >= records + status["alerts"]["stored"]
        )

    try:
        wait_for(done, 60)
    except AssertionError:
        pass
    status = hub.get("/status")
    mqtt, webhook = status["mqtt"], status["webhook"]
    alerts = status["alerts"]["stored"]
    whole = mqtt["delivered"] == records + alerts and webhook["delivered"] == alerts and not mqtt["left_out"]
    return "all delivered" if whole else f"{mqtt} {webhook} {alerts} alerts"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=200.0, help="records a second of all cameras together")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    if BINARY is None:
        print("There is no mosquitto; install the package mosquitto.")
        return 1
    print(f"{CAMERAS} cameras, {options.rate:g} records/s, {options.seconds:g} s each\n")
    print(f"{'deliveries':<16} {'records':>8} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'CPU ms':>8}   event loop")
    failed = False
    for mode in (*MODES, *MODES):
        p99, missing = measure(mode, options)
        failed |= missing or p99 > P99_LIMIT_MS
    print("\nfalls short" if failed else "\nwithin its limits")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
