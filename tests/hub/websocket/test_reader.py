"""Protocol violations of a WebSocket peer over real sockets, and large messages beside small ones."""

import threading

import pytest

from tests.support import ws
from tests.support.http_server import MB

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


@pytest.mark.slow
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


@pytest.mark.slow
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
