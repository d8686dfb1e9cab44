"""Raw WebSockets over real sockets: messages, the closing handshake, slow receivers."""

import os
import socket

import pytest
import requests
import websocket

from tests.support import ws
from tests.support.http_server import MB


@pytest.mark.parametrize("size", [0, 1, 3, 125, 126, 127, 2047, 2049, 65535, 65536, 1_000_003])
def test_messages_of_every_size_come_back_as_they_were_sent(server, size):
    payload = os.urandom(size)
    with ws.open_raw(server.port) as sock:
        sock.sendall(ws.frame(2, payload))
        assert ws.read_frame(sock) == (2, payload)


def test_text_stays_text_and_binary_stays_binary(server):
    client = websocket.create_connection(f"{server.ws_url}/echo", timeout=10)
    client.send("น้ำหนัก 12 t ✓ 🚚")
    assert client.recv() == "น้ำหนัก 12 t ✓ 🚚"
    client.send_binary(b"\x00\xff\x80")
    assert client.recv() == b"\x00\xff\x80"
    client.close()


@pytest.mark.slow
def test_a_large_text_is_decoded_across_its_pieces(server):
    text = "aé✓🚚" * 800_000
    client = websocket.create_connection(f"{server.ws_url}/echo", timeout=20)
    client.send(text)
    assert client.recv() == text
    client.close()


def test_fragments_are_joined_and_a_ping_between_them_is_answered_at_once(server):
    with ws.open_raw(server.port) as sock:
        sock.sendall(
            ws.frame(1, b"one ", fin=False)
            + ws.frame(9, b"are you there")
            + ws.frame(0, b"", fin=False)
            + ws.frame(0, "✓".encode()[:1], fin=False)
        )
        assert ws.read_frame(sock) == (10, b"are you there")
        sock.sendall(ws.frame(0, "✓".encode()[1:]))
        assert ws.read_frame(sock) == (1, "one ✓".encode())


def test_a_message_that_comes_byte_by_byte_is_whole_in_the_end(server):
    with ws.open_raw(server.port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in ws.frame(1, b"slowly but surely" * 10):
            sock.sendall(bytes((byte,)))
        assert ws.read_frame(sock) == (1, b"slowly but surely" * 10)


def test_many_messages_in_one_packet_are_answered_in_their_order(server):
    with ws.open_raw(server.port) as sock:
        sock.sendall(b"".join(ws.frame(1, f"number {number}".encode()) for number in range(500)))
        assert [ws.read_frame(sock)[1] for _ in range(500)] == [f"number {number}".encode() for number in range(500)]


def test_a_frame_sent_together_with_the_handshake_is_not_lost(server):
    with ws.connect(server.port) as sock:
        sock.sendall(ws.upgrade_request("/echo") + ws.frame(1, b"early"))
        answer = b""
        while b"early" not in answer:
            answer += ws.received(sock)
    assert answer.startswith(b"HTTP/1.1 101 ") and answer.endswith(b"\x81\x05early")


def test_the_close_handshake_echoes_code_and_ends_the_connection(server):
    with ws.open_raw(server.port, "/echo?id=polite") as sock:
        sock.sendall(ws.frame(8, b"\x0f\xa1bye"))
        assert ws.read_close(sock) == (4001, "bye")
        assert sock.recv(1) == b""
    assert server.close_of("polite") == {"id": "polite", "code": 4001, "reason": "bye"}


def test_a_close_without_a_code_is_1005_and_a_vanished_peer_is_1006(server):
    with ws.open_raw(server.port, "/echo?id=nocode") as sock:
        sock.sendall(ws.frame(8))
        assert ws.read_frame(sock) == (8, b"")
    assert server.close_of("nocode")["code"] == 1005
    ws.open_raw(server.port, "/echo?id=vanished").close()
    assert server.close_of("vanished")["code"] == 1006


def test_a_peer_cut_in_the_middle_of_a_frame_is_1006(server):
    with ws.open_raw(server.port, "/echo?id=cut") as sock:
        sock.sendall(ws.frame(2, b"x" * 1000, announced=5000))
    assert server.close_of("cut")["code"] == 1006


def test_the_application_closes_with_its_own_code(server):
    with ws.open_raw(server.port, "/push?count=2&size=10") as sock:
        assert [ws.read_frame(sock)[0] for _ in range(2)] == [2, 2]
        assert ws.read_close(sock) == (4000, "that was all")
        sock.sendall(ws.frame(8, b"\x0f\xa0"))
        assert sock.recv(1) == b""


@pytest.mark.slow
def test_a_close_that_is_never_answered_ends_all_the_same(server):
    with ws.open_raw(server.port, "/push?count=1&size=10") as sock:
        ws.read_frame(sock)
        assert ws.read_close(sock)[0] == 4000
        assert sock.recv(1) == b""


def test_a_door_that_speaks_too_late_is_no_failure(server):
    with ws.open_raw(server.port, "/late") as sock:
        sock.sendall(ws.frame(8, b"\x03\xe8"))
        assert ws.read_close(sock)[0] == 1000
        assert sock.recv(1) == b""
    server.close_of("late")
    assert "failed" not in server.log()


@pytest.mark.slow
def test_a_crash_of_the_application_is_1011(tmp_path):
    with ws.running(tmp_path / "server.log", may_fail=True) as server:
        with ws.open_raw(server.port, "/ws-crash") as sock:
            assert ws.read_close(sock)[0] == 1011
        assert "meant to fail" in server.log()


# -- slowness and silence


def test_a_reader_with_a_small_window_gets_every_byte_in_order(server):
    with ws.open_raw(server.port, "/push?count=20&size=400000", receive_buffer=4096) as sock:
        for number in range(20):
            opcode, payload = ws.read_frame(sock)
            assert opcode == 2 and payload == bytes([number]) * 400_000
        assert ws.read_close(sock)[0] == 4000


def test_messages_of_many_senders_never_mix(server):
    with ws.open_raw(server.port, "/chorus", receive_buffer=4096) as sock:
        heard = []
        for number in range(60):
            sock.sendall(ws.frame(9, b"%d" % number))  # pongs go between the messages, too
            while (answer := ws.read_frame(sock))[0] != 1:
                assert answer[0] == 10
            assert answer[1] == answer[1][:1] * 150_000
            heard.append(answer[1][:1])
        assert sorted(heard) == sorted([b"a", b"b", b"c", b"d", b"e", b"f"] * 10)
        sock.sendall(ws.frame(8, b"\x03\xe8"))
        assert ws.read_close(sock)[0] == 1000


@pytest.mark.slow
def test_a_reader_that_stops_is_dropped_and_costs_little(server):
    server.state(reset=1)
    before = server.state()["rss"]
    with ws.open_raw(server.port, "/push?id=stopped&count=50&size=1000000", receive_buffer=4096):
        seen = server.close_of("stopped")
    assert seen["code"] == 1006 and "took nothing" in seen["reason"] and seen["sent"] < 3
    assert server.state()["peak"] - before < 8 * MB


def test_the_address_that_opened_the_socket_answers_http_too(server):
    assert requests.get(f"{server.url}/environ", timeout=10).json()["gatehouse.listener"] == "main"
