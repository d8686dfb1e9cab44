"""The vision process: asked, slow, hanging, dying, talking nonsense, ended; and never OpenCV in the hub's own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import numpy as np
import psutil
import pytest

from hub.vision.process import CLOSED, OFF, READY, RESTING, VisionError, VisionProcess, VisionUnavailable
from tests.support.helpers import ROOT
from tests.support.tag_pictures import View, turned
from tests.support.trocr import gone

pytestmark = pytest.mark.slow

PICTURE = View([(7, 10.0, turned(20, 10, -15), np.array([3.0, -2.0, 40.0]))]).jpeg()
NO_OPTIONS: dict = {}


def until(condition: Callable[[], object], seconds: float = 30.0, what: str = "the condition") -> object:
    """As helpers.wait_for, letting greenlets run."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not come true within {seconds} s"
        gevent.sleep(0.01)
    return value


@pytest.fixture
def start() -> Iterator[Callable[..., VisionProcess]]:
    """Processes that are ended after the test."""
    begun: list[tuple[VisionProcess, gevent.Greenlet]] = []

    def make(ready: bool = True, **more: object) -> VisionProcess:
        process = VisionProcess("apriltag", **more)
        begun.append((process, gevent.spawn(process.run)))
        if ready:
            assert process.ready.wait(30)
        return process

    yield make
    for process, greenlet in begun:
        process.close()
        greenlet.join(10)
        assert greenlet.successful(), greenlet.exception


def fake(body: str) -> tuple[str, ...]:
    """A process that speaks the same over the pipes and does what the test wants."""
    code = (
        "import os, sys, time\nfrom hub.vision.wire import receive, send\n"
        f"source, out = sys.stdin.buffer, sys.stdout.buffer\n{body}\n"
    )
    return sys.executable, "-c", code


SERVE = "send(out, {'state': 'ready'})\nwhile (message := receive(source)) is not None:\n    order = message[0]\n    "


def test_a_picture_is_looked_at(start: Callable[..., VisionProcess]) -> None:
    process = start()
    result = process.ask("gate-1", NO_OPTIONS, PICTURE)
    assert (result["width"], result["height"], [tag["tag_id"] for tag in result["tags"]]) == (640, 480, [7])
    assert result["tags"][0]["z_cm"] is None
    with_pose = process.ask(
        "gate-1",
        {"tag_size_cm": 10.0, "fx": 600.0, "fy": 600.0, "cx": 319.5, "cy": 239.5, "distortion": []},
        PICTURE,
    )
    assert with_pose["tags"][0]["range_cm"] == pytest.approx(40.2, abs=0.2)
    assert process.status()["answered"] == 2 and process.warnings() == []


def test_many_may_ask_at_once(start: Callable[..., VisionProcess]) -> None:
    process = start()
    asked = [gevent.spawn(process.ask, f"camera {number}", NO_OPTIONS, PICTURE) for number in range(8)]
    gevent.joinall(asked, timeout=60)
    assert [[tag["tag_id"] for tag in one.value["tags"]] for one in asked] == [[7]] * 8


BOMB = PICTURE[:2] + b"\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00" + PICTURE[2:]


@pytest.mark.parametrize(
    ("task", "options", "picture", "part"),
    [
        ("apriltag", {}, b"", "no picture"),
        ("apriltag", {}, b"\xff\xd8 and no more", "no picture"),
        ("apriltag", {}, BOMB, "picture"),
        ("tracking", {}, PICTURE, "tracking"),
        ("apriltag", {"colour": 1}, PICTURE, "colour"),
    ],
)
def test_what_cannot_be_looked_at_is_a_sentence(
    start: Callable[..., VisionProcess], task: str, options: dict, picture: bytes, part: str
) -> None:
    process = start()
    first = process.pid
    process.task = task  # the worker serves one task and must refuse a request for any other
    with pytest.raises(VisionError, match=part):
        process.ask("gate-1", options, picture)
    process.task = "apriltag"
    assert process.ask("gate-1", NO_OPTIONS, PICTURE)["tags"] and process.pid == first
    assert psutil.Process(first).memory_info().rss < 300e6


