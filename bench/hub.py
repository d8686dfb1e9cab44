"""The hub's part of a capture, and what others feel of it: `python bench/hub.py [--seed N] [--captures N]`.

Starts a separate hub on free ports over a temporary folder, sends captures with three real pictures over every
transport, and prints a table. Times are wall time at the sender on this machine, fsync included; compare rows of one
run.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import requests
import socketio
import websocket

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.helpers import HubProcess, capture_result

LIMIT_MS = 50.0
LIMIT_STALL_MS = 50.0
LIMIT_MEMORY_MB = 120.0


def pictures(seed: int) -> dict[str, bytes]:
    """Three JPEGs as a station sends them: two of 1920x1080, one of the label."""
    import cv2

    from agent_lib.simulator.scene import Scene

    frames = {kind: Scene(seed, 1, "01001", kind=kind).frame(1.0) for kind in ("primary", "secondary")}
    frames["label"] = frames["primary"][400:600, 800:1100]
    return {
        kind: cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes() for kind, frame in frames.items()
    }


def timed(count: int, send: Callable[[int], None]) -> list[float]:
    times = []
    for number in range(count):
        began = time.perf_counter()
        send(number)
        times.append((time.perf_counter() - began) * 1000)
    return times


def row(name: str, times: list[float], note: str = "") -> None:
    ordered = sorted(times)
    median, p95 = statistics.median(times), ordered[int(len(ordered) * 0.95)]
    print(f"{name:<44} {median:8.1f} {p95:8.1f} {ordered[-1]:8.1f}   {note}")


def probe(url: str, stop: threading.Event, times: list[float]) -> None:
    """Time the keep-alive requests of another client until `stop`."""
    with requests.Session() as session:
        while not stop.is_set():
            began = time.perf_counter()
            session.get(f"{url}/api/test", timeout=30).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.005)


def beside(url: str, work: Callable[[], None]) -> list[float]:
    """Run `work`; return the request times of another client meanwhile."""
    times: list[float] = []
    stop = threading.Event()
    thread = threading.Thread(target=probe, args=(url, stop, times))
    thread.start()
    try:
        work()
    finally:
        stop.set()
        thread.join()
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--captures", type=int, default=200)
    options = parser.parse_args()
    images = pictures(options.seed)
    sizes = ", ".join(f"{kind} {len(data) // 1024} KB" for kind, data in images.items())
    print(f"seed {options.seed}, {options.captures} captures a row, pictures: {sizes}\n")
    print(f"{'ms':<44} {'median':>8} {'p95':>8} {'max':>8}")
    failed = False
    with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "instance") as hub:
        rest = requests.Session()

        def multipart(name: str) -> Callable[[int], None]:
            def send(number: int) -> None:
                fields = capture_result(event_id=f"{name}-{number}", tag=f"{name}{number}")
                files = {
                    "result": (None, json.dumps(fields)),
                    **{kind: (f"{kind}.jpg", data) for kind, data in images.items()},
                }
                rest.post(f"{hub.url}/api/captures", files=files, timeout=30).raise_for_status()

            return send

        sio = socketio.Client()
        sio.connect(hub.url)
        ws: websocket.WebSocket | None = None  # connected late: from then on it receives every result
        encoded = {f"{kind}_image": base64.b64encode(data).decode() for kind, data in images.items()}

        def by_socketio(number: int) -> None:
            fields = capture_result(event_id=f"S-{number}", tag=f"S{number}")
            assert sio.call(
                "capture_result", {**fields, **{f"{kind}_image": data for kind, data in images.items()}}, timeout=30
            )["success"]

        def by_websocket(number: int) -> None:
            nonlocal ws
            ws = ws or websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}", timeout=30)
            ws.send(json.dumps({**capture_result(event_id=f"W-{number}", tag=f"W{number}"), **encoded}))
            assert json.loads(ws.recv())["success"]

        alone = beside(hub.url, lambda: time.sleep(1.0))
        row("GET /api/test, nothing else", alone)
        for name, send in (
            ("REST multipart", multipart("R")),
            ("Socket.IO with ack", by_socketio),
            ("WebSocket 2020, base64", by_websocket),
        ):
            times = timed(options.captures, send)
            row(f"capture stored: {name}", times, f"limit {LIMIT_MS:g} median")
            failed |= statistics.median(times) > LIMIT_MS
        ws.close()

        def many() -> None:
            threads = [
                threading.Thread(target=timed, args=(options.captures // 8, multipart(f"P{number}x")))
                for number in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        began = time.perf_counter()
        others = beside(hub.url, many)
        rate = options.captures // 8 * 8 / (time.perf_counter() - began)
        row(
            "GET /api/test beside 8 senders of captures", others, f"limit {LIMIT_STALL_MS:g} p95; {rate:.0f} captures/s"
        )
        failed |= sorted(others)[int(len(others) * 0.95)] > LIMIT_STALL_MS
        memory = psutil.Process(hub.process.pid).memory_info().rss / 1e6
        stored = hub.get("/status")["captures"]["stored"]
        print(f"\nhub resident: {memory:.0f} MB after {stored} captures (limit {LIMIT_MEMORY_MB:g})")
        failed |= memory > LIMIT_MEMORY_MB
        longest = hub.get("/status")["event_loop"]["longest_ever_ms"]
        print(f"event loop held longest: {longest:.0f} ms (limit {LIMIT_STALL_MS:g})")
        sio.disconnect()
        rest.close()
    print("falls short" if failed else "within its limits")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
