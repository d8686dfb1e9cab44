"""The worker of a vision process: the task that it serves, a detector for each camera, its end."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from hub.vision.process import VisionProcess
from hub.vision.tasks import TASKS
from hub.vision.wire import receive, send
from hub.vision.worker import MAX_STREAMS, DetectorCache
from tests.support.helpers import ROOT
from tests.support.tag_pictures import View, turned

pytestmark = pytest.mark.slow

PICTURE = View([(7, 10.0, turned(20, 10, -15), np.array([3.0, -2.0, 40.0]))]).jpeg()


def test_the_process_ends_with_its_input() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "hub.vision.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert receive(child.stdout)[0] == {"state": "ready", "pid": child.pid}
        send(child.stdin, {"id": 1, "task": "apriltag", "stream": "a", "options": {}}, PICTURE)
        assert receive(child.stdout)[0]["result"]["tags"]
        child.stdin.close()
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_worker_serves_the_task_that_it_is_started_for() -> None:
    process = VisionProcess("apriltag")
    assert process.name == "vision process apriltag"
    process.close()
    tasks = {"other": TASKS["apriltag"]}
    assert DetectorCache(tasks).get("other", "gate-1", {}).look(PICTURE, {})["tags"]
    with pytest.raises(KeyError):
        DetectorCache(tasks).get("apriltag", "gate-1", {})


def test_a_worker_refuses_an_unknown_task() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub.vision.worker", "weather"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2 and "apriltag" in done.stderr and done.stdout == ""


def test_each_camera_has_a_task_of_its_own_and_the_oldest_is_forgotten() -> None:
    detectors = DetectorCache()
    first = detectors.get("apriltag", "one", {})
    assert detectors.get("apriltag", "one", {}) is first and detectors.get("apriltag", "two", {}) is not first
    assert detectors.get("apriltag", "one", {"tag_size_cm": 5.0}) is not first
    again = detectors.get("apriltag", "one", {})
    for number in range(MAX_STREAMS):
        detectors.get("apriltag", f"camera {number}", {})
    assert detectors.get("apriltag", "one", {}) is not again
