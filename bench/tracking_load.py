"""Speed and memory of person tracking, for bench/tracking.py: a real hub, drawn people, clients over real sockets.

Latency is measured with the hub and its vision process on one core and the client on another. The effect on ingestion
is the ratio of two medians of the 99th percentile, runs with and without sessions alternating on one hub; the load, the
hub and the vision process share the machine then.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from apriltag import Row
from load import Load, run_load

from tests.support import people
from tests.support.helpers import HubProcess
from tests.support.tracking import TrackingClient, upload

FRAMES = 120
SESSIONS, FPS, SECONDS = 4, 5.0, 12.0
INGEST_SECONDS, INGEST_ROUNDS, INGEST_CLIENTS = 5.0, 4, 20
COLOURS = ((190, 40, 40), (60, 140, 70), (40, 60, 160), (200, 180, 60), (90, 90, 95), (150, 70, 160))


def crowd(seed: int, count: int, width: int = 640, height: int = 480) -> list[people.Person]:
    """People at random places, in random clothes; heights 100 to 300 pixels."""
    dice = np.random.default_rng(seed)
    return [
        people.Person(
            x=float(dice.uniform(0.08, 0.92) * width),
            feet=float(dice.uniform(0.75, 0.98) * height),
            height=float(dice.uniform(100, 300)),
            jacket=COLOURS[int(dice.integers(len(COLOURS)))],
            trousers=COLOURS[int(dice.integers(len(COLOURS)))],
            phase=float(dice.uniform(0, 1)),
        )
        for _ in range(count)
    ]


def pictures(seed: int, count: int = 12) -> list[bytes]:
    """Frames of 640 x 480 with none to eight people."""
    return [people.jpeg(people.frame(crowd(seed * 100 + n, n % 9), seed=seed + n), 80) for n in range(count)]


@dataclass
class Session:
    """A client that sends `fps` frames a second (0: the next when the last was answered) until it is ended."""

    hub: HubProcess
    name: str
    embedding: str
    frames: list[bytes]
    fps: float
    sent: int = 0
    latencies: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with TrackingClient(self.hub, self.name) as client:
            due = time.monotonic()
            while not self.stop.is_set():
                began = time.monotonic()
                client.frame(self.frames[self.sent % len(self.frames)], self.embedding)
                self.sent += 1
                client.matches()
                self.latencies.append(time.monotonic() - began)
                if self.fps:
                    due = max(due + 1 / self.fps, time.monotonic() - 1)
                    self.stop.wait(max(0.0, due - time.monotonic()))


def run_sessions(sessions: list[Session], seconds: float) -> None:
    """Run clients side by side for so long."""
    threads = [threading.Thread(target=session.run) for session in sessions]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    for session in sessions:
        session.stop.set()
    for thread in threads:
        thread.join()


def vision(hub: HubProcess) -> psutil.Process:
    return psutil.Process(hub.get("/status")["tracking"]["vision"]["pid"])


def rows(seed: int) -> Iterator[Row]:
    """Every figure with its limit."""
    frames = pictures(seed)
    photo = people.jpeg(people.portrait(crowd(seed, 1)[0]))
    with tempfile.TemporaryDirectory() as folder, HubProcess(Path(folder) / "instance") as hub:
        cores = sorted(psutil.Process().cpu_affinity() or [0])
        began = time.monotonic()
        embedding = upload(hub, photo)["embedding"]
        yield Row("first answer, from a hub without a vision process", time.monotonic() - began, "s", 10.0, True)
        yield from latency(hub, embedding, frames, cores)
        yield from several(hub, embedding, frames)
        yield from ingestion(hub, embedding, frames, seed)
        yield Row("memory of the vision process", vision(hub).memory_info().rss / 1e6, "MB", 250.0, True)


def pin(process: psutil.Process, cores: list[int]) -> None:
    """Let every thread of a process run on these cores only."""
    process.cpu_affinity(cores)
    for thread in process.threads():
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(thread.id).cpu_affinity(cores)


def latency(hub: HubProcess, embedding: str, frames: list[bytes], cores: list[int]) -> Iterator[Row]:
    """One session, one frame after the other, hub and vision process on one core."""
    pinned = [psutil.Process(hub.process.pid), vision(hub)]
    for process in pinned:
        pin(process, cores[:1])
    psutil.Process().cpu_affinity(cores[1:] or cores)
    session = Session(hub, "latency", embedding, frames, 0)
    run_sessions([session], 8.0)
    for process in (*pinned, psutil.Process()):
        pin(process, cores)
    times = sorted(1000 * value for value in session.latencies[5:])
    yield Row("a frame of 640x480 to its matches, one core, median", statistics.median(times), "ms", 60.0, True)
    yield Row("the same, 95th percentile", times[int(len(times) * 0.95)], "ms", 120.0, True)


def several(hub: HubProcess, embedding: str, frames: list[bytes]) -> Iterator[Row]:
    """Four sessions at five frames a second."""
    sessions = [Session(hub, f"s{number}", embedding, frames, FPS) for number in range(SESSIONS)]
    run_sessions(sessions, SECONDS)
    wanted = SESSIONS * FPS * SECONDS
    answered = sum(len(session.latencies) for session in sessions)
    times = sorted(1000 * value for session in sessions for value in session.latencies)
    yield Row("4 sessions at 5 frames a second: answered of wanted", 100 * answered / wanted, "%", 98.0, False)
    yield Row("the same: a frame to its matches, 95th percentile", times[int(len(times) * 0.95)], "ms", 200.0, True)


def ingestion(hub: HubProcess, embedding: str, frames: list[bytes], seed: int) -> Iterator[Row]:
    """Records from 20 cameras over REST, with two sessions at full speed and without, alternating."""
    found: dict[bool, list[float]] = {False: [], True: []}
    looks: list[float] = []
    for number in range(2 * INGEST_ROUNDS):
        busy = bool(number % 2)
        sessions = [Session(hub, f"full{each}", embedding, frames, 0) for each in range(2)] if busy else []
        watching = threading.Thread(target=run_sessions, args=(sessions, INGEST_SECONDS))
        watching.start()
        load = Load("rest", 1, INGEST_CLIENTS, INGEST_SECONDS, hub.port, seed + number)
        sent = run_load(load)
        watching.join()
        if sent.errors or len(sent.ids) != len(sent.times):
            raise RuntimeError(f"{sent.errors} records were refused")
        found[busy].append(sorted(sent.times)[int(len(sent.times) * 0.99)] * 1000)
        if busy:
            looks.append(sum(len(session.latencies) for session in sessions) / INGEST_SECONDS)
    alone, beside = (statistics.median(found[busy]) for busy in (False, True))
    yield Row("records of 20 cameras to their answers, p99, alone", alone, "ms", 60.0, True)
    yield Row("the same beside two sessions at full speed", beside / alone, "times", 1.2, True)
    yield Row("frames analysed a second meanwhile", statistics.median(looks), "1/s", 1.0, False)
