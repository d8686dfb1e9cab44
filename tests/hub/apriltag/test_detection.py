"""Tag detection over real sockets, from a posted picture to the reading that a game receives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests

from hub.vision.apriltag.pose import POSE_FIELDS
from tests.support.browser import browser, chromium
from tests.support.helpers import HubProcess, wait_for
from tests.support.tag_pictures import View, turned
from tests.support.tags import GameClient, tag_hub
from tests.support.trocr import gone

TURN, SHIFT = turned(20, 10, -15), np.array([3.0, -2.0, 40.0])
VIEW = View([(7, 10.0, TURN, SHIFT)])
PICTURE = VIEW.jpeg()
EMPTY = View([]).jpeg()
BROKEN = PICTURE[:400]
"""Its headers are complete, so it is kept as a frame, but it cannot be decoded."""

TOML = f"""
[[apriltag.detection]]
camera = "gate-1"
tag_size_cm = 10.0
fx = {VIEW.lens["fx"]}
fy = {VIEW.lens["fy"]}
cx = {VIEW.lens["cx"]}
cy = {VIEW.lens["cy"]}
per_second = 20

[[apriltag.detection]]
camera = "127.0.0.1"

[[apriltag.detection]]
camera = "slow"
per_second = 2

[[apriltag.detection]]
camera = "off"
enabled = false

