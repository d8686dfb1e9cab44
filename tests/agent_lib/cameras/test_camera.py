"""The camera's thread: independence, stopping, and one trial."""

import time

import pytest

from agent_lib.cameras import try_camera
from tests.support.cameras import Running, wait_frame
from tests.support.devices import camera_settings, http_camera, jpeg, reply, tcp_device


def test_try_camera_says_what_came():
    with http_camera(lambda handler: reply(handler, jpeg(10, (320, 200)))) as base:
        assert try_camera(camera_settings(base), 5) == (
            True,
            f"The camera at {base} works: a picture of 320 x 200 came.",
        )
    with tcp_device(lambda link, number: link.recv(4096) and link.recv(1)) as port:
        works, says = try_camera(camera_settings(f"http://127.0.0.1:{port}"), 0.2)
        assert not works and "within 0.2 seconds" in says


@pytest.mark.slow
def test_a_dead_camera_does_not_disturb_another():
    with tcp_device(lambda link, number: link.recv(4096) and link.recv(1)) as port:
        with http_camera(lambda handler: reply(handler, jpeg(10))) as base:
            with Running(f"rtsp://127.0.0.1:{port}/x") as dead, Running(base, fps=60) as good:
                wait_frame(good)
                for _ in range(10):
                    assert good.wait_newer(time.monotonic(), 10) is not None
                assert dead.newest() is None and good.error == ""


def test_no_picture_is_given_after_stop():
    with http_camera(lambda handler: reply(handler, jpeg(10))) as base:
        with Running(base) as camera:
            wait_frame(camera)
            camera.stop()
            assert camera.newest() is None and camera.wait_newer(0.0, 10) is None
            assert not camera._thread.is_alive()
            camera.start()
            wait_frame(camera)
