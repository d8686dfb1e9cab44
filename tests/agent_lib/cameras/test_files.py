"""Cameras that read picture files."""

import cv2
import numpy as np
import pytest

from agent_lib.cameras import try_camera
from tests.support.cameras import Running, wait_frame
from tests.support.devices import camera_settings, jpeg
from tests.support.helpers import wait_for


def test_a_picture_and_a_folder_of_pictures(tmp_path):
    for name, shade in (("b.jpg", 100), ("a.JPG", 50), ("c.png", 150)):
        data = (
            jpeg(shade)
            if "p" not in name.rpartition(".")[2][:1]
            else cv2.imencode(".png", np.full((8, 8, 3), shade, np.uint8))[1].tobytes()
        )
        (tmp_path / name).write_bytes(data)
    (tmp_path / "notes.txt").write_text("not a picture")
    with Running(str(tmp_path / "b.jpg")) as camera:
        assert wait_frame(camera).jpeg() == (tmp_path / "b.jpg").read_bytes()
        assert camera.wait_newer(camera.newest().mono, 10) is not None
    with Running((tmp_path).as_uri(), fps=100) as camera:
        seen, mono = [], 0.0
        while len(seen) < 6:
            frame = camera.wait_newer(mono, 10)
            seen.append(round(float(np.median(frame.image())) / 50) * 50)
            mono = frame.mono
    assert set(seen) == {50, 100, 150}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.mp4", None, "there is no such file or folder"),
        ("text.mp4", b"no video at all", "no video that can be played"),
        ("text.jpg", b"no picture", "no file there is a picture"),
    ],
)
def test_files_that_do_not_serve(tmp_path, name, content, says):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with Running(str(path)) as camera:
        wait_for(lambda: says in camera.error)


@pytest.mark.slow
def test_an_empty_folder_and_a_strange_address(tmp_path):
    assert "holds no pictures" in try_camera(camera_settings(str(tmp_path)), 5)[1]
    for url in ("http://[x", "http://cam:99999/", "http:///snap", "rtsp://cam:port/x"):
        assert try_camera(camera_settings(url), 5)[1].startswith(f"Cannot open {url}: the address is not valid"), url
    assert "is no camera address" in try_camera(camera_settings("ftp://camera/x"), 5)[1]
    assert try_camera(camera_settings(""), 5) == (False, "No camera is set: give its host, url or index.")
    assert "another program uses it" in try_camera(camera_settings("", index=97, address="USB camera 97"), 10)[1]