@pytest.mark.slow
def test_one_that_is_killed_is_started_again(
    start: Callable[..., VisionProcess], caplog: pytest.LogCaptureFixture
) -> None:
    process = start(first_backoff=0.05)
    first = process.pid
    psutil.Process(first).kill()
    until(lambda: process.restarts == 1)
    assert process.state == RESTING and "is being started again" in process.warnings()[0]
    with pytest.raises(VisionError, match="not running"):
        process.ask("gate-1", NO_OPTIONS, PICTURE)
    until(lambda: process.state == READY)
    assert process.pid != first and process.warnings() == [] and process.ask("gate-1", NO_OPTIONS, PICTURE)["tags"]
    assert "The vision process ended (" in caplog.text and "is started again in 0.05 s" in caplog.text


def test_one_that_dies_over_a_picture(start: Callable[..., VisionProcess]) -> None:
    process = start(command=fake(SERVE + "os._exit(3)"), first_backoff=0.05)
    with pytest.raises(VisionError, match="ended while it looked"):
        process.ask("gate-1", NO_OPTIONS, PICTURE)
    until(lambda: process.restarts >= 1 and process.state == READY)


def test_one_that_hangs_is_ended(start: Callable[..., VisionProcess]) -> None:
    process = start(command=fake(SERVE + "time.sleep(600)"), answer_seconds=0.1, first_backoff=0.05)
    first = process.pid
    with pytest.raises(VisionError, match=r"no answer within 0\.1 s"):
        process.ask("gate-1", NO_OPTIONS, PICTURE)
    assert gone(first)
    until(lambda: process.state == READY and process.pid not in (None, first))


def test_one_that_does_not_read_is_ended(start: Callable[..., VisionProcess]) -> None:
    """A large picture does not fit into the pipe, so the writing itself waits."""
    process = start(
        command=fake("send(out, {'state': 'ready'})\ntime.sleep(600)"), answer_seconds=0.1, first_backoff=0.05
    )
    with pytest.raises(VisionError, match=r"no answer within 0\.1 s"):
        process.ask("gate-1", NO_OPTIONS, PICTURE + b"\x00" * 1_000_000)
    until(lambda: process.restarts == 1)


@pytest.mark.parametrize(
    "body",
    [
        "out.write(b'Traceback (most recent call last)' * 50)\nout.flush()\ntime.sleep(600)",  # before it is ready
        "send(out, {'state': 'loading'})\ntime.sleep(600)",
        "sys.exit('no memory left')",
    ],
)
def test_one_that_never_becomes_ready_rests_longer_each_time(
    start: Callable[..., VisionProcess], caplog: pytest.LogCaptureFixture, body: str
) -> None:
    process = start(ready=False, command=fake(body), first_backoff=0.01)
    until(lambda: process.restarts == 3)
    assert all(f"started again in {rest} s" in caplog.text for rest in ("0.01", "0.02", "0.04"))
    assert process.warnings() and ("no memory left" in process.reason) == ("no memory left" in body)


def test_nonsense_for_an_answer(start: Callable[..., VisionProcess]) -> None:
    process = start(command=fake(SERVE + "out.write(b'x' * 1000)\n    out.flush()"), first_backoff=0.05)
    with pytest.raises(VisionError, match="cannot be understood"):
        process.ask("gate-1", NO_OPTIONS, PICTURE)
    other = start(command=fake(SERVE + "send(out, {'id': 99, 'result': {}})"), first_backoff=0.05)
    with pytest.raises(VisionError, match="belongs to no question"):
        other.ask("gate-1", NO_OPTIONS, PICTURE)


def test_a_command_that_cannot_be_started(start: Callable[..., VisionProcess], tmp_path: Path) -> None:
    process = start(ready=False, command=(str(tmp_path / "no python"),), first_backoff=0.01)
    until(lambda: process.restarts == 2)
    assert "could not be started" in process.reason


def test_closing_leaves_nothing(start: Callable[..., VisionProcess]) -> None:
    process = start()
    pid = process.pid
    process.close()
    assert gone(pid) and process.state == CLOSED and process.pid is None
    with pytest.raises(VisionError, match="not running"):
        process.ask("gate-1", NO_OPTIONS, PICTURE)


