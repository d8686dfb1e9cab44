"""Snapshots, errors and authentication of cameras over real HTTP servers."""

import hashlib
import logging
import re
import threading
import time

import cv2
import numpy as np
import pytest

from agent_lib.cameras import try_camera
from agent_lib.cameras.base import SourceContext
from agent_lib.cameras.http import HttpSource
from tests.support.cameras import SECRET, Running, level, stay, wait_frame
from tests.support.devices import begin_stream, camera_settings, http_camera, jpeg, part, reply, tcp_device
from tests.support.helpers import wait_for


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b"<html>log in</html>", "text/html; charset=utf-8", 200, "it answered text/html"),
        (b"", "text/html", 404, "it answered 404"),
        (b"", "text/html", 401, "it wants a user name and a password"),
        (b"not a picture", "application/octet-stream", 200, "no picture"),
    ],
)
def test_an_answer_that_is_no_camera_is_named(body, kind, status, says):
    with http_camera(lambda handler: reply(handler, body, kind, status)) as base, Running(base + "/x") as camera:
        wait_for(lambda: camera.error)
        assert camera.error.startswith(f"Cannot open {base}/x: ") and says in camera.error
        assert camera.status()["state"] == "failed" and camera.newest() is None
        works, sentence = try_camera(camera_settings(base + "/x"), 5)
        assert not works and says in sentence and sentence.endswith(".")


def test_snapshots_are_asked_for_again_and_again_over_one_connection():
    calls, clients = [], set()

    def answer(handler):
        calls.append(time.monotonic())
        clients.add(handler.client_address)
        reply(handler, jpeg(len(calls) % 200))

    with http_camera(answer) as base, Running(base + "/snap.jpg", fps=50) as camera:
        first = wait_frame(camera)
        asked = time.monotonic()
        newer = camera.wait_newer(asked, 10)
        assert newer.mono > asked > 0 and newer.jpeg() != first.jpeg()
        wait_for(lambda: len(calls) >= 5)
        assert len(clients) == 1


def test_a_snapshot_camera_that_closes_each_connection():
    def answer(handler):
        handler.close_connection = True
        reply(handler, jpeg(120), Connection="close")

    with http_camera(answer) as base, Running(base, fps=100) as camera:
        first = wait_frame(camera)
        assert camera.wait_newer(first.mono, 10) is not None
        assert camera.error == ""


