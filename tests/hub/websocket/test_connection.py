"""The raw WebSocket over real sockets: messages, every rule a peer can break, silence, slowness, Socket.IO on top."""

import json
import os
import socket
import threading
import time

import pytest
import requests
import socketio
import websocket

from tests.support import ws

MB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ws.running(
        tmp_path_factory.mktemp("ws") / "server.log",
        max_message_bytes=40 * MB,
        max_body_bytes=40 * MB,
        send_stall_seconds=1.0,
        close_seconds=1.0,
    ) as started:
        yield started


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """Pings after 0.1 s, drops after 0.4 s."""
    with ws.running(
        tmp_path_factory.mktemp("ws") / "server.log", ping_seconds=0.1, idle_seconds=0.4, close_seconds=0.3
    ) as started:
        yield started


# -- messages


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


# -- rules a peer can break

BROKEN = {
    "unmasked": (ws.frame(1, b"hi", masked=False), 1002),
    "reserved bit": (ws.frame(1, b"hi", reserved=4), 1002),
    "unknown opcode": (ws.frame(3, b"hi"), 1002),
    "unknown control opcode": (ws.frame(11), 1002),
    "control frame in fragments": (ws.frame(9, b"a", fin=False), 1002),
    "control frame too long": (ws.frame(9, b"a" * 126), 1002),
    "continuation of nothing": (ws.frame(0, b"a"), 1002),
    "message inside a message": (ws.frame(1, b"a", fin=False) + ws.frame(1, b"b"), 1002),
    "length with highest bit": (ws.frame(2, b"", announced=1 << 63), 1002),
    "close of one byte": (ws.frame(8, b"\x03"), 1002),
    "close with a forbidden code": (ws.frame(8, b"\x03\xee"), 1002),
    "close with a reason that is not UTF-8": (ws.frame(8, b"\x03\xe8\xff"), 1007),
    "text that is not UTF-8": (ws.frame(1, b"good \xc3\x28"), 1007),
    "text that ends inside a character": (ws.frame(1, "✓".encode()[:2]), 1007),
    "surrogates": (ws.frame(1, b"\xed\xa0\x80"), 1007),
    "60 MB announced": (ws.frame(2, b"", announced=60 * MB), 1009),
    "largest length": (ws.frame(2, b"", announced=(1 << 63) - 1), 1009),
    "fragments too large together": (ws.frame(2, b"x" * 60, fin=False) + ws.frame(0, b"x" * 60), 1009),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_closes_with_its_code_and_a_reason(server, name):
    data, code = BROKEN[name]
    marker = name.replace(" ", "-")
    with ws.open_raw(server.port, f"/echo?id={marker}" + ("&limit=100" if "fragments too" in name else "")) as sock:
        sock.sendall(data)
        got, reason = ws.read_close(sock)
        assert got == code and reason
        assert sock.recv(1) == b""
    assert server.close_of(marker)["code"] == code


def test_large_text_that_turns_bad_at_its_end_closes_with_1007(server):
    with ws.open_raw(server.port) as sock:
        sock.sendall(ws.frame(1, b"a" * (3 * MB) + b"\xff"))
        assert ws.read_close(sock)[0] == 1007


def test_an_oversized_frame_costs_no_memory_and_its_sender_reads_1009(server):
    server.state(reset=1)
    before = server.state()["rss"]
    with ws.open_raw(server.port) as sock:
        sock.sendall(ws.frame(2, b"", announced=60 * MB))
        sending = threading.Thread(target=_send_until_refused, args=(sock, 60 * MB))
        sending.start()
        assert ws.read_close(sock)[0] == 1009
        sending.join(20)
    assert server.state()["peak"] - before < 8 * MB


def _send_until_refused(sock, count):
    try:
        for _ in range(count // 65536):
            sock.sendall(b"x" * 65536)
    except OSError:
        return


def test_one_byte_fragments_do_not_multiply_in_memory(server):
    server.state(reset=1)
    before = server.state()["rss"]
    with ws.open_raw(server.port, "/echo?limit=1000000") as sock:
        sock.sendall(ws.frame(2, b"", fin=False) + ws.frame(0, b"x", fin=False) * 300_000 + ws.frame(0, b"x"))
        assert len(ws.read_frame(sock)[1]) == 300_001
    assert server.state()["peak"] - before < 12 * MB


def test_a_flood_of_pings_is_ended_with_1008_and_others_are_served_meanwhile(server):
    with ws.open_raw(server.port) as flood:
        flood.sendall(ws.frame(9, b"x") * 20_000)
        with ws.open_raw(server.port) as other:
            other.sendall(ws.frame(1, b"still served"))
            assert ws.read_frame(other) == (1, b"still served")
        assert ws.read_close(flood)[0] == 1008


def test_a_large_message_holds_nobody_up(server):
    with ws.open_raw(server.port, "/echo?limit=100000000") as big, ws.open_raw(server.port) as small:
        data = ws.frame(2, bytes(60 * MB))[:14] + bytes(60 * MB)
        server.state(reset=1)
        sending = threading.Thread(target=big.sendall, args=(data,))
        sending.start()
        rounds = 0
        while sending.is_alive():
            small.sendall(ws.frame(1, b"me too"))
            assert ws.read_frame(small) == (1, b"me too")
            rounds += 1
        sending.join()
        assert ws.exactly(big, 10)[:2] == b"\x82\x7f"
    assert rounds > 1  # whoever is held up hears the first answer when the large message is through, and no second one


def test_half_a_large_message_holds_nobody_up(server):
    with ws.open_raw(server.port, "/echo") as big, ws.open_raw(server.port) as small:
        big.sendall(ws.frame(2, bytes(10 * MB))[:14])
        for _ in range(10):
            big.sendall(bytes(MB))
            small.sendall(ws.frame(1, b"me too"))
            assert ws.read_frame(small) == (1, b"me too")
        assert ws.exactly(big, 10)[:2] == b"\x82\x7f"


# -- closing


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


def test_a_reader_that_stops_is_dropped_and_costs_little(server):
    server.state(reset=1)
    before = server.state()["rss"]
    with ws.open_raw(server.port, "/push?id=stopped&count=50&size=1000000", receive_buffer=4096):
        seen = server.close_of("stopped")
    assert seen["code"] == 1006 and "took nothing" in seen["reason"] and seen["sent"] < 3
    assert server.state()["peak"] - before < 8 * MB


def test_pings_go_out_and_a_peer_that_answers_stays(impatient):
    with ws.open_raw(impatient.port) as sock:
        for _ in range(6):  # longer than the idle limit
            assert ws.read_frame(sock) == (9, b"")
            sock.sendall(ws.frame(10))
        sock.sendall(ws.frame(1, b"still here"))
        while (answer := ws.read_frame(sock))[0] == 9:
            sock.sendall(ws.frame(10))
        assert answer == (1, b"still here")


def test_a_slow_reader_of_a_large_message_is_not_taken_for_dead(impatient):
    with ws.open_raw(impatient.port, "/chorus", receive_buffer=4096) as sock:
        began = time.monotonic()
        ws.until(lambda: time.monotonic() - began > 1.0)  # well over the idle limit
        while (answer := ws.read_frame(sock))[0] != 9:
            assert answer[0] == 1 and len(answer[1]) == 150_000
        sock.sendall(ws.frame(10))
        assert len(ws.read_frame(sock)[1]) in (0, 150_000)


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


# -- the handshake


def test_the_application_may_refuse_with_plain_http(server):
    status, headers, body = ws.exchange(server.port, ws.upgrade_request("/refuse"))
    assert status == 403 and json.loads(body)["message"] == "Not allowed."
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(f"{server.ws_url}/refuse", timeout=10)


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": None}, 426),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "not base64 at all!"}, 400),
        ({"Connection": "keep-alive"}, 400),
        ({"Content_Length": "5"}, 400),
    ],
)
def test_a_bad_upgrade_request_is_refused_in_json(server, changes, status):
    response = ws.exchange(server.port, ws.upgrade_request("/echo", **changes))
    ws.json_error(response, status)
    if status == 426:
        assert response[1]["sec-websocket-version"] == "13" and response[1]["upgrade"] == "websocket"


