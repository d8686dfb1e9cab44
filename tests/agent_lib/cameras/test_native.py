"""Cameras that OpenCV reads: RTSP and video files."""

import logging
import socket
import threading
import time

import cv2
import numpy as np
import pytest

from agent_lib.cameras import Camera, try_camera
from agent_lib.cameras.native import rtsp_url
from tests.support.cameras import SECRET, Running, level, wait_frame
from tests.support.devices import camera_settings, jpeg, tcp_device
from tests.support.helpers import wait_for
from tests.support.rtsp import RtspCamera


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_camera_that_accepts_and_never_answers(scheme, caplog):
    held = []

    def serve(link, number):
        held.append(link)
        while link.recv(4096):
            pass

    with caplog.at_level(logging.DEBUG), tcp_device(serve) as port:
        url = f"{scheme}://admin:{SECRET}@127.0.0.1:{port}/live"
        camera = Camera(camera_settings(url, stale_seconds=30), "dead")
        camera.start()
        wait_for(lambda: held)
        assert camera.newest() is None and camera.wait_newer(0.0, 0.05) is None
        assert camera.status()["state"] == "opening"
        begun = time.monotonic()
        camera.stop()
        assert time.monotonic() - begun < 5, "stop() waited for a dead camera"
        assert camera.status()["state"] == "stopped"
        with Running(url, stale_seconds=0.3) as camera:
            wait_for(lambda: camera.error.endswith("no answer") or camera.error == "Stream timeout")
            assert SECRET not in str(camera.status()) + caplog.text


def test_rtsp_with_nobody_there(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    works, says = try_camera(camera_settings(f"rtsp://admin:{SECRET}@127.0.0.1:{port}/live"), 10)
    assert not works and says.startswith(f"Cannot open rtsp://127.0.0.1:{port}/live: connection refused")
    output = capfd.readouterr()
    assert SECRET not in says + output.out + output.err


@pytest.mark.slow
def test_rtsp_with_a_password(caplog):
    with caplog.at_level(logging.DEBUG), RtspCamera("admin", SECRET, jpeg(80, (64, 48))) as device:
        with Running(
            host="127.0.0.1",
            port=device.port,
            path="live",
            username="admin",
            password=SECRET,
            address=f"rtsp://127.0.0.1:{device.port}/live",
        ) as camera:
            frame = wait_frame(camera)
            assert abs(level(frame) - 80) < 6 and frame.image().shape == (48, 64, 3)
            assert frame.jpeg()[:2] == b"\xff\xd8"
            assert camera.wait_newer(frame.mono, 10).mono > frame.mono
            assert camera.status()["state"] == "live"
        with Running(f"rtsp://admin:wrong@127.0.0.1:{device.port}/live") as camera:
            wait_for(lambda: "no stream there, or not for this path, user name and password" in camera.error)
    assert SECRET not in caplog.text


@pytest.mark.slow
def test_an_rtsp_camera_that_falls_silent_is_stale_and_opened_again():
    with RtspCamera("", "", jpeg(80, (64, 48)), pictures=40) as device:
        with Running(f"rtsp://127.0.0.1:{device.port}/live", stale_seconds=1.0) as camera:
            wait_frame(camera)
            wait_for(lambda: camera.error == "Stream timeout")
            assert camera.newest() is None
            wait_for(lambda: device.plays >= 2)
            wait_frame(camera)


@pytest.mark.slow
def test_a_camera_that_falls_silent_after_its_answer_holds_up_no_other_rtsp_camera():
    def serve(link, number):
        link.recv(4096)
        link.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        entered.set()
        while link.recv(4096):
            pass

    entered = threading.Event()
    with tcp_device(serve) as port, RtspCamera("", "", jpeg(80, (64, 48))) as device:
        with Running(f"rtsp://127.0.0.1:{port}/dead", stale_seconds=30) as dead:
            assert entered.wait(10)
            with Running(f"rtsp://127.0.0.1:{device.port}/live") as good:
                wait_frame(good)
                # The dead one gives up after ten seconds: until then it must still be at it, or this shows nothing.
                assert dead.status()["state"] == "opening"


def test_rtsp_addresses():
    def address(**changes):
        return rtsp_url(camera_settings(**changes))

    assert address(host="192.168.1.3") == "rtsp://192.168.1.3:554/"
    assert address(host="192.168.1.3", port=8554, path="/ch/1?sub=0") == "rtsp://192.168.1.3:8554/ch/1?sub=0"
    assert address(host="fe80::1", username="a@b", password="p/w:#") == "rtsp://a%40b:p%2Fw%3A%23@[fe80::1]:554/"
    assert address(url="rtsp://cam/live", username="u", password="p") == "rtsp://u:p@cam/live"
    assert address(url="rtsp://own:pw@cam/live", username="u", password="p") == "rtsp://own:pw@cam/live"


def test_a_video_file_is_played_again_and_again(tmp_path):
    path = tmp_path / "gate.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 50, (64, 48))
    for shade in (20, 120, 220):
        video.write(np.full((48, 64, 3), shade, np.uint8))
    video.release()
    with Running(str(path)) as camera:
        seen, mono = [], 0.0
        while len(seen) < 8:
            frame = camera.wait_newer(mono, 10)
            seen.append(round(float(frame.image().mean()), -1))
            mono = frame.mono
    assert set(seen) == {20, 120, 220} and seen.count(seen[0]) >= 2
