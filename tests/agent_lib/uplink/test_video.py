"""The agent shows its cameras to the hub: the camera's own bytes, at the rate of the setting, and nothing when it is
off.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import requests

from agent_lib.cameras.frames import Frame
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.uplink.video import Video
from tests.support.agent import AgentProcess, live_camera
from tests.support.devices import jpeg
from tests.support.helpers import HubProcess, free_ports, wait_for


class Shown:
    """A `Video` that runs, for the time of a test."""

    def __init__(self, url: str, camera: Any, busy: Any = lambda: False, fps: float = 30) -> None:
        self.supervisor = Supervisor()
        self.video = Video(HubSettings(url=url, video_fps=fps), busy)
        self.video.start(self.supervisor, "gate 1", [("primary", camera)])

    def __enter__(self) -> Video:
        return self.video

    def __exit__(self, *_: object) -> None:
        self.video.stop()
        assert self.supervisor.stop(5) == []


def photo(hub: HubProcess, camera: str) -> bytes | None:
    answer = requests.get(f"{hub.url}/photo", params={"camera": camera}, timeout=10)
    return answer.content if answer.status_code == 200 else None


@pytest.mark.slow
def test_the_cameras_own_bytes_arrive(hub: HubProcess) -> None:
    with live_camera() as live, Shown(hub.url, live.camera):
        for level in (40, 90, 200):
            live.show(level)
            wait_for(lambda level=level: photo(hub, "gate 1-primary") == jpeg(level), what="the picture in the hub")
    assert hub.get("/api/frames", camera="gate 1-primary")["cameras"][0]["source"] == "agent"


class Pixels:
    """A camera that gives a new picture as pixels whenever it is asked."""

    def __init__(self) -> None:
        self.given: list[Frame] = []

    def wait_newer(self, _: float, __: float) -> Frame:
        self.given.append(Frame(image=np.full((48, 64, 3), 90, np.uint8)))
        return self.given[-1]


def test_pixels_are_packed_but_not_while_a_capture_runs(hub: HubProcess) -> None:
    camera, busy = Pixels(), threading.Event()
    busy.set()
    with Shown(hub.url, camera, busy.is_set) as video:
        wait_for(lambda: len(camera.given) > 5, what="some pictures")
        assert video.sent == 0 and not any(frame.encoded for frame in camera.given)
        busy.clear()
        wait_for(lambda: video.sent > 3, what="pictures after the capture")


@pytest.mark.slow
def test_the_rate_is_kept(hub: HubProcess) -> None:
    camera = Pixels()
    with Shown(hub.url, camera, fps=10) as video:
        wait_for(lambda: video.sent >= 15, what="fifteen pictures")
    span = camera.given[-1].mono - camera.given[0].mono
    assert span > (len(camera.given) - 2) / 10, "no more than ten a second"


@pytest.mark.slow
def test_a_hub_that_comes_later_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    camera = Pixels()
    hub = HubProcess(tmp_path / "instance")
    with Shown(hub.url, camera) as video:
        wait_for(lambda: "do not reach the hub: connection refused" in caplog.text, what="a sentence in the log")
        with hub:
            wait_for(lambda: video.sent > 0, what="a picture in the hub")
            assert caplog.text.count("do not reach the hub: connection refused") == 1, "the same reason is said once"


def test_off_by_default_and_without_a_hub(caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor()
    Video(HubSettings()).start(supervisor, "s", [("primary", SimpleNamespace())])
    Video(HubSettings(websocket_url="ws://127.0.0.1:2020", video_fps=5)).start(
        supervisor, "s", [("primary", SimpleNamespace())]
    )
    assert supervisor.status() == {} and "need a hub" in caplog.text
    assert HubSettings().video_fps == 0


@pytest.mark.slow
def test_the_simulated_gate_is_shown(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "agent.toml").write_text("[hub]\nvideo_fps = 5\n[station]\nname = 'north gate'\n", "utf-8")
    with HubProcess(tmp_path / "instance") as hub:
        with AgentProcess(
            "--instance",
            str(tmp_path / "agent"),
            "--simulate",
            "--hub",
            hub.url,
            "--captures",
            "1",
            output=tmp_path / "out",
        ) as agent:
            wait_for(
                lambda: (
                    {row["camera"] for row in hub.get("/api/frames")["cameras"]}
                    == {"north gate-primary", "north gate-secondary"}
                ),
                40,
                what="both cameras",
            )
            wait_for(
                lambda: all(
                    row["total_frames"] > 3 and row["width"] > 100 for row in hub.get("/api/frames")["cameras"]
                ),
                what="more pictures",
            )
            assert agent.process.wait(60) == 0, agent.text
        assert len(hub.captures()) == 1
    assert "did not end in time" not in agent.text and "Traceback" not in agent.text


def test_a_hub_that_is_not_there_does_not_hold_the_end_up(tmp_path: Path) -> None:
    camera = Pixels()
    with Shown(f"http://127.0.0.1:{free_ports(1)[0]}", camera):
        wait_for(lambda: camera.given, what="the first picture")
