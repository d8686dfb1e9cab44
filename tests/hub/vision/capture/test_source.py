"""Video sources: files, streams and cameras that are there and that are not, and processes that are gone afterwards."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import psutil
import pytest
from gevent.threadpool import ThreadPool

from hub.vision.capture import source as source_module
from hub.vision.capture.errors import SENTENCES, SourceEnded, SourceError
from hub.vision.capture.source import SourcePicture, VideoSource
from tests.support.devices import begin_stream, http_camera, jpeg, part, tcp_device
from tests.support.rtsp import RtspCamera
from tests.support.trocr import gone
from tests.support.videos import level, level_of, write_video

Make = Callable[..., VideoSource]


@pytest.fixture
def make() -> Iterator[Make]:
    """Sources that are closed after the test; no process of theirs is left."""
    made: list[VideoSource] = []

    def new(target: int | str | Path, *args: object, **more: object) -> VideoSource:
        made.append(VideoSource(str(target) if isinstance(target, Path) else target, *args, **more))
        return made[-1]

    yield new
    for one in made:
        pid = one.pid
        one.close()
        one.close()
        assert pid is None or gone(pid)


def opened(source: VideoSource) -> VideoSource:
    source.open()
    return source


def rest(source: VideoSource, after: int = 0) -> list[SourcePicture]:
    """Every picture that `next` gives until the end."""
    pictures: list[SourcePicture] = []
    while True:
        try:
            picture = source.next(after, 5)
        except SourceEnded:
            return pictures
        assert picture is not None
        pictures.append(picture)
        after = picture.number


@pytest.mark.alone
def test_a_file_is_played_in_real_time(make: Make, tmp_path: Path) -> None:
    source = opened(make(write_video(tmp_path / "a.avi", 10, 20.0)))
    began = time.monotonic()
    pictures = rest(source)
    took = time.monotonic() - began
    info = source.info
    assert (info.frames, info.fps, info.width, info.height, info.live) == (10, 20.0, 64, 48, False)
    assert pictures[-1].number == 10 and 0.35 < took < 2.0
    for picture in pictures:
        assert level(picture.data) == level_of(picture.number)
        assert picture.seconds == pytest.approx((picture.number - 1) / 20, abs=0.001)
        assert (picture.width, picture.height) == (64, 48)
    with pytest.raises(SourceEnded):
        source.next(10, 1)
    assert source.next(3, 1) == pictures[-1], "the newest one is still given to a watcher that has not seen it"


def test_only_the_newest_frame_is_given(make: Make, tmp_path: Path) -> None:
    source = opened(make(write_video(tmp_path / "a.avi", 40, 50.0)))
    numbers = [0]
    while True:
        try:
            numbers.append(source.next(numbers[-1], 5).number)
        except SourceEnded:
            break
        gevent.sleep(0.05)
    skipped = [later - earlier for earlier, later in zip(numbers, numbers[1:], strict=False)]
    assert max(skipped) >= 2 and min(skipped) >= 1 and numbers[-1] == 40 and len(numbers) < 25


@pytest.mark.alone
@pytest.mark.parametrize(("step", "numbers"), [(1, list(range(1, 21))), (7, [1, 8, 15]), (30, [1])])
def test_steps_through_a_file(make: Make, tmp_path: Path, step: int, numbers: list[int]) -> None:
    source = opened(make(write_video(tmp_path / "a.avi", 20, 1.0), step=step))
    began = time.monotonic()
    pictures = rest(source)
    assert time.monotonic() - began < 5, "not in real time, which takes 20 s"
    assert [picture.number for picture in pictures] == numbers
    assert [level(picture.data) for picture in pictures] == [level_of(number) for number in numbers]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "wmv"])
def test_formats(make: Make, tmp_path: Path, suffix: str) -> None:
    source = opened(make(write_video(tmp_path / f"a.{suffix}", 12, 10.0), step=5))
    assert [picture.number for picture in rest(source)] == [1, 6, 11] and source.info.frames == 12


def test_a_file_without_end_of_its_name(make: Make, tmp_path: Path) -> None:
    written = write_video(tmp_path / "a.avi", 3)
    odd = written.rename(tmp_path / "gate 1 %d: กขค")
    assert len(rest(opened(make(odd, step=1)))) == 3


def test_what_is_no_video(make: Make, tmp_path: Path) -> None:
    (tmp_path / "text.avi").write_text("this is no video\n" * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "1.jpg").write_bytes(jpeg())
    for name, code in (
        ("missing.avi", "no file"),
        (".", "no file"),
        ("text.avi", "no video"),
        ("empty.mp4", "no video"),
        ("%d.jpg", "no file"),
        ("%01d.jpg", "no file"),
    ):
        with pytest.raises(SourceError) as raised:
            make(tmp_path / name).open()
        assert str(raised.value) == SENTENCES[code]


def test_playlists_in_files_open_nothing(make: Make, tmp_path: Path) -> None:
    """Neither another file nor an address: the server would notice the connection."""
    other = write_video(tmp_path / "other.avi", 3)
    requests: list[int] = []
    with tcp_device(lambda link, number: requests.append(number)) as port:
        address = f"http://127.0.0.1:{port}/a.ts"
        lists = {
            "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n",
            "b.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.avi\n#EXT-X-ENDLIST\n",
            "c.ffconcat": f"ffconcat version 1.0\nfile {address}\n",
            "d.ffconcat": f"ffconcat version 1.0\nfile {other.name}\n",
            "e.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 26\n",
        }
        for name, text in lists.items():
            for written in (tmp_path / name, tmp_path / f"{name}.mp4"):
                written.write_text(text)
                with pytest.raises(SourceError, match="no video"):
                    make(written).open()
    assert requests == []


def test_a_stream_cannot_name_files(make: Make, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", 3)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{video}\n#EXT-X-ENDLIST\n".encode()

    def answer(handler: object) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/vnd.apple.mpegurl")
        handler.send_header("Content-Length", str(len(playlist)))
        handler.end_headers()
        handler.wfile.write(playlist)

    with http_camera(answer) as address, pytest.raises(SourceError):
        make(f"{address}/a.m3u8").open()


def test_pictures_over_the_limit_are_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="larger than 25 megapixels"):
        make(write_video(tmp_path / "a.avi", 1, size=(6016, 4208))).open()


@pytest.mark.parametrize("index", [63])
def test_a_camera_that_is_not_there(make: Make, index: int) -> None:
    with pytest.raises(SourceError, match="no camera of that number"):
        make(index).open()


@pytest.mark.parametrize("target", [-1, 64, "concat:a.avi|b.avi", "file:///etc/passwd"])
def test_no_process_is_started_for_what_is_no_source(make: Make, target: int | str) -> None:
    source = make(target, command=("a command that does not exist",))
    with pytest.raises(SourceError) as raised:
        source.open()
    assert str(raised.value) != SENTENCES["no start"] and source.pid is None


@pytest.mark.alone
@pytest.mark.parametrize("scheme", ["http", "rtsp", "rtmp"])
def test_a_silent_server_is_given_up(make: Make, scheme: str) -> None:
    with tcp_device(lambda link, number: link.settimeout(20) or link.recv(1) and link.recv(100_000)) as port:
        source = make(f"{scheme}://user:geheim@127.0.0.1:{port}/stream", 0.5)
        began = time.monotonic()
        with pytest.raises(SourceError) as raised:
            source.open()
    assert time.monotonic() - began < 4.0  # of which half a second is the limit, the rest the start of the process
    assert "geheim" not in str(raised.value) and "127.0.0.1" not in str(raised.value)


def test_nobody_listens(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(SourceError, match="has no video there"):
        make(f"rtsp://127.0.0.1:{port}/stream").open()


def test_a_motion_jpeg_stream(make: Make) -> None:
    def answer(handler: object) -> None:
        begin_stream(handler)
        for _ in range(25):
            handler.wfile.write(part(jpeg(100)))
            time.sleep(0.02)

    with http_camera(answer) as address:
        source = opened(make(f"{address}/video"))
        assert source.info.live and (source.info.frames, source.info.width) == (0, 64)
        first = source.next(0, 5)
        newest = source.next(first.number, 5)
        assert newest.number > first.number and newest.seconds > first.seconds and level(first.data) == 100
        with pytest.raises(SourceError, match="broke off"):
            while newest := source.next(newest.number, 5):
                pass


def test_an_rtsp_camera(make: Make) -> None:
    with RtspCamera("me", "geheim", jpeg(90)) as camera:
        source = opened(make(f"rtsp://me:geheim@127.0.0.1:{camera.port}/stream", 3.0))
        picture = source.next(0, 5)
        assert source.info.live and level(picture.data) == 90 and source.next(picture.number, 5).number > picture.number


@pytest.mark.slow
def test_a_camera_that_falls_silent(make: Make) -> None:
    with RtspCamera("", "", jpeg(90), pictures=50) as camera:
        source = opened(make(f"rtsp://127.0.0.1:{camera.port}/stream", 3.0))
        after = 0
        with pytest.raises(SourceError, match="no picture for 5 s"):
            while True:
                picture = source.next(after, 1)
                after = picture.number if picture else after


def test_a_process_that_is_killed(make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = opened(make(write_video(tmp_path / "a.avi", 100, 1.0)))
    assert source.next(0, 5).number == 1
    waiting = gevent.spawn(source.next, 1, 30)
    gevent.sleep(0.02)
    psutil.Process(source.pid).kill()
    waiting.join(5)
    assert isinstance(waiting.exception, SourceError) and str(waiting.exception) == SENTENCES["died"]
    with pytest.raises(SourceError, match="ended; start it again"):
        source.next(1, 1)
    assert source.is_over and "process of a video source ended" in caplog.text and str(tmp_path) not in caplog.text


@pytest.mark.alone
def test_none_when_no_picture_came_in_time(make: Make, tmp_path: Path) -> None:
    source = opened(make(write_video(tmp_path / "a.avi", 3, 0.5)))
    assert source.next(0, 5).number == 1
    began = time.monotonic()
    assert source.next(1, 0.05) is None and source.next(1, 0.0) is None
    assert time.monotonic() - began < 0.5


def test_many_watchers_of_one_source(make: Make, tmp_path: Path) -> None:
    source = opened(make(write_video(tmp_path / "a.avi", 10, 20.0)))
    watching = [gevent.spawn(rest, source) for _ in range(5)]
    gevent.joinall(watching, timeout=10)
    for one in watching:
        numbers = [picture.number for picture in one.value]
        assert numbers == sorted(set(numbers)) and numbers[-1] == 10 and len(numbers) >= 3


def test_closing_while_somebody_waits(make: Make, tmp_path: Path) -> None:
    source = opened(make(write_video(tmp_path / "a.avi", 3, 0.1)))
    after = source.next(0, 5).number
    waiting = gevent.spawn(source.next, after, 60)
    gevent.sleep(0.02)
    pid = source.pid
    source.close()
    waiting.join(5)
    assert isinstance(waiting.exception, SourceError) and gone(pid) and source.pid is None
    with pytest.raises(SourceError, match="was closed"):
        source.next(after, 1)


@pytest.mark.alone
def test_the_event_loop_goes_on_while_a_source_opens(make: Make) -> None:
    with tcp_device(lambda link, number: link.settimeout(20) or link.recv(100_000) and link.recv(1)) as port:
        opening = gevent.spawn(make(f"rtsp://127.0.0.1:{port}/", 0.5).open)
        longest, last = 0.0, time.monotonic()
        while not opening.dead:
            gevent.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    assert isinstance(opening.exception, SourceError) and longest < 0.25


def fake(body: str) -> tuple[str, ...]:
    """A process that speaks the same over the pipes and does what the test wants."""
    code = (
        "import os, sys, time\nfrom hub.vision.wire import receive, send\n"
        f"source, out = sys.stdin.buffer, sys.stdout.buffer\n{body}\n"
    )
    return sys.executable, "-c", code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("sys.exit('no memory left')", "no start"),
        ("out.write(b'Traceback' * 100)\nout.flush()\ntime.sleep(600)", "no start"),
        ("send(out, {'state': 'ready'})\nreceive(source)\nos._exit(3)", "died"),
        ("send(out, {'state': 'ready'})\nreceive(source)\ntime.sleep(600)", "too late"),
    ],
)
def test_a_process_that_does_not_serve(make: Make, tmp_path: Path, body: str, code: str) -> None:
    source = make(tmp_path / "a.avi", 0.2, command=fake(body))
    with pytest.raises(SourceError) as raised:
        source.open()
    assert str(raised.value) == SENTENCES[code] and source.pid is None


def test_a_process_that_does_not_answer_is_killed(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "ANSWER_SECONDS", 0.1)
    body = "send(out, {'state': 'ready'})\nreceive(source)\nsend(out, {'info': {}})\ntime.sleep(600)"
    source = opened(make(tmp_path / "a.avi", command=fake(body)))
    pid = source.pid
    with pytest.raises(SourceError, match="ended; start it again"):
        source.next(0, 0.1)
    assert gone(pid)


def test_a_command_that_cannot_be_started(make: Make, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="could not be started"):
        make(tmp_path / "a.avi", command=(str(tmp_path / "no python"),)).open()


def test_closing_ends_the_native_thread(tmp_path: Path) -> None:
    source = opened(VideoSource(str(write_video(tmp_path / "a.avi", 3)), step=1))
    pool: ThreadPool = source._pool
    assert pool.size == 1 and rest(source)
    source.close()
    assert pool.size == 0
