"""Keep-alive of WebSockets over real sockets: pings, half-open connections."""

import time

import gevent
import pytest

from hub.websocket.keepalive import KeepAliveMonitor
from tests.support import ws


@pytest.mark.slow
def test_pings_go_out_and_a_peer_that_answers_stays(impatient):
    with ws.open_raw(impatient.port) as sock:
        for _ in range(6):  # longer than the idle limit
            assert ws.read_frame(sock) == (9, b"")
            sock.sendall(ws.frame(10))
        sock.sendall(ws.frame(1, b"still here"))
        while (answer := ws.read_frame(sock))[0] == 9:
            sock.sendall(ws.frame(10))
        assert answer == (1, b"still here")


@pytest.mark.slow
def test_a_slow_reader_of_a_large_message_is_not_taken_for_dead(impatient):
    with ws.open_raw(impatient.port, "/chorus", receive_buffer=4096) as sock:
        began = time.monotonic()
        ws.until(lambda: time.monotonic() - began > 1.0)  # well over the idle limit
        while (answer := ws.read_frame(sock))[0] != 9:
            assert answer[0] == 1 and len(answer[1]) == 150_000
        sock.sendall(ws.frame(10))
        assert len(ws.read_frame(sock)[1]) in (0, 150_000)


@pytest.mark.slow
def test_a_half_open_peer_is_dropped_with_1011(impatient):
    with ws.open_raw(impatient.port, "/echo?id=dead") as sock:
        assert impatient.close_of("dead")["code"] == 1011
        assert ws.read_close(sock)[0] == 1011


def test_a_single_greenlet_looks_after_all_sockets(impatient):
    socks = [ws.open_raw(impatient.port) for _ in range(30)]
    for sock in socks:
        assert ws.read_frame(sock) == (9, b"")
        sock.close()
    ws.until(lambda: impatient.state()["status"]["websockets"] == 0)
    assert (
        "websocket keeper" in impatient.state()["greenlets"]
        and impatient.state()["greenlets"].count("websocket keeper") == 1
    )


class Silent:
    """A WebSocket whose peer is silent."""

    closed, receiving, close_deadline = False, True, None
    last_received, last_ping, pings = 0.0, -1.0, 0

    def overdue(self, now):
        return None

    def ping(self):
        self.pings += 1


class Slices:
    """A time slice that counts how often it was asked whether the event loop is to go on."""

    checks = 0

    def check(self):
        self.checks += 1


def test_the_event_loop_may_go_on_between_two_pings():
    """Thousands of peers that were connected together are due together."""
    monitor, slices, sockets = KeepAliveMonitor(0.1, 10.0, 1.0), Slices(), [Silent() for _ in range(20)]
    monitor._time_slice = slices
    for socket in sockets:
        monitor.add(socket)
    with gevent.Timeout(10):
        while not all(socket.pings for socket in sockets):
            gevent.sleep(0.01)
    monitor.stop()
    assert slices.checks >= len(sockets)
