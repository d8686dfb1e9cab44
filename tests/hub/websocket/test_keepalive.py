"""Keep-alive of WebSockets over real sockets: pings, half-open connections."""

import time

import pytest

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
