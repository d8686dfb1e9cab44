"""Live pictures scaled down for small tiles: once for all viewers, off the event loop, never at a viewer's expense."""

from __future__ import annotations

import io

import gevent
import pytest
import websocket
from PIL import Image

from hub.contract.errors import ContractError
from hub.runtime.lanes import Lane
from hub.settings.video import Video
from hub.store.pictures import PictureError
from hub.video import scaled
from hub.video.frames import Frame
from hub.video.scaled import Scaler, shown_width, shrink
from hub.video.store import FrameStore
from tests.support.helpers import HubProcess, jpeg
from tests.support.video import VideoSocket, closing, send


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


def newest(data: bytes) -> Frame:
    return FrameStore(Video()).put("gate", data, "rest")


@pytest.fixture
def lane():
    made = Lane("live pictures", 1, 8)
    yield made
    made.close()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_of_any_kind_is_scaled_and_keeps_its_shape(mode: str) -> None:
    data = io.BytesIO()
    Image.new(mode, (1000, 700)).save(data, "JPEG", progressive=True)
    made, size = shrink(data.getvalue(), 320)
    assert size == size_of(made) == (320, 224)


def test_what_cannot_be_scaled_is_said() -> None:
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (640, 360)).save(turned, "JPEG", exif=exif)
    whole = jpeg(1280, 720)
    for data in (turned.getvalue(), whole[:-300], whole[:100], b"\xff\xd8\xff" + bytes(100)):
        with pytest.raises(PictureError):
            shrink(data, 320)


@pytest.mark.parametrize(
    "text, width", [(None, 0), ("", 0), ("0", 0), ("1", 160), ("160", 160), ("161", 320), ("1280", 1280), ("1281", 0)]
)
def test_a_width_is_rounded_up_to_one_of_a_few(text: str | None, width: int) -> None:
    assert shown_width(text) == width


@pytest.mark.parametrize("text", ["-1", "x", "1e3", "123456", "٣٢٠", " 320"])
def test_an_odd_width_is_refused(text: str) -> None:
    with pytest.raises(ContractError):
        shown_width(text)


def test_each_size_is_made_once_for_all_viewers(lane: Lane) -> None:
    scaler, frame = Scaler(lane), newest(jpeg(1280, 720))
    viewers = [gevent.spawn(scaler.scaled, frame, width) for width in (320, 320, 160, 320)]
    gevent.joinall(viewers, timeout=60, raise_error=True)
    one, same, other, again = [viewer.value for viewer in viewers]
    assert one is same is again and (one.width, one.height) == (320, 180) == size_of(one.data)
    assert (other.width, other.height) == (160, 90)
    assert (one.seq, one.camera, one.received_at) == (frame.seq, frame.camera, frame.received_at)
    assert scaler.status() == {"made": 2, "busy": 0, "failed": 0} and lane.done == 2


def test_a_frame_is_sent_as_it_is_where_nothing_is_gained(lane: Lane) -> None:
    scaler, frame = Scaler(lane), newest(jpeg(390, 200))
    assert scaler.scaled(frame, 0) is scaler.scaled(frame, 320) is scaler.scaled(frame, 640) is frame
    cut = newest(jpeg(1280, 720)[:-300])
    assert scaler.scaled(cut, 320) is scaler.scaled(cut, 320) is cut
    assert scaler.status() == {"made": 0, "busy": 0, "failed": 1}, "a picture that cannot be scaled is tried once"


def test_a_busy_lane_holds_up_no_viewer(lane: Lane) -> None:
    scaler, frame = Scaler(lane), newest(jpeg(1280, 720))
    with lane.admitted(), lane.admitted(), lane.admitted(), lane.admitted(), lane.admitted(), lane.admitted():
        assert lane.pending == scaled.MAX_PENDING and scaler.scaled(frame, 320) is frame
    assert scaler.busy == 1 and lane.refused == 0
    assert scaler.scaled(frame, 320).width == 320


def test_a_viewer_that_leaves_while_its_frame_is_made_leaves_no_other_waiting(lane: Lane) -> None:
    scaler, frame = Scaler(lane), newest(jpeg(4000, 3000))
    leaves = gevent.spawn(scaler.scaled, frame, 320)
    gevent.sleep(0)
    stays = gevent.spawn(scaler.scaled, frame, 320)
    gevent.sleep(0)
    leaves.kill()
    assert stays.get(timeout=10) is frame


@pytest.mark.slow
def test_viewers_of_a_real_hub(hub: HubProcess) -> None:
    data = jpeg(1280, 720)
    send(hub, "scaled", data)
    with closing(old := VideoSocket(hub, "?camera=scaled"), small := VideoSocket(hub, "?camera=scaled&width=300")):
        header, received = old.frame()
        assert received == data and (header["width"], header["height"]) == (1280, 720)
        smaller, received = small.frame()
        assert size_of(received) == (smaller["width"], smaller["height"]) == (320, 180)
        assert (smaller["seq"], smaller["timestamp"]) == (header["seq"], header["timestamp"])
        assert hub.get("/status")["video"]["scaled"] == {"made": 1, "busy": 0, "failed": 0}
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        VideoSocket(hub, "?width=wide")
    assert refused.value.status_code == 400
