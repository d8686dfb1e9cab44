"""Frames: decoding on demand, and pictures that cannot be decoded."""

import threading

import pytest

from agent_lib.cameras import Frame, FrameError
from tests.support.cameras import Running, level, stay, wait_frame
from tests.support.devices import begin_stream, http_camera, jpeg, part
from tests.support.helpers import wait_for


def test_a_corrupt_jpeg_is_told_by_its_frame_and_counted_and_the_camera_goes_on():
    corrupt = b"\xff\xd8\xff\xe0\x00\x10" + bytes(range(200)) + b"\xff\xd9"
    go_on = threading.Event()

    def answer(handler):
        begin_stream(handler)
        handler.wfile.write(part(corrupt))
        go_on.wait(10)
        handler.wfile.write(part(jpeg(60)))
        stay(handler)

    with http_camera(answer) as base, Running(base) as camera:
        frame = wait_frame(camera)
        for _ in range(2):
            with pytest.raises(FrameError, match="JPEG|decoded"):
                frame.image()
        assert frame.jpeg() == corrupt
        assert camera.status()["bad_frames"] == 1 and camera.error
        go_on.set()
        wait_for(lambda: (newest := camera.newest()) is not frame and newest)
        assert level(camera.newest()) == 60 and camera.error == ""


def test_pictures_that_are_none_are_counted_and_named():
    def answer(handler):
        begin_stream(handler)
        for _ in range(3):
            handler.wfile.write(part(b"this is no picture"))
        stay(handler)

    with http_camera(answer) as base, Running(base) as camera:
        wait_for(lambda: camera.status()["bad_frames"] == 3)
        assert "no JPEG" in camera.error and camera.newest() is None


def test_frame_errors():
    picture = jpeg(10, (100, 100))
    for data in (b"", b"nothing", picture[:-20], b"\xff\xd8\xff\xd9"):
        with pytest.raises(FrameError):
            Frame(data=data).image()
    assert issubclass(FrameError, ValueError)
    bomb = bytearray(picture)
    at = bomb.find(b"\xff\xc0")
    bomb[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(FrameError, match="65535 x 65535"):
        Frame(data=bytes(bomb)).image()
