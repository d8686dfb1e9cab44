"""The simulated gate: vehicles come, are seen by a reader and two cameras over real sockets, and leave."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from agent_lib.simulator.camera import SimulatedCamera
from agent_lib.simulator.reader import SimulatedReader
from agent_lib.simulator.vehicles import Vehicle, VehicleLog, vehicle

log = logging.getLogger(__name__)

KINDS = ("primary", "secondary")
STEP_SECONDS = 0.1
# Positions of agent_lib.simulator.scene: 0 coming into view, 1 standing, 2 gone.
_DRIVING_IN = (0.0, 0.25, 0.5, 0.75)
_STANDING = 1.0
_LEAVING = (1.2, 1.4, 1.6, 1.8)
_TAG_READ_FROM = 0.5
_LONGEST_STAND_SECONDS = 300.0
# The next vehicle is painted while this one stands, but not while its capture needs the processor.
_PAINT_AFTER_SECONDS = 1.0
_LOOK_SECONDS = 0.05
_JPEG_QUALITY = 88

Pictures = dict[tuple[str, float], bytes]


class SimulatedGate:
    """One vehicle at a time, as long as somebody is connected to the reader and watches both cameras.

    `stand_seconds`: how long a vehicle stands at least (longer than a whole failing capture); it stays while `busy()`
    says that a capture is running, at most five minutes. `pause`: seconds the gate is empty between two. `scenes`: what
    paints the pictures, by default agent_lib.simulator.scene (`Scene`, `empty_gate`).
    """

    def __init__(
        self,
        instance: Path,
        seed: int,
        pause: float,
        stand_seconds: float,
        busy: Callable[[], bool] | None = None,
        scenes: Any = None,
    ) -> None:
        self._seed, self._pause, self._stand_seconds = seed, pause, stand_seconds
        self._busy = busy or (lambda: False)
        self._scenes = scenes
        self._vehicles = VehicleLog(instance)
        self._stop = threading.Event()
        self._reader = SimulatedReader(seed)
        self._cameras = {kind: SimulatedCamera(kind) for kind in KINDS}
        self._empty: dict[str, bytes] = {}
        self._ready: tuple[Vehicle, Pictures] | None = None
        self._thread = threading.Thread(target=self._run, name="simulated-gate", daemon=True)
        self.reader_address = self._reader.address
        self.camera_urls = {kind: camera.url for kind, camera in self._cameras.items()}
        self.vehicles_shown = 0
        self.error = ""

    def start(self) -> None:
        """Open reader and cameras, then let vehicles come; returns at once."""
        self._reader.start()
        for camera in self._cameras.values():
            camera.start()
        self._thread.start()

    def stop(self) -> None:
        """End everything; the vehicle in view does not drive off first."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._reader.stop()
        for camera in self._cameras.values():
            camera.stop()

    def _run(self) -> None:
        try:
            if self._scenes is None:
                # Painting needs more of OpenCV than the rest of the agent: only where it is used.
                from agent_lib.simulator import scene

                self._scenes = scene
            for kind in KINDS:
                self._empty[kind] = _jpeg(self._scenes.empty_gate(self._seed, kind))
            self._show_empty()
            painting = self._paint(self._vehicles.next_index())
            while not self._stop.is_set():
                for _ in painting:
                    if self._stop.is_set():
                        return
                if self._wait_for_viewers():
                    painting = self._visit(*self._ready)
                    self._rest(painting)
        except Exception as error:
            self.error = f"The simulated gate broke down ({error}); no more vehicles come. Start the agent again."
            log.exception("%s", self.error)

    def _wait_for_viewers(self) -> bool:
        """Wait until the station is connected: a vehicle that nobody could see would only confuse. False at stop."""
        while not (self._reader.clients and all(camera.viewers for camera in self._cameras.values())):
            if self._stop.wait(_LOOK_SECONDS):
                return False
        return not self._stop.is_set()

    def _visit(self, arrived: Vehicle, pictures: Pictures) -> Iterator[None]:
        """One vehicle from coming into view to being gone. Returns the rest of the painting of the next."""
        self._vehicles.append(arrived, time.time())
        self.vehicles_shown += 1
        log.info(
            "Simulated vehicle %d comes: tag %s, number %s",
            arrived.index,
            arrived.tag.hex().upper(),
            arrived.number or "unreadable",
        )
        for position in _DRIVING_IN:
            if position >= _TAG_READ_FROM:
                self._reader.show(arrived.records)
            self._show(pictures, position)
            if self._stop.wait(STEP_SECONDS):
                break
        self._show(pictures, _STANDING)
        painting = self._paint(arrived.index + 1)
        self._stand(painting)
        self._reader.show([])
        for position in _LEAVING:
            self._show(pictures, position)
            if self._stop.wait(STEP_SECONDS):
                break
        self._show_empty()
        return painting

    def _stand(self, painting: Iterator[None]) -> None:
        """Stand in view; the barrier opens after the time to stand, and not while a capture runs."""
        begun = time.monotonic()
        while (stood := time.monotonic() - begun) < _LONGEST_STAND_SECONDS:
            busy = self._busy()
            if stood >= self._stand_seconds and not busy:
                return
            if busy or stood < _PAINT_AFTER_SECONDS or next(painting, self) is self:
                left = self._stand_seconds - stood
                if self._stop.wait(min(_LOOK_SECONDS, left) if left > 0 else _LOOK_SECONDS):
                    return
            elif self._stop.is_set():
                return

    def _rest(self, painting: Iterator[None]) -> None:
        """The gate is empty for the pause; what is left to paint is painted in it."""
        end = time.monotonic() + self._pause
        for _ in painting:
            if self._stop.is_set() or time.monotonic() >= end:
                break
        self._stop.wait(max(0.0, end - time.monotonic()))

    def _paint(self, index: int) -> Iterator[None]:
        """Paint all pictures of a vehicle, one each time the iterator is asked; at the end it is ready to come."""
        coming = vehicle(self._seed, index)
        pictures: Pictures = {}
        scenes = {kind: self._scenes.Scene(self._seed, index, coming.number or None, kind) for kind in KINDS}
        for position in (*_DRIVING_IN, _STANDING, *_LEAVING):
            for kind in KINDS:
                pictures[kind, position] = _jpeg(scenes[kind].frame(position))
                yield
        self._ready = (coming, pictures)

    def _show(self, pictures: Pictures, position: float) -> None:
        for kind, camera in self._cameras.items():
            camera.show(pictures[kind, position])

    def _show_empty(self) -> None:
        for kind, camera in self._cameras.items():
            camera.show(self._empty[kind])


def _jpeg(image: Any) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError("A picture of the simulated gate could not be packed as JPEG.")
    return data.tobytes()
