"""Many Socket.IO cameras of one hub: each is connected all the time and sends a record every few seconds.

All are connections of bench/load.py in one process with one selector, so that the load is small beside the hub.
"""

from __future__ import annotations

import gc
import heapq
import multiprocessing
import selectors
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from load import Camera, Load, accepted

LATE_SECONDS = 5.0  # for the last answers


@dataclass(frozen=True)
class Crowd:
    """`interval`: seconds between two records of a camera."""

    port: int
    cameras: int
    interval: float
    seconds: float
    seed: int


class CrowdProcess:
    """The cameras in a process of their own: connected after `connect`, sending within `run`."""

    def __init__(self, crowd: Crowd) -> None:
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(crowd, other))
        self._process.start()
        other.close()

    def connect(self) -> None:
        """Wait until all are connected. Raises EOFError where one was refused; its error is on stderr."""
        assert self._pipe.recv() == "connected"

    def run(self) -> dict[str, Any]:
        """Have all send.

        `times`: seconds of each answer; `errors`: answers that are refusals; `missing`: records without an answer, or
        not sent since the one before had none; `processor`: seconds that the load has used.
        """
        self._pipe.send("run")
        result: dict[str, Any] = self._pipe.recv()
        return result

    def end(self) -> None:
        self._pipe.close()
        self._process.join(20)
        if self._process.is_alive():
            self._process.kill()


def _serve(crowd: Crowd, pipe: Connection) -> None:
    load = Load("socketio", 1, crowd.cameras, crowd.seconds, crowd.port, crowd.seed)
    cameras = [Camera(load, number) for number in range(crowd.cameras)]
    gc.freeze()
    pipe.send("connected")
    with selectors.DefaultSelector() as selector:
        for camera in cameras:
            selector.register(camera.sock, selectors.EVENT_READ, camera)
        while not pipe.poll():
            _receive(selector, 0.05)  # pings
        pipe.recv()
        pipe.send(_run(crowd, cameras, selector))
        while not pipe.poll():
            _receive(selector, 0.05)


def _receive(selector: selectors.BaseSelector, seconds: float) -> list[tuple[Camera, bytes]]:
    """The answers that have come; the connections answer the pings of the hub themselves."""
    found = []
    for key, events in selector.select(seconds):
        camera: Camera = key.data
        if events & selectors.EVENT_WRITE:
            camera.send_rest(selector)
        if events & selectors.EVENT_READ and (answer := camera.receive()) is not None:
            found.append((camera, answer))
    return found


def _run(crowd: Crowd, cameras: list[Camera], selector: selectors.BaseSelector) -> dict[str, Any]:
    """Each camera sends every `interval` seconds, all spread evenly over it."""
    began, used = time.perf_counter(), time.process_time()
    due = [(began + crowd.interval * number / len(cameras), number) for number in range(len(cameras))]
    heapq.heapify(due)
    times: list[float] = []
    sending: set[Camera] = set()
    errors = unsent = 0
    until = began + crowd.seconds
    while (now := time.perf_counter()) < until or (sending and now < until + LATE_SECONDS):
        while due[0][0] <= now < until:
            moment, number = heapq.heappop(due)
            heapq.heappush(due, (moment + crowd.interval, number))
            if cameras[number] in sending:
                unsent += 1
                continue
            sending.add(cameras[number])
            cameras[number].send(selector)
        for camera, answer in _receive(selector, max(0.0, min(due[0][0] - now, 0.1))):
            times.append(time.perf_counter() - camera.began)
            errors += accepted(answer) is None
            sending.discard(camera)
    return {
        "times": times,
        "errors": errors,
        "missing": unsent + len(sending),
        "processor": time.process_time() - used,
    }
