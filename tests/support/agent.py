"""For the tests of the agent: a camera with frames on demand, a fast label reader, results, the agent process."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from agent_lib.cameras import Camera
from agent_lib.label.reading import LabelReading
from agent_lib.outbox import Entry
from agent_lib.settings import CameraSettings
from agent_lib.simulator.camera import SimulatedCamera
from agent_lib.simulator.reader import SimulatedReader
from agent_lib.station.result import CaptureResult
from tests.support.devices import begin_stream, http_camera, jpeg, part

ROOT = Path(__file__).resolve().parents[2]
UNREADABLE, LABELLED = 40, 200
"""Grey levels: of a picture without a label, and of one whose label says 12345."""


class GreyLabelReader:
    """Replaces the recogniser, which has tests of its own: bright pictures have a label, dark ones none."""

    def __init__(self) -> None:
        self.levels: list[int] = []

    def read(self, image: np.ndarray) -> LabelReading:
        level = int(np.median(image))
        self.levels.append(level)
        found = level > 150
        if not found:
            return LabelReading()
        return LabelReading(
            True, "12345", "12345", confidence=0.999, score=0.9, picture=image[:24, :32], reason="", labels=1
        )

    def read_at(self, image: np.ndarray, place: LabelReading) -> LabelReading:
        return place


class LiveCamera:
    """A motion JPEG camera over a real socket that sends frames on demand, and the real Camera that receives them."""

    def __init__(self, url: str, frames: queue.Queue[int | None], stale_seconds: float) -> None:
        self.camera = Camera(CameraSettings(url=url, retry_seconds=0.05, stale_seconds=stale_seconds), "test")
        self._frames = frames

    def show(self, level: int) -> None:
        self._frames.put(level)

    def show_and_wait(self, level: int) -> None:
        """Return when the camera has the picture."""
        before = self.camera.newest()
        self.show(level)
        assert self.camera.wait_newer(before.mono if before else 0.0, 10) is not None


@contextmanager
def live_camera(stale_seconds: float = 30.0) -> Iterator[LiveCamera]:
    frames: queue.Queue[int | None] = queue.Queue()

    def answer(handler: Any) -> None:
        begin_stream(handler)
        while (level := frames.get()) is not None:
            handler.wfile.write(part(jpeg(level)) + b"--frame\r\n")

    with http_camera(answer) as url:
        live = LiveCamera(url, frames, stale_seconds)
        live.camera.start()
        try:
            yield live
        finally:
            frames.put(None)
            live.camera.stop()


def result(tag: str = "E200", pictures: dict[str, bytes] | None = None, **fields: Any) -> CaptureResult:
    """A finished capture."""
    values: dict[str, Any] = {
        "station": "gate",
        "tag": tag,
        "tag_source": "SHORT14",
        "started_ts": 1769581721.123,
        "finished_ts": 1769581722.5,
        "tags": [tag],
        "success": True,
        "number": "12345",
        "raw_text": "12345",
        "message": "Successfully detected label",
        "attempts": 1,
        "pictures": {"primary": jpeg(1), "secondary": jpeg(2), "label": jpeg(3)} if pictures is None else pictures,
    }
    return CaptureResult(**{**values, **fields})


def fields(one: CaptureResult) -> dict[str, Any]:
    return one.fields("http://127.0.0.1:3000")


def entry(**more: Any) -> Entry:
    """A result as it comes out of an outbox."""
    one = result(**more)
    return Entry(1, fields(one), one.pictures)


class AgentProcess:
    """`python agent.py ...` and its output."""

    def __init__(self, *arguments: str, output: Path, **environ: str) -> None:
        clean = {
            key: value
            for key, value in os.environ.items()
            if key not in ("WEBSOCKET_URL", "IMAGE_SERVER_URL", "AGENT_SIMULATE_PAUSE")
        }
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", str(ROOT / "agent.py"), *arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**clean, **environ},
            )

    @property
    def text(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def end(self, how: int = signal.SIGTERM, seconds: float = 20) -> int:
        self.process.send_signal(how)
        return self.process.wait(seconds)

    def __enter__(self) -> AgentProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)


SHORT_TIMES = (
    "[capture]\nretry_interval_seconds = 0.1\nmax_attempts = 4\n[hub]\nretry_seconds = 0.1\nretry_max_seconds = 0.5\n"
)
ALONE = "simulate_fleet = 0\nsimulate_scale_port = 0\nsimulate_register = false\n"


def quick(tmp_path: Path, more: str = "", top: str = ALONE) -> tuple[str, ...]:
    """Flags for an agent on a folder of the test's own, with short times.

    `top`: keys at the top of its settings, by default a simulated gate where every vehicle is a new one.
    """
    (tmp_path / "agent").mkdir(exist_ok=True)
    (tmp_path / "agent" / "agent.toml").write_text(top + SHORT_TIMES + more, "utf-8")
    return "--instance", str(tmp_path / "agent")


@contextmanager
def simulated_devices() -> Iterator[tuple[SimulatedReader, SimulatedCamera]]:
    """A reader and a camera over real sockets, with nothing in view."""
    reader, camera = SimulatedReader(), SimulatedCamera("test")
    reader.start()
    camera.start()
    camera.show(jpeg(90, (320, 240)))
    try:
        yield reader, camera
    finally:
        reader.stop()
        camera.stop()
