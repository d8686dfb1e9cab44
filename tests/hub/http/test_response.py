"""Responses over real sockets: keep-alive, HEAD, streams, failures of the application."""

import contextlib

import pytest
import requests

from tests.support import ws
from tests.support.http_server import HOST, MB


def test_many_requests_share_a_connection_even_when_sent_at_once(server):
    with ws.connect(server.port) as sock:
        sock.sendall((b"GET /refuse HTTP/1.1\r\n" + HOST + b"\r\n") * 100)
        data = b""
        while data.count(b"Not allowed.") < 100:
            data += ws.received(sock)
    assert data.count(b"HTTP/1.1 403") == 100


def test_head_requests_get_no_body(server):
    with ws.connect(server.port) as sock:
        sock.sendall(
            b"HEAD /refuse HTTP/1.1\r\n"
            + HOST
            + b"\r\n"
            + b"HEAD /stream?count=1&size=5 HTTP/1.1\r\n"
            + HOST
            + b"\r\n"
            + b"HEAD / HTTP/1.1\r\nbad\r\n\r\n"
        )
        data = b""
        while piece := sock.recv(65536):
            data += piece
    assert data.count(b"HTTP/1.1 ") == 3 and b"success" not in data.rpartition(b"HTTP/1.1 400")[0]


def test_answers_without_a_length_are_streamed(server):
    response = requests.get(f"{server.url}/stream", params={"count": 7, "size": 300_000}, timeout=10)
    assert response.content == b"".join(bytes([number]) * 300_000 for number in range(7))
    old = b""
    with ws.connect(server.port) as sock:
        sock.sendall(b"GET /stream?count=3&size=10 HTTP/1.0\r\n\r\n")
        while piece := sock.recv(65536):
            old += piece
    assert old.endswith(b"\x00" * 10 + b"\x01" * 10 + b"\x02" * 10) and b"chunked" not in old


def test_small_answers_arrive_in_one_packet_and_without_delay(server):
    assert requests.get(f"{server.url}/options", timeout=10).json() == {"nodelay": [True]}
    with ws.connect(server.port) as sock:
        for _ in range(20):
            sock.sendall(b"GET /refuse HTTP/1.1\r\n" + HOST + b"\r\n")
            assert b"Not allowed." in sock.recv(65536)


@pytest.mark.slow
def test_a_client_that_does_not_read_its_answer_is_dropped(impatient):
    with ws.connect(impatient.port, receive_buffer=4096) as sock:
        sock.sendall(b"GET /stream?count=2000&size=100000 HTTP/1.1\r\n" + HOST + b"\r\n")
        ws.until(lambda: impatient.state()["status"]["connections"] == 2)
        ws.until(lambda: impatient.state()["status"]["connections"] == 1)


@pytest.mark.slow
def test_a_mistake_of_the_application_is_a_500_in_json(tmp_path):
    with ws.running(tmp_path / "server.log", may_fail=True) as server:
        for path in ("/raw-crash", "/nothing"):
            response = requests.get(server.url + path, timeout=10)
            assert response.status_code == 500 and response.json()["success"] is False and "meant" not in response.text
        assert "GET /raw-crash" in server.log() and "meant to fail" in server.log()


def test_answers_beyond_the_budget_are_503_until_slow_readers_have_gone(tmp_path):
    with ws.running(tmp_path / "server.log", memory_bytes=8 * MB, max_body_bytes=4 * MB) as server:
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                sock = stack.enter_context(ws.connect(server.port, receive_buffer=4096))
                sock.sendall(b"GET /stream?count=1&size=3000000 HTTP/1.1\r\n" + HOST + b"\r\n")
            ws.until(lambda: server.state()["status"]["memory"]["held"] >= 6_000_000)
            refused = requests.get(f"{server.url}/stream", params={"count": 1, "size": 3_000_000}, timeout=10)
            assert refused.status_code == 503 and refused.headers["Retry-After"] and not refused.json()["success"]
            small = requests.get(f"{server.url}/stream", params={"count": 50, "size": 100_000}, timeout=10)
            assert small.status_code == 200 and len(small.content) == 5_000_000
        ws.until(lambda: server.state()["status"]["memory"]["held"] == 0)
        answer = requests.get(f"{server.url}/stream", params={"count": 2, "size": 20_000_000}, timeout=10)
        assert len(answer.content) == 40_000_000