def test_an_upgrade_by_post_or_http_1_0_is_refused(server):
    request = ws.upgrade_request("/echo")
    ws.json_error(ws.exchange(server.port, request.replace(b"GET", b"POST", 1)), 400)
    ws.json_error(ws.exchange(server.port, request.replace(b"HTTP/1.1", b"HTTP/1.0", 1)), 400)


def test_the_accept_key_is_the_one_of_the_rfc(server):
    with ws.connect(server.port) as sock:
        sock.sendall(ws.upgrade_request("/echo", Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ=="))
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in ws.received(sock)


def test_no_extension_is_agreed_to_and_one_offered_protocol_is_chosen(server):
    with ws.connect(server.port) as sock:
        sock.sendall(
            ws.upgrade_request(
                "/echo", Sec_WebSocket_Extensions="permessage-deflate", Sec_WebSocket_Protocol="lpr.v1, other"
            )
        )
        answer = ws.received(sock).decode().lower()
    assert answer.startswith("http/1.1 101 ")
    assert "extensions" not in answer and "sec-websocket-protocol: lpr.v1\r\n" in answer


# -- Socket.IO over it


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
def test_socket_io_carries_megabytes_over_every_transport(server, transports):
    client = socketio.Client(reconnection=False)
    client.connect(server.url, transports=transports, wait_timeout=10)
    try:
        if len(transports) == 2:
            ws.until(lambda: client.transport() == "websocket", what="the upgrade to WebSocket")
        picture = os.urandom(5 * MB)
        answer = client.call("echo", {"tag": "E200", "picture": picture}, timeout=30)
        assert answer == {"tag": "E200", "picture": picture}
        assert client.call("echo", "text ✓", timeout=10) == "text ✓"
    finally:
        client.disconnect()


def test_socket_io_clients_that_vanish_leave_nothing_behind(server):
    ws.until(lambda: server.state()["status"]["websockets"] == 0)
    client = socketio.Client(reconnection=False)
    client.connect(server.url, transports=["websocket"], wait_timeout=10)
    assert server.state()["status"]["websockets"] == 1
    client.eio.ws.sock.shutdown(socket.SHUT_RDWR)
    ws.until(lambda: server.state()["status"]["websockets"] == 0)
    client.disconnect()


def test_the_address_that_opened_the_socket_answers_http_too(server):
    assert requests.get(f"{server.url}/environ", timeout=10).json()["gatehouse.listener"] == "main"
