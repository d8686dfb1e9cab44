"""The frame store: JPEG headers, the newest frame of each camera, waiting, limits."""

from __future__ import annotations

import io

import gevent
import pytest
from PIL import Image

from hub.contract.errors import RequestError
from hub.contract.picture_size import jpeg_size
from hub.settings.video import Video
from hub.video.store import FrameStore
from tests.support.helpers import jpeg


def store(**settings: object) -> FrameStore:
    return FrameStore(Video(**settings))


def test_the_size_of_a_jpeg_is_read_from_its_head() -> None:
    plain = jpeg(640, 360)
    progressive = io.BytesIO()
    Image.new("RGB", (333, 222)).save(
        progressive, "JPEG", progressive=True, exif=b"Exif\0\0" + bytes.fromhex("ffc0001108000100010301") * 40
    )
    assert jpeg_size(plain) == (640, 360)
    assert jpeg_size(progressive.getvalue()) == (333, 222), "the bytes FF C0 inside the metadata are no frame header"
    assert jpeg_size(plain + b"\0" * 30) == (640, 360)
    assert jpeg_size(b"\xff\xff" + plain[2:]) is None
    for cut in range(0, plain.index(b"\xff\xda"), 7):
        jpeg_size(plain[:cut])
    assert (
        jpeg_size(plain[:20]) is None
        and jpeg_size(b"\xff\xd8" + bytes(1000)) is None
        and jpeg_size(b"\xff\xd8\xff\xd9") is None
    )


def test_bytes_stay_as_they_are_and_the_newest_wins() -> None:
    frames = store()
    assert frames.newest() is None and frames.newest("a") is None and frames.cameras() == []
    first, second = jpeg(64, 48), jpeg(32, 32) + b"after the end"
    a, b = frames.put("a", first, "http"), frames.put(" b ", second, "rest")
    assert (a.data, a.width, a.height, b.camera, b.data) == (first, 64, 48, "b", second)
    assert frames.newest() is b and frames.newest("a") is a and b.seq > a.seq
    assert [entry.name for entry in frames.cameras()] == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), 400),
        (b"\xff\xff\xd8" + bytes(100), 400),
        (b"\xff\xd8" + bytes(1024 * 1024), 413),
    ],
)
def test_what_is_no_picture_is_refused_and_counted(data: bytes, status: int) -> None:
    frames = store(max_frame_mb=1)
    kept = frames.put("a", jpeg(), "http")
    with pytest.raises(RequestError) as caught:
        frames.put("a", data, "http")
    assert caught.value.status == status and sum(frames.refused.values()) == 1
    assert frames.newest("a") is kept and frames.camera("a").metrics.body()["dropped_frames"] == 1


@pytest.mark.parametrize("data", [b"\xff\xd8" + bytes(100), b"\xff\xd8\xff\xe0" + b"\xff" * 2000, jpeg()[:40]])
def test_a_picture_that_says_no_size_is_kept_as_it_is(data: bytes) -> None:
    """The first two bytes decide (docs/wire/apriltag.md 5.8); the size is "Unknown", as at older servers (2.3)."""
    frames = store()
    assert frames.put("a", data, "http").data == data
    assert frames.camera("a").metrics.body()["resolution"] == "Unknown"


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", "\udcff"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(RequestError):
        store().put(name, jpeg(), "rest")


def test_one_camera_too_many_is_refused_until_another_is_silent_for_long() -> None:
    frames = store(max_cameras=2, forget_seconds=1)
    frames.put("a", jpeg(), "rest")
    frames.put("b", jpeg(), "rest")
    with pytest.raises(RequestError) as caught:
        frames.put("c", jpeg(), "rest")
    assert caught.value.status == 503
    object.__setattr__(frames.newest("a"), "mono", frames.newest("a").mono - 2)
    frames.put("c", jpeg(), "rest")
    assert [entry.name for entry in frames.cameras()] == ["b", "c"]


def test_waiting_ends_with_the_next_frame_for_everybody() -> None:
    frames = store()
    waiting = [gevent.spawn(frames.wait, camera, 0, 5) for camera in ("a", None, "a", "other")]
    gevent.sleep(0)
    frame = frames.put("a", jpeg(), "rest")
    gevent.joinall(waiting[:3], timeout=5)
    assert [one.value for one in waiting[:3]] == [frame] * 3
    assert frames.wait("a", 0, 0) is frame and frames.wait("a", frame.seq, 0.01) is None
    frames.close()
    waiting[3].join(5)
    assert waiting[3].successful() and waiting[3].value is None and frames.viewers() == 0


def test_a_slow_viewer_of_many_cameras_sees_the_newest_of_each() -> None:
    frames = store()
    with frames.watch(["a", "b"]) as watch:
        for _ in range(5):
            newest = [frames.put(camera, jpeg(), "rest") for camera in ("a", "b", "c")]
        assert [watch.next(0), watch.next(0), watch.next(0.01)] == [newest[0], newest[1], None]
        assert frames.viewers() == 1
