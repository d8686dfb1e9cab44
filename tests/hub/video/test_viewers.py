"""In-flight frames of viewers over real sockets: acknowledged, unread, stalled."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator

import gevent
import gevent.socket
import pytest

from hub.contract.errors import Unavailable
from hub.net.send_queue import send_window, unsent_bytes
from hub.video.viewers import Viewers
from tests.support.helpers import wait_for

LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"),
    reason="Only Linux tells what a connection still holds and what its peer would take.",
)
FRAME = 40_000


@contextlib.contextmanager
def pair(receive_buffer: int = 0) -> Iterator[tuple[gevent.socket.socket, socket.socket]]:
    """(our end, the viewer's end) of a TCP connection."""
    with socket.socket() as listener, socket.socket() as viewer:
        if receive_buffer:
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        viewer.connect(listener.getsockname())
        plain, _ = listener.accept()
        with gevent.socket.socket(fileno=plain.detach()) as ours:
            yield ours, viewer


def read(viewer: socket.socket, size: int) -> None:
    while size:
        size -= len(viewer.recv(size))


@LINUX
def test_what_the_system_tells_of_a_connection() -> None:
    with pair(4096) as (ours, viewer):
        widest = send_window(ours)
        assert unsent_bytes(ours) == 0 and widest
        ours.setblocking(False)
        sent = ours.send(bytes(100_000))
        wait_for(lambda: send_window(ours) < widest, what="the window's shrinking")
        assert 0 < unsent_bytes(ours) <= sent
        read(viewer, sent)
        wait_for(lambda: unsent_bytes(ours) == 0, what="everything's having arrived")
    assert unsent_bytes(ours) == 0 and send_window(ours) is None, "of a closed socket nothing is known"


@LINUX
def test_a_new_viewer_has_one_frame_under_way_until_it_has_kept_up() -> None:
    viewers = Viewers(5, 3.0)
    with pair(4096) as (ours, reader):
        viewer = viewers.add(ours, "127.0.0.1", "mjpeg")
        viewer.begin(FRAME)
        ours.sendall(bytes(FRAME))
        viewer.done()
        waiting = gevent.spawn(viewer.ready)
        gevent.sleep(0.05)
        assert not waiting.dead and viewer.oldest_in_flight is not None, "the frame has not arrived"
        gevent.get_hub().threadpool.apply(read, (reader, FRAME))
        assert waiting.get(timeout=5) is True and viewer.oldest_in_flight is None and viewer.sent == 1


@LINUX
def test_one_that_has_kept_up_has_two_frames_of_each_camera_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.video.viewers.PROOF_SECONDS", 0.0)
    monkeypatch.setattr("hub.video.viewers.BURST_SECONDS", 60.0)
    viewers = Viewers(5, 3.0)
    with pair(4096) as (ours, _):
        viewer = viewers.add(ours, "127.0.0.1", "websocket")
        for _ in range(4):
            assert viewer.ready(cameras=2)
            viewer.begin(FRAME // 4)
            ours.sendall(bytes(FRAME // 4))
            viewer.done()
        waiting = gevent.spawn(viewer.ready, 2)
        gevent.sleep(0.05)
        assert not waiting.dead, "a fifth frame of two cameras waits"
        waiting.kill()


@pytest.mark.slow
@LINUX
def test_who_takes_too_long_is_dropped() -> None:
    viewers = Viewers(5, 0.3)
    running = gevent.spawn(viewers.run)
    with pair(4096) as (ours, reader):
        viewer = viewers.add(ours, "127.0.0.1", "mjpeg")
        viewer.begin(FRAME)
        ours.sendall(bytes(FRAME))
        viewer.done()
        assert viewer.ready() is False and viewers.dropped == 1
        viewers.remove(viewer)
        assert viewers.status()["sent"] == 1 and len(viewers) == 0
    running.kill()


def test_there_are_only_so_many() -> None:
    viewers = Viewers(1, 3.0)
    first = viewers.add(None, "", "mjpeg")
    with pytest.raises(Unavailable) as caught:
        viewers.add(None, "", "websocket")
    assert caught.value.status == 503 and first.ready() and not first.disconnected
    viewers.remove(first)
    viewers.check()