def test_half_a_snapshot_is_never_delivered():
    picture = jpeg(90, (300, 200))

    def answer(handler):
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.send_header("Content-Length", str(len(picture)))
        handler.end_headers()
        handler.wfile.write(picture[: len(picture) // 2])

    with http_camera(answer) as base, Running(base) as camera:
        wait_for(lambda: "in the middle of a picture" in camera.error)
        assert camera.newest() is None


def test_a_png_snapshot_becomes_a_picture():
    image = np.full((20, 30, 3), 9, np.uint8)
    with http_camera(lambda handler: reply(handler, cv2.imencode(".png", image)[1].tobytes(), "image/png")) as base:
        with Running(base) as camera:
            frame = wait_frame(camera)
            assert (frame.image() == image).all()
            assert frame.jpeg()[:2] == b"\xff\xd8"


def test_a_snapshot_larger_than_32_megabytes_is_refused():
    def answer(handler):
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.send_header("Content-Length", "50000000")
        handler.end_headers()

    with http_camera(answer) as base, Running(base) as camera:
        wait_for(lambda: "50 MB" in camera.error)


def digest_camera(handler, algorithm: str) -> None:
    """Answers a picture to whoever knows the password, by the rules of HTTP Digest."""
    hashed = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def digest(text):
        return hashed(text.encode()).hexdigest()

    given = dict(re.findall(r'(\w+)="?([^",]+)"?', handler.headers.get("Authorization", "")))
    secret = digest(f"admin:cam:{SECRET}")
    request = digest(f"GET:{handler.path}")
    right = digest(f"{secret}:n0:{given.get('nc')}:{given.get('cnonce')}:auth:{request}")
    if given.get("response") == right and given.get("uri") == handler.path:
        reply(handler, jpeg(70))
    else:
        reply(
            handler,
            b"no",
            "text/plain",
            401,
            WWW_Authenticate=f'Digest realm="cam", nonce="n0", qop="auth", algorithm={algorithm}, opaque="o", Basic '
            'realm="cam"',
        )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_login(algorithm):
    with http_camera(lambda handler: digest_camera(handler, algorithm)) as base:
        with Running(base + "/snap?ch=1", username="admin", password=SECRET) as camera:
            assert level(wait_frame(camera)) == 70
            first = camera.newest()
            assert camera.wait_newer(first.mono, 10) is not None


def test_basic_login_by_settings_and_by_address():
    asked = []

    def answer(handler):
        asked.append(handler.headers.get("Authorization"))
        if asked[-1] == "Basic YWRtaW46Z2VoZWltLTc=":
            begin_stream(handler)
            handler.wfile.write(part(jpeg(70)))
            stay(handler)
        else:
            reply(handler, b"no", "text/plain", 401, WWW_Authenticate='Basic realm="cam"')

    with http_camera(answer) as base:
        with Running(base, username="admin", password=SECRET) as camera:
            assert level(wait_frame(camera)) == 70
        assert asked[0] is None
        with Running(base.replace("//", f"//admin:{SECRET}@")) as camera:
            assert level(wait_frame(camera)) == 70


def test_a_wrong_password_is_said_and_never_shown(caplog):
    def answer(handler):
        reply(handler, b"no", "text/html", 401, WWW_Authenticate='Basic realm="cam"')

    with caplog.at_level(logging.DEBUG), http_camera(answer) as base:
        url = base.replace("//", f"//admin:{SECRET}@")
        with Running(url) as camera:
            wait_for(lambda: camera.error)
            assert camera.error == f"Cannot open {base}: it refuses the user name or password"
            shown = str(camera.status()) + camera.error + try_camera(camera_settings(url), 5)[1] + caplog.text
    assert SECRET not in shown


def test_credentials_do_not_follow_to_another_address():
    seen = []

    def other(handler):
        seen.append(handler.headers.get("Authorization"))
        reply(handler, jpeg(70))

    with http_camera(other) as elsewhere:

        def answer(handler):
            if handler.headers.get("Authorization"):
                reply(handler, b"", "text/plain", 302, Location=elsewhere + "/pic")
            else:
                reply(handler, b"no", "text/plain", 401, WWW_Authenticate='Basic realm="cam"')

        with http_camera(answer) as base, Running(base, username="admin", password=SECRET) as camera:
            assert level(wait_frame(camera)) == 70
    assert set(seen) == {None}


@pytest.mark.parametrize(
    "serve",
    [lambda link, number: link.recv(4096) and link.sendall(b"SSH-2.0-OpenSSH_9\r\n"), lambda link, number: None],
    ids=["no HTTP", "closed at once"],
)
def test_a_port_that_is_no_camera(serve):
    with tcp_device(serve) as port, Running(f"http://127.0.0.1:{port}/x") as camera:
        wait_for(lambda: camera.error.startswith(f"Cannot open http://127.0.0.1:{port}/x: "))


def test_pictures_that_waited_while_the_process_did_not_run_are_older_than_it_looks():
    """The source is not read for a while, as by a process that is stopped or a machine that sleeps."""
    paused, resumed = threading.Event(), threading.Event()

    def answer(handler):
        begin_stream(handler)
        handler.wfile.write(part(jpeg(1)))
        paused.wait(10)
        for shade in range(2, 40):
            handler.wfile.write(part(jpeg(shade)))
        resumed.wait(10)
        time.sleep(0.1)
        handler.wfile.write(part(jpeg(200)))
        stay(handler)

    with http_camera(answer) as base:
        settings = camera_settings(base)
        source = HttpSource(SourceContext(settings, settings.address, threading.Event(), lambda reason: None))
        source.open()
        try:
            first = source.read()
            stopped = time.monotonic()
            paused.set()
            time.sleep(1.5)
            runs = time.monotonic()
            old = [source.read()]
            while old[-1].jpeg() != jpeg(39):
                old.append(source.read())
            assert first.mono <= stopped and all(frame.mono <= stopped for frame in old)
            assert all(frame.ts < time.time() - 1 for frame in old)
            resumed.set()
            assert source.read().mono > runs
        finally:
            source.close()
