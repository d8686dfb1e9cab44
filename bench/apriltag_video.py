"""Live video: fifty viewers, a slow viewer, a wall of cameras, video beside readings. Part of bench/apriltag.py."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
from apriltag import Row
from board_clients import TOKEN, Running, send_pictures, send_readings
from video_clients import MJPEG, WEBSOCKET, Camera, watch, watch_slowly

from tests.support.helpers import HubProcess

VIEWERS, FPS, FRAME_BYTES = 50, 30.0, 40_000
SECONDS = 8.0
MIXED_SECONDS, ROUNDS = 4.0, 2
SLOW_BYTES_PER_SECOND = 100_000.0
WALL = 16
READINGS_PER_SECOND = 1000.0


def rows(seed: int) -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        HubProcess(Path(folder) / "instance", HUB_APRILTAG_TOKEN=TOKEN) as hub,
    ):
        process = psutil.Process(hub.process.pid)
        for kind in (MJPEG, WEBSOCKET):
            yield from fifty(hub, process, kind, seed)
        for kind in (MJPEG, WEBSOCKET):
            for buffer, fast, about in (
                (16_384, 0.0, "small buffers"),
                (0, 0.0, "usual buffers"),
                (0, 3.0, "fast at first"),
            ):
                yield from slow(hub, process, kind, buffer, fast, about, seed)
        yield from wall(hub, seed)
        yield from beside_readings(hub, seed)


def fifty(hub: HubProcess, process: psutil.Process, kind: str, seed: int) -> Iterator[Row]:
    """50 viewers of one camera with 30 pictures a second of 40 KB each."""
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
    yield Row(
        f"{VIEWERS} viewers by {kind}: frames a second of the slowest (camera {rate:.1f})",
        min(fps for fps, _, _ in seen),
        "fps",
        29.0,
        False,
    )
    yield Row(f"{VIEWERS} viewers by {kind}: the hub's share of a core", cores, "core", 0.15, True)


def slow(
    hub: HubProcess, process: psutil.Process, kind: str, receive_buffer: int, fast_seconds: float, about: str, seed: int
) -> Iterator[Row]:
    """A viewer that reads 100 KB/s of a stream of 1.2 MB/s."""
    with Camera(hub.port, ["cam"], FPS, FRAME_BYTES, seed):
        result = multiprocessing.Queue()
        viewer = multiprocessing.Process(
            target=watch_slowly,
            args=(hub.port, kind, SLOW_BYTES_PER_SECOND, receive_buffer, fast_seconds, SECONDS, result),
        )
        before = process.memory_info().rss
        viewer.start()
        result.get(timeout=60)
        frames, oldest = result.get(timeout=60)
        grown = (process.memory_info().rss - before) / 1e6
        viewer.join()
    yield Row(f"slow viewer by {kind}, {about}: oldest of its {frames} pictures", oldest, "s", 3.0, True)
    yield Row(f"slow viewer by {kind}, {about}: growth of the hub", grown, "MB", 5.0, True)


def wall(hub: HubProcess, seed: int) -> Iterator[Row]:
    """16 cameras with 10 pictures a second on one WebSocket."""
    names = [f"wall-{n}" for n in range(WALL)]
    with Camera(hub.port, names, 10.0, FRAME_BYTES, seed):
        result = multiprocessing.Queue()
        query = "?" + "&".join(f"camera={name}" for name in names)
        viewer = multiprocessing.Process(target=watch, args=(hub.port, WEBSOCKET, 1, query, SECONDS, result))
        viewer.start()
        result.get(timeout=60)
        _, rates, oldest = result.get(timeout=60)[0]
        viewer.join()
    yield Row(
        f"wall of {WALL} cameras of 10 fps on one WebSocket: the slowest",
        min(rates.get(name, 0.0) for name in names),
        "fps",
        9.5,
        False,
    )
    yield Row(f"wall of {WALL} cameras: oldest picture", oldest, "s", 0.5, True)


def beside_readings(hub: HubProcess, seed: int) -> Iterator[Row]:
    """One board's video of 30 fps and 1,000 readings a second, each alone and both together.

    Half of the readings go by UDP, half by WebSocket. Each waits for the ACK of the one before, as a board does, so a
    slow hub lowers their number. The order is A B AB A B AB, since the machine's speed changes.
    """
    seen: dict[str, list[float]] = {"video": [], "readings": [], "video beside": [], "readings beside": []}
    for _ in range(ROUNDS):
        seen["video"].append(_mixed(hub, seed, True, False)[0])
        seen["readings"].append(_mixed(hub, seed, False, True)[1])
        both = _mixed(hub, seed, True, True)
        seen["video beside"].append(both[0])
        seen["readings beside"].append(both[1])
    mean = {name: sum(values) / len(values) for name, values in seen.items()}
    yield Row(
        f"video beside readings, against {mean['video']:.1f} fps alone",
        mean["video beside"] / mean["video"],
        "ratio",
        0.9,
        False,
    )
    yield Row(
        f"readings beside video, against {mean['readings']:.0f}/s alone",
        mean["readings beside"] / mean["readings"],
        "ratio",
        0.9,
        False,
    )


def _mixed(hub: HubProcess, seed: int, video: bool, readings: bool) -> tuple[float, float]:
    """(frames a second that a viewer saw, readings acknowledged a second)."""
    with ExitStack() as stack:
        tags = (
            stack.enter_context(Running(send_readings, hub.port, hub.side["apriltag_udp"], READINGS_PER_SECOND))
            if readings
            else None
        )
        result = multiprocessing.Queue()
        if video:
            stack.enter_context(Running(send_pictures, hub.port, FPS, FRAME_BYTES, seed))
            viewer = multiprocessing.Process(
                target=watch, args=(hub.port, WEBSOCKET, 1, "?camera=127.0.0.2", MIXED_SECONDS, result)
            )
            viewer.start()
            result.get(timeout=60)
        before, began = tags.count if tags else 0, time.monotonic()
        fps = 0.0
        if video:
            fps = result.get(timeout=60)[0][0]
        else:
            time.sleep(MIXED_SECONDS)
        rate = ((tags.count - before) if tags else 0) / (time.monotonic() - began)
        if video:
            viewer.join()
    return fps, rate
