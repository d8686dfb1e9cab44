"""Motion JPEG streams over real HTTP servers."""

import threading
import time

import pytest

from tests.support.cameras import Running, level, stay, wait_frame
from tests.support.devices import begin_stream, http_camera, jpeg, part
from tests.support.helpers import wait_for


@pytest.mark.parametrize(
    ("boundary", "delimiter", "length"),
    [
        ("frame", "--frame", -1),
        ("frame", "--frame", None),
        ("--frame", "--frame", -1),
        ("--frame", "--frame", None),
        ('"a b=?/c"', "--a b=?/c", None),
        ("myboundary", "--another", None),
        ("plain", "plain", None),
        ("", "--x", -1),
        ("frame", "--frame", "short"),
        ("frame", "--frame", "long"),
    ],
)
def test_streams_as_cameras_send_them(boundary, delimiter, length):
    pictures = [jpeg(shade, (200, 160)) for shade in (30, 60, 90, 120)]
    ask = threading.Semaphore(0)

    def answer(handler):
        begin_stream(handler, boundary)
        for picture in pictures:
            counted = {"short": len(picture) - 7, "long": len(picture) + 2}.get(length, length)
            handler.wfile.write(part(picture, delimiter, counted))
            ask.acquire(timeout=10)
        handler.wfile.write(part(jpeg(1), delimiter))
        stay(handler)

    with http_camera(answer) as base, Running(base + "/video") as camera:
        for picture in pictures:
            wait_for(
                lambda picture=picture: (frame := camera.newest()) and frame.jpeg() == picture, what="the next picture"
            )
            ask.release()
        assert camera.status()["bad_frames"] == 0


def test_a_stream_in_small_pieces_with_text_and_padding_between():
    pictures = [jpeg(shade) for shade in (40, 80, 160)]
    stream = (
        b"preamble that nobody asked for\r\n"
        + b"".join(part(picture + b"\x00\x00\r\n", length=None) + b"\r\n" for picture in pictures)
        + b"--frame\r\n"
    )

    def answer(handler):
        begin_stream(handler)
        for at in range(0, len(stream), 13):
            handler.wfile.write(stream[at : at + 13])
        stay(handler)

    with http_camera(answer) as base, Running(base) as camera:
        wait_for(lambda: (frame := camera.newest()) and frame.jpeg() == pictures[-1])


def test_a_frame_keeps_the_cameras_bytes_and_is_decoded_on_demand():
    picture = jpeg(77)

    def answer(handler):
        begin_stream(handler)
        handler.wfile.write(part(picture))
        stay(handler)

    with http_camera(answer) as base, Running(base) as camera:
        frame = wait_frame(camera)
        assert frame._image is None and frame.size == (64, 48)
        assert frame.jpeg() is frame.jpeg() and frame.jpeg() == picture
        assert frame.image().shape == (48, 64, 3) and frame.image() is frame.image()
        status = camera.status()
        assert (status["state"], status["error"], status["width"], status["height"]) == ("live", "", 64, 48)
        assert status["last_frame_ts"] == frame.ts
        assert abs(frame.ts - time.time()) < 60


def test_wait_newer_gives_only_pictures_whose_first_byte_came_later():
    half, rest = threading.Event(), threading.Event()
    old, new = jpeg(50, (200, 200)), jpeg(200, (200, 200))

    def answer(handler):
        begin_stream(handler)
        data = part(old)
        handler.wfile.write(data[: len(data) // 2])
        half.set()
        rest.wait(10)
        handler.wfile.write(data[len(data) // 2 :])
        stay_until.wait(10)
        handler.wfile.write(part(new))
        stay(handler)

    stay_until = threading.Event()
    with http_camera(answer) as base, Running(base) as camera:
        half.wait(10)
        wait_for(lambda: camera._source and camera._source._parser and camera._source._parser._buffer)
        asked = time.monotonic()
        rest.set()
        wait_frame(camera)
        assert camera.wait_newer(asked, 0.1) is None
        assert camera.wait_newer(0.0, 0.1).jpeg() == old
        stay_until.set()
        assert camera.wait_newer(asked, 10).jpeg() == new


@pytest.mark.slow
def test_a_camera_that_stops_in_the_middle_of_a_frame():
    whole, cut = jpeg(90, (300, 200)), jpeg(10, (300, 200))
    calls = []

    def answer(handler):
        calls.append(time.monotonic())
        begin_stream(handler)
        if len(calls) == 1:
            handler.wfile.write(part(whole) + part(cut)[: -len(cut) // 2])
            stay(handler)
        else:
            begin.wait(10)
            handler.wfile.write(part(jpeg(222)))
            stay(handler)

    begin = threading.Event()
    with http_camera(answer) as base, Running(base, stale_seconds=0.4) as camera:
        assert wait_frame(camera).jpeg() == whole
        wait_for(lambda: camera.error == "Stream timeout")
        assert camera.newest() is None
        assert camera.status()["state"] == "stale"
        wait_for(lambda: len(calls) == 2)
        assert camera.newest() is None
        begin.set()
        assert level(wait_frame(camera)) == 222
        assert camera.error == ""


@pytest.mark.parametrize("length", [-1, None])
def test_a_frame_broken_off_and_followed_by_the_next_is_never_delivered(length):
    cut, whole = jpeg(10, (300, 200)), jpeg(99, (300, 200))
    seen = []

    def answer(handler):
        begin_stream(handler)
        broken = part(cut, length=length)
        handler.wfile.write(
            broken[: -len(cut) // 2] + b"\r\n" + part(whole, length=length) + part(whole, length=length)
        )
        stay(handler)

    with http_camera(answer) as base, Running(base) as camera:
        wait_for(lambda: camera.status()["bad_frames"] == 1)
        seen.append(wait_frame(camera).jpeg())
    assert seen == [whole]


def test_a_stream_that_ends_is_opened_again():
    calls = []

    def answer(handler):
        calls.append(1)
        begin_stream(handler)
        handler.wfile.write(part(jpeg(10 * len(calls))))
        if len(calls) == 3:
            stay(handler)

    with http_camera(answer) as base, Running(base) as camera:
        wait_for(lambda: (frame := camera.newest()) and level(frame) == 30)
        assert len(calls) == 3


@pytest.mark.parametrize("announced", [True, False])
def test_a_frame_larger_than_32_megabytes_is_refused(announced):
    def answer(handler):
        begin_stream(handler)
        if announced:
            handler.wfile.write(b"--frame\r\nContent-Length: 99000000\r\n\r\n" + jpeg())
            stay(handler)
        else:
            handler.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xda\x00\x02")
            for _ in range(40):
                handler.wfile.write(bytes(1 << 20))

    with http_camera(answer) as base, Running(base, retry_seconds=30) as camera:
        wait_for(lambda: "32 MB" in camera.error)
        assert camera.newest() is None
