"""Reading and sending over a socket pair: buffers, timeouts, peers that disconnect or stall, time slices."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gevent
import gevent.socket
import pytest

from hub.net.connection_input import ConnectionInput
from hub.net.transport import PeerDisconnected, PeerStalled, linger, send_all
from hub.runtime.budget import Budget, OverBudget
from hub.runtime.time_slice import TIME_SLICE_SECONDS, TimeSlice

Pair = tuple[gevent.socket.socket, gevent.socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = gevent.socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_buffered_bytes_are_read_before_the_socket(pair: Pair) -> None:
    ours, theirs = pair
    source = ConnectionInput(ours)
    theirs.sendall(b"hello world")
    assert source.fill(1.0) and source.buffer == b"hello world"
    theirs.sendall(b"!")
    block = bytearray(6)
    assert source.read_into(memoryview(block), 1.0) == 6 and block == b"hello "
    assert source.read_into(memoryview(block), 1.0) == 5 and block[:5] == b"world"
    assert source.read_into(memoryview(block), 1.0) == 1 and block[:1] == b"!" and source.wait_seconds > 0


def test_the_end_of_the_input_and_a_timeout(pair: Pair) -> None:
    ours, theirs = pair
    source = ConnectionInput(ours)
    with pytest.raises(TimeoutError):
        source.fill(0.01)
    theirs.close()
    assert not source.fill(1.0) and source.read_into(memoryview(bytearray(1)), 1.0) == 0


def test_sending_to_a_peer_that_does_not_read_or_is_gone(pair: Pair) -> None:
    ours, theirs = pair
    with pytest.raises(PeerStalled, match=r"took nothing for 0\.05 s"):
        send_all(ours, bytes(10_000_000), 0.05, TimeSlice())
    theirs.close()
    with pytest.raises(PeerDisconnected, match="gone: "):
        send_all(ours, b"x", 1.0, TimeSlice())


def test_lingering_discards_what_still_comes(pair: Pair) -> None:
    ours, theirs = pair
    sender = gevent.spawn(lambda: (theirs.sendall(bytes(3_000_000)), theirs.close()))
    began = time.monotonic()
    linger(ours, 10.0, 10_000_000)
    sender.join(10)
    assert sender.successful() and time.monotonic() - began < 10


def test_a_used_up_time_slice_yields_to_timers_and_sockets(pair: Pair) -> None:
    """Two greenlets that never wait: a timer and a socket are served all the same."""
    ours, theirs = pair
    ends = time.monotonic() + 10
    served: list[str] = []

    def busy() -> None:
        time_slice = TimeSlice()
        while len(served) < 2 and time.monotonic() < ends:
            time_slice.check()

    gevent.spawn_later(TIME_SLICE_SECONDS, served.append, "timer")
    gevent.spawn(lambda: served.append(theirs.recv(1).decode()))
    ours.sendall(b"s")
    gevent.joinall([gevent.spawn(busy), gevent.spawn(busy)])
    assert sorted(served) == ["s", "timer"]


def test_a_large_buffer_is_counted_until_it_is_small_again(pair: Pair) -> None:
    process = Budget("process", 100_000)
    source = ConnectionInput(pair[0], process.child("connection", 50_000))
    for size, held in ((10_000, 0), (30_000, 30_000), (40_000, 40_000), (100, 0)):
        source.buffer[:] = bytes(size)
        source.count_buffer()
        assert process.held == held
    source.buffer[:] = bytes(60_000)
    with pytest.raises(OverBudget):
        source.count_buffer()
    assert process.held == 0
