"""Camera over real HTTP servers, real files and a port that never answers."""

import hashlib
import logging
import re
import socket
import threading
import time

import cv2
import numpy as np
import pytest

from agent_lib.cameras import Camera, Frame, FrameError, try_camera
from agent_lib.cameras.native import rtsp_url
from tests.support.devices import begin_stream, camera_settings, http_camera, jpeg, part, reply, tcp_device
from tests.support.helpers import wait_for
from tests.support.rtsp import RtspCamera

SECRET = "geheim-7"


class Running:
    """A started camera that is stopped at the end of the with block."""

    def __init__(self, url: str = "", **changes) -> None:
        self.camera = Camera(camera_settings(url, **changes), "test")

    def __enter__(self) -> Camera:
        self.camera.start()
        return self.camera

    def __exit__(self, *error) -> None:
        self.camera.stop()


def level(frame: Frame) -> int:
    """The grey level of a picture made by jpeg()."""
    return round(float(np.median(frame.image()[3])))


def wait_frame(camera: Camera) -> Frame:
    return wait_for(camera.newest, what="a picture")


def stay(handler) -> None:
    """Leave the connection open until the client goes."""
    handler.connection.settimeout(20)
    handler.connection.recv(1)


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


def test_a_snapshot_larger_than_32_megabytes_is_refused():
    def answer(handler):
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.send_header("Content-Length", "50000000")
        handler.end_headers()

    with http_camera(answer) as base, Running(base) as camera:
        wait_for(lambda: "50 MB" in camera.error)


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


def test_an_rtsp_camera_that_falls_silent_is_stale_and_opened_again():
    with RtspCamera("", "", jpeg(80, (64, 48)), pictures=40) as device:
        with Running(f"rtsp://127.0.0.1:{device.port}/live", stale_seconds=1.0) as camera:
            wait_frame(camera)
            wait_for(lambda: camera.error == "Stream timeout")
            assert camera.newest() is None
            wait_for(lambda: device.plays >= 2)
            wait_frame(camera)


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


def test_an_empty_folder_and_a_strange_address(tmp_path):
    assert "holds no pictures" in try_camera(camera_settings(str(tmp_path)), 5)[1]
    for url in ("http://[x", "http://cam:99999/", "http:///snap", "rtsp://cam:port/x"):
        assert try_camera(camera_settings(url), 5)[1].startswith(f"Cannot open {url}: the address is not valid"), url
    assert "is no camera address" in try_camera(camera_settings("ftp://camera/x"), 5)[1]
    assert try_camera(camera_settings(""), 5) == (False, "No camera is set: give its host, url or index.")
    assert "another program uses it" in try_camera(camera_settings("", index=97, address="USB camera 97"), 10)[1]


def test_try_camera_says_what_came():
    with http_camera(lambda handler: reply(handler, jpeg(10, (320, 200)))) as base:
        assert try_camera(camera_settings(base), 5) == (
            True,
            f"The camera at {base} works: a picture of 320 x 200 came.",
        )
    with tcp_device(lambda link, number: link.recv(4096) and link.recv(1)) as port:
        works, says = try_camera(camera_settings(f"http://127.0.0.1:{port}"), 0.2)
        assert not works and "within 0.2 seconds" in says


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