[[apriltag.detection]]
camera = "wrong lens"
tag_size_cm = 10.0
fx = 2400.0
fy = 2400.0
cx = 1280.0
cy = 960.0
"""


def start(folder: Path, text: str = TOML) -> HubProcess:
    hub = tag_hub(folder)
    hub.instance.mkdir()
    (hub.instance / "hub.toml").write_text(text, "utf-8")
    return hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with start(tmp_path_factory.mktemp("detection")) as process:
        wait_for(lambda: vision(process)["state"] == "ready", 30, "the vision process")
        yield process


def vision(hub: HubProcess) -> dict:
    return hub.get("/status")["tag_detection"]["vision"]


def camera(hub: HubProcess, name: str = "gate-1") -> dict:
    return next(row for row in hub.get("/status")["tag_detection"]["cameras"] if row["camera"] == name)


def post(hub: HubProcess, name: str, picture: bytes = PICTURE) -> None:
    answer = requests.post(
        f"{hub.url}/api/cameras/{name}/frame", data=picture, headers={"Content-Type": "image/jpeg"}, timeout=10
    )
    assert answer.status_code == 200, answer.text


def looked(hub: HubProcess, name: str, picture: bytes = PICTURE) -> dict:
    """Post a picture and wait until it was looked at."""
    before = camera(hub, name)["looked"]
    post(hub, name, picture)
    return wait_for(
        lambda: row if (row := camera(hub, name))["looked"] > before else None, what="the look at the picture"
    )


def test_a_posted_picture_reaches_a_game(hub: HubProcess) -> None:
    with GameClient(hub) as game:
        post(hub, "gate-1")
        heard = game.reading(7)
    assert (
        heard["event"] == "apriltag_data"
        and heard["source"] == "hub"
        and heard["camera_name"] == "gate-1"
        and heard["smartcam_ip"] == ""
    )
    assert heard["range_cm"] == pytest.approx(np.linalg.norm(SHIFT), abs=0.2)
    assert heard["z_cm"] < 0 and heard["yaw"] == pytest.approx(20, abs=1) and heard["decision_margin"] > 80
    assert abs(heard["server_timestamp"] - time.time()) < 60 and isinstance(heard["timestamp"], int)
    assert all(isinstance(heard[name], float) for name in POSE_FIELDS)


def test_it_is_stored_and_the_camera_is_listed(hub: HubProcess) -> None:
    looked(hub, "gate-1")
    stored = wait_for(lambda: hub.get("/api/apriltags", board="gate-1")["apriltags"], what="the stored reading")[0]
    assert (stored["tag_id"], stored["source"]) == (7, "hub")
    row = next(row for row in hub.get("/status")["boards"] if row["address"] == "gate-1")
    assert row["door"] == "detection" and row["reboots"] == 0


def test_a_board_that_only_sends_pictures(hub: HubProcess) -> None:
    """By the legacy POST, so its id is its address; without a lens, so there is no pose."""
    with GameClient(hub) as game:
        requests.post(
            f"{hub.url}/client_e32__http_post_to_serverhub__smartcam_video_stream", data=PICTURE, timeout=10
        ).raise_for_status()
        while (heard := game.reading(7))["camera_name"] != "127.0.0.1":
            pass
    assert (
        heard["smartcam_ip"] == "127.0.0.1"
        and heard["source"] == "hub"
        and all(heard[name] is None for name in POSE_FIELDS)
    )
    assert any(
        "the camera 127.0.0.1 sees are reported without a pose" in text for text in hub.get("/status")["warnings"]
    )
    assert "the camera 127.0.0.1 sees are reported without a pose" in hub.text()


def test_pictures_without_tags_and_spoilt_ones(hub: HubProcess) -> None:
    row = looked(hub, "gate-1", EMPTY)
    assert row["seen"] == []
    pid = vision(hub)["pid"]
    post(hub, "gate-1", BROKEN)
    row = wait_for(lambda: row if (row := camera(hub))["error"] else None, what="the sentence about the picture")
    assert "picture" in row["error"] and row["failed"] == 1
    row = looked(hub, "gate-1")
    assert (row["seen"], row["error"], vision(hub)["pid"]) == ([7], "", pid)
    post(hub, "gate-1", BROKEN)
    wait_for(lambda: camera(hub)["failed"] == 2, what="the second spoilt picture")
    assert hub.text().count("No tags were looked for in a picture of the camera gate-1") == 1


@pytest.mark.slow
def test_at_most_so_many_a_second_and_always_the_newest(hub: HubProcess) -> None:
    began, before = time.monotonic(), camera(hub, "slow")["looked"]
    for _ in range(60):
        post(hub, "slow", EMPTY)
        time.sleep(0.02)
    post(hub, "slow")
    row = wait_for(
        lambda: row if (row := camera(hub, "slow"))["seen"] == [7] else None, what="the newest picture's turn"
    )
    assert row["looked"] - before <= 2 * (time.monotonic() - began) + 2


def test_a_lens_measured_at_another_size_is_said(hub: HubProcess) -> None:
    assert "at the size of the pictures" in looked(hub, "wrong lens")["note"]
    assert any("wrong lens" in text and "1280" not in text for text in hub.get("/status")["warnings"])


@pytest.mark.slow
@pytest.mark.skipif(
    chromium() is None, reason="The page is tried in Chromium, which is not installed (apt-get install chromium)."
)
def test_the_status_page_lists_cameras(hub: HubProcess, tmp_path: Path) -> None:
    looked(hub, "gate-1")
    with browser(tmp_path) as page:
        page.open(f"{hub.url}/status")
        wait_for(
            lambda: page.value("document.querySelectorAll('#detection tr').length") == 5,
            what="four cameras and the head",
        )
        assert page.value("document.querySelector('#detection tr:nth-child(2)').textContent").startswith("gate-17")
        assert (
            "ready" in page.value("document.getElementById('vision').textContent")
            and page.value("document.getElementById('detection-part').hidden") is False
        )
        assert page.complaints == []


@pytest.mark.slow
def test_what_is_not_asked_for_is_not_done(hub: HubProcess, tmp_path: Path) -> None:
    assert "off" not in {row["camera"] for row in hub.get("/status")["tag_detection"]["cameras"]}
    with start(tmp_path, "") as plain:
        post(plain, "gate-1")
        status = plain.get("/status")
        assert status["tag_detection"] == {
            "vision": {**status["tag_detection"]["vision"], "state": "off", "pid": None},
            "cameras": [],
        }
        assert psutil.Process(plain.process.pid).children() == []


@pytest.mark.slow
def test_a_vision_process_that_is_killed_comes_back(hub: HubProcess) -> None:
    looked(hub, "gate-1")
    first = vision(hub)
    psutil.Process(first["pid"]).kill()
    wait_for(lambda: vision(hub)["restarts"] == first["restarts"] + 1, what="the end's being noticed")
    wait_for(lambda: vision(hub)["state"] == "ready", 30, "the new process")
    assert looked(hub, "gate-1")["seen"] == [7] and vision(hub)["pid"] != first["pid"]
    assert "The vision process ended" in hub.text() and not any(
        "vision process" in text for text in hub.get("/status")["warnings"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_vision_process_ends_with_the_hub(tmp_path: Path, how: str) -> None:
    hub = start(tmp_path).start()
    pid = wait_for(lambda: vision(hub)["pid"], what="the vision process")
    wait_for(lambda: vision(hub)["state"] == "ready", 30)
    post(hub, "gate-1")
    if how == "stop":
        assert hub.stop() == 0
        assert "Traceback" not in hub.text() and "ended (" not in hub.text()
    else:
        hub.kill()
    wait_for(lambda: gone(pid), what="the vision process's end")
