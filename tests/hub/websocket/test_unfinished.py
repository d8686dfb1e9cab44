"""Unfinished messages over real sockets: their deadline, their bytes, and fragments that carry nothing."""

import time
from pathlib import Path

import pytest

from tests.support import ws
from tests.support.http_server import MB

pytestmark = pytest.mark.slow

SECONDS = 0.5


@pytest.fixture(scope="module")
def hurried(tmp_path_factory):
    """A server that gives a message half a second."""
    path: Path = tmp_path_factory.mktemp("unfinished") / "server.log"
    with ws.running(path, ping_seconds=0.1, idle_seconds=5.0, close_seconds=0.5, message_seconds=SECONDS) as started:
        yield started


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server that gives all messages 2 MB, of which a quarter is for small ones."""
    path: Path = tmp_path_factory.mktemp("budget") / "server.log"
    with ws.running(path, ping_seconds=0.1, idle_seconds=60.0, close_seconds=0.5, memory_bytes=2 * MB) as started:
        yield started


def pongs_until_closed(sock) -> tuple[int, str]:
    """Send pongs until the server closes; its code and reason."""
    began = time.monotonic()
    while time.monotonic() - began < 10:
        opcode, payload = ws.read_frame(sock)
        if opcode == 8:
            return int.from_bytes(payload[:2], "big"), payload[2:].decode()
        sock.sendall(ws.frame(10))
    raise AssertionError("the server did not close")


@pytest.mark.parametrize(
    "begun",
    [
        ws.frame(1, b"half", announced=100_000),
        ws.frame(1, b"a fragment", fin=False),
        ws.frame(1, b"", fin=False),
        ws.frame(1, b"a fragment", fin=False) + ws.frame(0, b"", announced=100_000),
    ],
    ids=["frame", "fragment", "empty fragment", "second frame"],
)
def test_pongs_do_not_keep_an_unfinished_message(hurried, begun):
    with ws.open_raw(hurried.port) as sock:
        sock.sendall(begun)
        code, reason = pongs_until_closed(sock)
    assert code == 1008 and "not finished within 0.5 s" in reason


def test_a_message_that_keeps_coming_has_as_long_as_it_needs(hurried):
    piece = b"x" * 16_384
    with ws.open_raw(hurried.port) as sock:
        began = time.monotonic()
        count = 0
        sock.sendall(ws.frame(2, piece, fin=False))
        while time.monotonic() - began < 3 * SECONDS:
            sock.sendall(ws.frame(0, piece, fin=False))
            count += 1
            time.sleep(0.05)
        sock.sendall(ws.frame(0, b""))
        while (answer := ws.read_frame(sock))[0] == 9:
            pass
    assert len(answer[1]) == (count + 1) * len(piece)


def test_a_message_over_the_budget_is_refused_with_1013_and_small_ones_are_served(small):
    with ws.open_raw(small.port) as large, ws.open_raw(small.port) as refused, ws.open_raw(small.port) as little:
        large.sendall(ws.frame(2, b"x" * (MB + MB // 2), announced=4 * MB))
        refused.sendall(ws.frame(2, b"x" * MB, announced=4 * MB))
        code, reason = pongs_until_closed(refused)
        assert code == 1013 and "send it again" in reason
        little.sendall(ws.frame(2, b"y" * 50_000))
        while (answer := ws.read_frame(little))[0] == 9:
            little.sendall(ws.frame(10))
        assert answer == (2, b"y" * 50_000)
    with ws.open_raw(small.port) as sock:  # everything was given back
        sock.sendall(ws.frame(2, b"z" * MB))
        while (answer := ws.read_frame(sock))[0] == 9:
            pass
        assert answer == (2, b"z" * MB)


def test_a_flood_of_empty_fragments_is_ended_with_1008(hurried):
    with ws.open_raw(hurried.port) as sock:
        sock.sendall(ws.frame(1, b"", fin=False) + ws.frame(0, b"", fin=False) * 2000)
        assert ws.read_close(sock)[0] == 1008
