"""Searches in videos by a real hub, with its own vision process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
import requests

from tests.hub.tracking.drawn import BOTH, NOBODY, PHOTO
from tests.support.helpers import HubProcess, wait_for
from tests.support.tracking import upload

pytestmark = pytest.mark.slow

ORIGIN = {"Origin": "http://elsewhere.example"}


@pytest.fixture(scope="module")
def embedding(hub: HubProcess) -> str:
    videos = hub.instance / "videos"
    videos.mkdir()
    write_video(videos / "short.avi", 61)
    write_video(videos / "long.avi", 200)
    (videos / "both.jpg").write_bytes(BOTH)
    (videos / "nobody.jpg").write_bytes(NOBODY)
    return upload(hub, PHOTO)["embedding"]


def write_video(path: Path, frames: int) -> None:
    """A video at 10 frames a second that shows both persons all the time."""
    picture = cv2.imdecode(np.frombuffer(BOTH, np.uint8), cv2.IMREAD_COLOR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, picture.shape[1::-1])
    for _ in range(frames):
        writer.write(picture)
    writer.release()


def post(hub: HubProcess, **body: Any) -> requests.Response:
    return requests.post(f"{hub.url}/find", json=body, headers=ORIGIN, timeout=60)


def readers(hub: HubProcess) -> list[psutil.Process]:
    """The processes of the hub that read videos."""
    children = psutil.Process(hub.process.pid).children(recursive=True)
    return [child for child in children if "hub.vision.capture.worker" in child.cmdline()]


def test_the_older_form_is_answered_at_once(hub: HubProcess, embedding: str) -> None:
    answer = post(hub, person={"name": "red", "embedding": embedding}, video={"id": 1, "path": "short.avi"})
    body = answer.json()
    assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (body["status"], body["frames"], body["examined"]) == ("done", 61, 3)
    assert {match["frame_number"] for match in body["matches"]} == {0, 30, 60}
    assert [match["timestamp"] for match in body["matches"]] == [0.0, 3.0, 6.0], "the other person does not match"
    assert readers(hub) == []


def test_pictures(hub: HubProcess, embedding: str) -> None:
    found = post(hub, embedding=embedding, video="both.jpg").json()["matches"]
    assert len(found) == 1 and found[0]["distance"] < 0.38
    assert post(hub, embedding=embedding, video="nobody.jpg").json()["matches"] == []


@pytest.mark.alone
def test_a_long_search_is_followed_and_cancelled(hub: HubProcess, embedding: str) -> None:
    """200 frames take longer than the 0.2 s of this client's patience; the hub answers others meanwhile."""
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{hub.url}/find", json={"embedding": embedding, "video": "long.avi", "step": 1}, timeout=(5, 0.2)
        )
    assert len(wait_for(lambda: readers(hub), what="the process of the video")) == 1
    began = time.monotonic()
    assert [video["name"] for video in hub.get("/api/tracking/videos")["videos"]] == [
        "both.jpg",
        "long.avi",
        "nobody.jpg",
        "short.avi",
    ]
    assert time.monotonic() - began < 1.0

    def begun() -> dict[str, Any] | None:
        running = hub.get("/status")["tracking_searches"]["running"]
        return running if running and running["examined"] else None

    running = wait_for(begun, what="the first examined frame")
    assert running["video"] == "long.avi"
    body = requests.delete(f"{hub.url}/find/{running['job']}", headers=ORIGIN, timeout=10).json()
    assert body["status"] == "cancelled" and body["frames"] == 200 and body["examined"] < 200
    wait_for(lambda: not readers(hub), what="the end of the process of the video")
    assert post(hub, embedding=embedding, video="both.jpg").json()["status"] == "done"


def test_nothing_is_left_when_the_hub_stops(hub: HubProcess, embedding: str) -> None:
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{hub.url}/find", json={"embedding": embedding, "video": "long.avi", "step": 1}, timeout=(5, 0.1)
        )
    processes = wait_for(lambda: readers(hub), what="the process of the video")
    assert hub.stop() == 0
    assert not any(process.is_running() for process in processes)
    assert "Traceback" not in hub.text()
    hub.start()
