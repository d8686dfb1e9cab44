"""Live video: fifty viewers, a slow one, a wall of cameras. Part of bench/apriltag.py."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from apriltag import Row
from helpers import HubProcess
from video_clients import MJPEG, WEBSOCKET, Camera, watch, watch_slowly

VIEWERS, FPS, FRAME_BYTES = 50, 30.0, 40_000
SECONDS = 8.0
SLOW_BYTES_PER_SECOND = 100_000.0
WALL = 16


def rows(seed: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "instance") as hub:
        process = psutil.Process(hub.process.pid)
        for kind in (MJPEG, WEBSOCKET):
            yield from fifty(hub, process, kind, seed)
        for kind in (MJPEG, WEBSOCKET):
            for buffer, about in ((16_384, "a short line"), (0, "a client with the usual buffers")):
                yield from slow(hub, process, kind, buffer, about, seed)
        yield from wall(hub, seed)


def fifty(hub: HubProcess, process: psutil.Process, kind: str, seed: int) -> Iterator[Row]:
    """50 viewers of one camera of 30 pictures a second with 40 KB each."""
    with Camera(hub.port, ["cam"], FPS, FRAME_BYTES, seed) as camera:
        result = multiprocessing.Queue()
        viewers = multiprocessing.Process(target=watch, args=(hub.port, kind, VIEWERS, "?camera=cam", SECONDS, result))
        viewers.start()
        result.get(timeout=60)
        before, began, sent = sum(process.cpu_times()[:2]), time.monotonic(), camera.sent
        seen = result.get(timeout=60)
        took = time.monotonic() - began
        cores = (sum(process.cpu_times()[:2]) - before) / took
        rate = (camera.sent - sent) / took
        viewers.join()
    yield Row(f"{VIEWERS} viewers by {kind}: frames a second of the slowest (camera {rate:.1f})", min(fps for fps, _, _ in seen), "fps", 29.0, False)
    yield Row(f"{VIEWERS} viewers by {kind}: the hub's share of a core", cores, "core", 0.15, True)


def slow(hub: HubProcess, process: psutil.Process, kind: str, receive_buffer: int, about: str, seed: int) -> Iterator[Row]:
    """A viewer that takes 100 KB/s where 1.2 MB/s are made."""
    with Camera(hub.port, ["cam"], FPS, FRAME_BYTES, seed):
        result = multiprocessing.Queue()
        viewer = multiprocessing.Process(target=watch_slowly, args=(hub.port, kind, SLOW_BYTES_PER_SECOND, receive_buffer, SECONDS, result))
        before = process.memory_info().rss
        viewer.start()
        result.get(timeout=60)
        frames, oldest = result.get(timeout=60)
        grown = (process.memory_info().rss - before) / 1e6
        viewer.join()
    yield Row(f"slow viewer by {kind}, {about}: oldest of its {frames} pictures", oldest, "s", 3.0, True)
    yield Row(f"slow viewer by {kind}, {about}: growth of the hub", grown, "MB", 5.0, True)


def wall(hub: HubProcess, seed: int) -> Iterator[Row]:
    """16 cameras of 10 pictures a second on one WebSocket."""
    names = [f"wall-{n}" for n in range(WALL)]
    with Camera(hub.port, names, 10.0, FRAME_BYTES, seed):
        result = multiprocessing.Queue()
        query = "?" + "&".join(f"camera={name}" for name in names)
        viewer = multiprocessing.Process(target=watch, args=(hub.port, WEBSOCKET, 1, query, SECONDS, result))
        viewer.start()
        result.get(timeout=60)
        _, rates, oldest = result.get(timeout=60)[0]
        viewer.join()
    yield Row(f"wall of {WALL} cameras of 10 fps on one WebSocket: the slowest", min(rates.get(name, 0.0) for name in names), "fps", 9.5, False)
    yield Row(f"wall of {WALL} cameras: oldest picture", oldest, "s", 0.5, True)