def test_an_unused_one_is_not_started() -> None:
    process = VisionProcess("apriltag")
    assert process.status()["state"] == "off" and process.pid is None and process.warnings() == []
    process.close()


def test_a_slow_process_delays_no_other(start: Callable[..., VisionProcess]) -> None:
    slow = start(command=fake(SERVE + "time.sleep(600)"))
    waiting = gevent.spawn(slow.ask, "gate-1", NO_OPTIONS, PICTURE)
    other = start()
    assert other.ask("gate-1", NO_OPTIONS, PICTURE)["tags"] and not waiting.dead
    slow.close()
    waiting.join(10)
    assert isinstance(waiting.exception, VisionError)


def test_a_process_for_use_starts_with_the_first_request_and_ends_when_idle(
    start: Callable[..., VisionProcess],
) -> None:
    process = start(ready=False, idle_seconds=0.3)
    gevent.sleep(0.05)
    assert (process.state, process.pid) == (OFF, None)
    for _ in range(2):
        assert process.ask("gate-1", NO_OPTIONS, PICTURE)["tags"]
        pid = process.pid
        assert pid is not None
        until(lambda: process.state == OFF, what="the end of the idle process")
        until(lambda pid=pid: not psutil.pid_exists(pid), what="the end of its process")
        assert not process.ready.is_set() and process.restarts == 0 and process.warnings() == []


def test_listeners_hear_that_a_process_died_and_the_next_request_is_served(
    start: Callable[..., VisionProcess],
) -> None:
    process = start(ready=False, idle_seconds=60.0, first_backoff=0.05)
    heard: list[str] = []
    process.listeners.append(heard.append)
    assert process.ask("gate-1", NO_OPTIONS, PICTURE)["tags"]
    psutil.Process(process.pid).kill()
    until(lambda: heard, what="the report")
    assert "killed by signal 9" in heard[0]
    assert process.ask("gate-1", NO_OPTIONS, PICTURE)["tags"] and process.restarts == 1


def test_a_process_that_dies_with_a_picture_can_be_asked_again(start: Callable[..., VisionProcess]) -> None:
    process = start(command=fake(SERVE + "os._exit(3)"), idle_seconds=60.0, ready=False)
    with pytest.raises(VisionUnavailable):
        process.ask("gate-1", NO_OPTIONS, PICTURE)


HUB = """
from gevent import monkey
monkey.patch_all()
import pathlib, sys, time
import gevent
from hub import close, create_app
from hub.apriltag.detection import TagDetections
from hub.apriltag.service import AprilTags
from hub.settings.file import load
from hub.video.store import FrameStore
app = create_app(load(pathlib.Path(sys.argv[1]), {}, {}))
hub = app.extensions["gatehouse"]
vision, apriltags = hub.part(TagDetections).vision, hub.part(AprilTags)
assert vision.ready.wait(30)
hub.part(FrameStore).put("gate-1", pathlib.Path(sys.argv[2]).read_bytes(), "rest")
end = time.monotonic() + 30
while apriltags.newest() is None and time.monotonic() < end:
    gevent.sleep(0.02)
newest, loaded = apriltags.newest(), sorted({"cv2", "numpy", "torch"} & set(sys.modules))
print(newest["tag_id"], newest["source"], loaded, vision.pid)
close(app)
"""


@pytest.mark.slow
def test_the_hub_never_loads_opencv(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('[[apriltag.detection]]\ncamera = "gate-1"\n', "utf-8")
    (tmp_path / "picture.jpg").write_bytes(PICTURE)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", HUB, str(tmp_path), str(tmp_path / "picture.jpg")],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *said, pid = done.stdout.split()
    assert said == ["7", "hub", "[]"] and gone(int(pid)), done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the scheduler and sessions of Linux")
def test_a_process_in_the_background_gives_way_to_its_hub_and_hears_no_signal_of_its_terminal() -> None:
    process = VisionProcess("people")
    greenlet = gevent.spawn(process.run)
    try:
        assert process.ready.wait(30)
        pid = process.pid
        assert pid is not None and os.sched_getscheduler(pid) == os.SCHED_IDLE
        assert os.getsid(pid) == os.getsid(0), "in another session its priority counts for nothing"
        assert os.getpgid(pid) == pid
    finally:
        process.close()
        greenlet.join(10)
