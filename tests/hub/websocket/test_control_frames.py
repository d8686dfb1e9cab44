"""Pending control frames over a socket pair: their order, full send buffers, nothing after a close frame."""

from __future__ import annotations

import gevent.socket
import pytest

from hub.net.transport import PeerDisconnected
from hub.websocket.control_frames import PendingControlFrames, control_frame
from hub.websocket.frames import CLOSE, PING, PONG, close_payload


def test_a_pong_and_a_ping_go_out_together() -> None:
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs:
        controls = PendingControlFrames()
        assert not controls.due
        controls.pong, controls.ping_due = b"are you there", True
        assert controls.due
        controls.flush(ours)
        assert theirs.recv(100) == control_frame(PONG, b"are you there") + control_frame(PING, b"")
        assert not controls.due and controls.last_ping > 0


def test_a_full_send_buffer_leaves_them_pending() -> None:
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs:
        controls = PendingControlFrames()
        controls.ping_due = True
        ours.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            while True:
                ours.send(bytes(65536))
        controls.flush(ours)
        assert controls.due and controls.last_ping == 0.0


def test_a_close_frame_follows_the_remainder_and_ends_pings() -> None:
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs:
        controls = PendingControlFrames()
        controls.remainder = b"rest"
        frame = controls.close_frame(1001, "bye")
        assert frame == b"rest" + control_frame(CLOSE, close_payload(1001, "bye")) and controls.remainder == b""
        controls.pong, controls.ping_due, controls.remainder = b"late", True, frame
        controls.flush(ours)
        assert theirs.recv(100) == frame
        theirs.close()
        with pytest.raises(PeerDisconnected):
            controls.flush(ours)
            controls.remainder = b"x"
            controls.flush(ours)
