"""The simulated gate: vehicles arrive, are seen by a reader and by cameras over real sockets, and leave."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from agent_lib.runtime.arrays import Image
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.simulator.barrier import SimulatedBarrier
from agent_lib.simulator.camera import SimulatedCamera
from agent_lib.simulator.fleet import Fleet
from agent_lib.simulator.night import FRAMES_A_SECOND, STANDING_FRAMES, Night
from agent_lib.simulator.plate_camera import SimulatedPlateCamera
from agent_lib.simulator.reader import SimulatedReader
from agent_lib.simulator.scale import SimulatedScale
from agent_lib.simulator.sighting import Sighting, see
from agent_lib.simulator.vehicles import Vehicle, VehicleLog, vehicle, weight

log = logging.getLogger(__name__)

KINDS = ("primary", "secondary")
STEP_SECONDS = 0.1
# Positions of agent_lib.simulator.scene: 0 coming into view, 1 standing, 2 gone.
_DRIVING_IN = (0.0, 0.25, 0.5, 0.75)
_STANDING = 1.0
_LEAVING = (1.2, 1.4, 1.6, 1.8)
_TAG_READ_FROM = 0.5
_MAX_STAND_SECONDS = 300.0
# The next vehicle is rendered while this one stands, but not while its capture needs the CPU.
_RENDER_AFTER_SECONDS = 1.0
_POLL_SECONDS = 0.05
_JPEG_QUALITY = 88

Pictures = dict[tuple[str, float], list[bytes]]
"""JPEGs by camera and position: one by day, several with different noise by night, shown in turn while it stands."""


class SimulatedGate:
    """One vehicle at a time, while somebody is connected to the reader and watches both cameras.

    `stand_seconds`: minimum time a vehicle stands (longer than a failing capture); it stays while `busy()` returns that
    a capture is running, five minutes at most. `pause`: seconds between two vehicles. `scenes`: renders the pictures,
    by default agent_lib.simulator.scene (`Scene`, `empty_gate`). `plate_camera`: sees each vehicle that stands.
    `barrier`: the hub may open it.
    `scale`: weighs each. `fleet`: whose vehicles come again and again; without one every vehicle is a new one.
    `night`: what makes its cameras' pictures those of a night; without it they show the light of the seed.
    """

    def __init__(
        self,
        instance: Path,
        seed: int,
        pause: float,
        stand_seconds: float,
        busy: Callable[[], bool] | None = None,
        scenes: Any = None,
        plate_camera: SimulatedPlateCamera | None = None,
        barrier: SimulatedBarrier | None = None,
        scale: SimulatedScale | None = None,
        fleet: Fleet | None = None,
        night: Night | None = None,
    ) -> None:
        self._seed, self._pause, self._stand_seconds = seed, pause, stand_seconds
        self._busy = busy or (lambda: False)
        self._scenes = scenes
        self._vehicles = VehicleLog(instance)
        self._stop = threading.Event()
        self._reader = SimulatedReader(seed)
        self._cameras = {kind: SimulatedCamera(kind) for kind in KINDS}
        self._empty: dict[str, bytes] = {}
        self._plate_camera = plate_camera
        self._barrier = barrier
        self._scale = scale
        self._fleet = fleet
        self._night = night
        self._ready: tuple[Vehicle, Pictures, Sighting | None] | None = None
        self._thread: threading.Thread | None = None
        self.reader_address = self._reader.address
        self.camera_urls = {kind: camera.url for kind, camera in self._cameras.items()}
        self.vehicles_shown = 0
        self.error = ""

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start reader, cameras and vehicles under `supervisor`, or one of its own; returns at once."""
        supervisor = supervisor or Supervisor()
        self._reader.start(supervisor)
        for camera in self._cameras.values():
            camera.start(supervisor)
        if self._plate_camera is not None:
            self._plate_camera.start(supervisor)
        if self._barrier is not None:
            self._barrier.start(supervisor)
        if self._scale is not None:
            self._scale.start(supervisor)
        self._thread = supervisor.run("simulated-gate", self._run, owned=True)

    def stop(self) -> None:
        """Stop everything at once, even with a vehicle in view."""
        self._stop.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(5.0)
        self._reader.stop()
        for camera in self._cameras.values():
            camera.stop()
        if self._plate_camera is not None:
            self._plate_camera.stop()
        if self._barrier is not None:
            self._barrier.stop()
        if self._scale is not None:
            self._scale.stop()

    def _run(self) -> None:
        try:
            if self._scenes is None:
                # Rendering needs much more of OpenCV than the rest of the agent: import it on demand.
                from agent_lib.simulator import scene

                self._scenes = scene
            for kind in KINDS:
                self._empty[kind] = _jpeg(self._seen(self._scenes.empty_gate(self._seed, kind)))
            self._show_empty()
            rendering = self._render(self._vehicles.next_index())
            while not self._stop.is_set():
                for _ in rendering:
                    if self._stop.is_set():
                        return
                if self._wait_for_viewers() and self._ready is not None:
                    rendering = self._visit(*self._ready)
                    self._rest(rendering)
        except Exception as error:
            self.error = f"The simulated gate broke down ({error}); no more vehicles come. Start the agent again."
            log.exception("%s", self.error)

    def _wait_for_viewers(self) -> bool:
        """Wait until the station is connected, so that no vehicle passes unseen; False if stopped."""
        while not (self._reader.clients and all(camera.viewers for camera in self._cameras.values())):
            if self._stop.wait(_POLL_SECONDS):
                return False
        return not self._stop.is_set()

    def _visit(self, arrived: Vehicle, pictures: Pictures, sighting: Sighting | None) -> Iterator[None]:
        """One vehicle from arrival to departure. Returns the rest of the rendering of the next one."""
        self._vehicles.append(arrived, time.time())
        self.vehicles_shown += 1
        log.info(
            "Simulated vehicle %d comes: tag %s, number %s%s",
            arrived.index,
            arrived.tag.hex().upper(),
            arrived.number or "unreadable",
            f", with the {arrived.wrong} of another one" if arrived.wrong else "",
        )
        kg = arrived.kg or weight(self._seed, arrived.index)
        for position in _DRIVING_IN:
            self._weigh(kg * position, False)
            if position >= _TAG_READ_FROM:
                self._reader.show(arrived.records)
            self._show(pictures, position)
            if self._stop.wait(STEP_SECONDS):
                break
        self._show(pictures, _STANDING)
        self._weigh(kg, True)
        if self._plate_camera is not None and sighting is not None:
            self._plate_camera.show(sighting)
        rendering = self._render(arrived.index + 1)
        self._stand(rendering, pictures)
        self._reader.show([])
        for position in _LEAVING:
            self._weigh(kg * (2 - position), False)
            self._show(pictures, position)
            if self._stop.wait(STEP_SECONDS):
                break
        self._show_empty()
        self._weigh(0, True)
        return rendering

    def _stand(self, rendering: Iterator[None], pictures: Pictures) -> None:
        """Stand in view for the minimum time, and while a capture runs."""
        started = time.monotonic()
        shown = 0
        while (stood := time.monotonic() - started) < _MAX_STAND_SECONDS:
            busy = self._busy()
            if self._night is not None and stood * FRAMES_A_SECOND >= shown + 1:
                shown = int(stood * FRAMES_A_SECOND)
                self._show(pictures, _STANDING, shown)
            if stood >= self._stand_seconds and not busy:
                return
            if busy or stood < _RENDER_AFTER_SECONDS or next(rendering, self) is self:
                left = self._stand_seconds - stood
                if self._stop.wait(min(_POLL_SECONDS, left) if left > 0 else _POLL_SECONDS):
                    return
            elif self._stop.is_set():
                return

    def _rest(self, rendering: Iterator[None]) -> None:
        """Leave the gate empty for the pause, and use it to render what remains."""
        end = time.monotonic() + self._pause
        for _ in rendering:
            if self._stop.is_set() or time.monotonic() >= end:
                break
        self._stop.wait(max(0.0, end - time.monotonic()))

    def _render(self, index: int) -> Iterator[None]:
        """Render all pictures of a vehicle, one per iteration, and set it ready at the end."""
        coming = vehicle(self._seed, index) if self._fleet is None else self._fleet.arrival(index)
        pictures: Pictures = {}
        sighting = None
        scenes = {kind: self._scene(coming, kind) for kind in KINDS}
        for position in (*_DRIVING_IN, _STANDING, *_LEAVING):
            for kind in KINDS:
                frame = scenes[kind].frame(position)
                pictures[kind, position] = [_jpeg(self._seen(frame, scenes[kind], position))]
                if self._plate_camera is not None and (kind, position) == ("primary", _STANDING):
                    scene = scenes[kind]
                    sighting = see(self._seed, index, scene.plate, frame, scene.plate_corners(position))
                yield
        for _ in range(STANDING_FRAMES - 1 if self._night is not None else 0):
            for kind in KINDS:
                frame = scenes[kind].frame(_STANDING)
                pictures[kind, _STANDING].append(_jpeg(self._seen(frame, scenes[kind], _STANDING)))
                yield
        self._ready = (coming, pictures, sighting)

    def _seen(self, frame: Image, scene: Any = None, position: float = 0.0) -> Image:
        """The frame as the camera sees it: by night a new one each time."""
        if self._night is None:
            return frame
        return self._night.seen(frame, None if scene is None else scene.plate_corners(position))

    def _scene(self, coming: Vehicle, kind: str) -> Any:
        if not coming.plate:
            return self._scenes.Scene(self._seed, coming.index, coming.number or None, kind)
        return self._scenes.Scene(self._seed, coming.look, coming.number or None, kind, plate=coming.plate)

    def _weigh(self, kg: float, stable: bool) -> None:
        if self._scale is not None:
            self._scale.show(kg, stable)

    def _show(self, pictures: Pictures, position: float, number: int = 0) -> None:
        for kind, camera in self._cameras.items():
            shown = pictures[kind, position]
            camera.show(shown[number % len(shown)])

    def _show_empty(self) -> None:
        for kind, camera in self._cameras.items():
            camera.show(self._empty[kind])


def _jpeg(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError("A picture of the simulated gate could not be packed as JPEG.")
    return data.tobytes()
