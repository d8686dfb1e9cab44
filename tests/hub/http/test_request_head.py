"""Request heads over real sockets: malformed, too long, too slow, and what small devices send."""

import contextlib
import json
import socket
import threading

import pytest

from tests.support import ws
from tests.support.http_server import HOST


@pytest.mark.parametrize(
    "request_bytes, status",
    [
        (b"\x00\x01\x02\x03\r\n\r\n", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET /refuse\r\n\r\n", 400),
        (b"GET /re fuse HTTP/1.1\r\n\r\n", 400),
        (b"G@T /refuse HTTP/1.1\r\n\r\n", 400),
        (b"GET /ref\x01use HTTP/1.1\r\n\r\n", 400),
        (b"GET /refuse HTTP/1.1\r\nno colon here\r\n\r\n", 400),
        (b"GET /refuse HTTP/1.1\r\nName : x\r\n\r\n", 400),
        (b"GET /refuse HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET /refuse HTTP/1.1\r\nA: b\x00c\r\n\r\n", 400),
        (b"POST /body HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /body HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 400),
        (b"POST /body HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST /body HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /body HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /refuse HTTP/2.0\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /refuse HTTP/1.1\r\nA: b\r\n\r\n", 400),
        (b"GET http://x/refuse HTTP/1.1\r\nHost: y\r\n\r\n", 400),
        (b"GET http://x_y.test/refuse HTTP/1.1\r\n\r\n", 400),
        (b"GET /refuse HTTP/1.0\r\nHost: -x\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)
def test_what_is_not_a_request_is_refused_in_json(server, request_bytes, status):
    ws.json_error(ws.exchange(server.port, request_bytes), status)


def test_a_head_that_ends_early_is_400(server):
    with ws.connect(server.port) as sock:
        sock.sendall(b"GET /refuse HTTP/1.1\r\nHost: x\r\n")
        sock.shutdown(socket.SHUT_WR)
        ws.json_error(ws.read_response(sock), 400)


def test_a_slow_head_is_408_however_busily_it_drips(impatient):
    with ws.connect(impatient.port) as sock:
        sock.sendall(b"GET /refuse HTTP/1.1\r\n")
        stop = threading.Event()
        dripping = threading.Thread(target=_drip, args=(sock, stop))
        dripping.start()
        message = ws.json_error(ws.read_response(sock), 408)
        stop.set()
        dripping.join()
    assert "did not come within 0.3 s" in message


def _drip(sock, stop):
    with contextlib.suppress(OSError):
        while not stop.wait(0.02):
            sock.sendall(b"A: b\r\n")


@pytest.mark.slow
def test_silent_and_idle_connections_are_closed_without_a_word(impatient):
    with ws.connect(impatient.port) as sock:
        assert sock.recv(1) == b""
    with ws.connect(impatient.port) as sock:
        sock.sendall(b"GET /refuse HTTP/1.1\r\n" + HOST + b"\r\n")
        assert ws.read_response(sock)[0] == 403
        assert sock.recv(1) == b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\nGET /refuse HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /refuse HTTP/1.1\nHost: x\n\n",
        b"GET http://x/refuse HTTP/1.1\r\n\r\n",
        b"GET http://x:80/refuse HTTP/1.1\r\nHost: X.\r\n\r\n",
        b"GET /refuse HTTP/1.0\r\nHost:\r\n\r\n",
        b"GET /refuse HTTP/1.0\r\n\r\n",
        b"GET /refuse?a=b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\n\r\n",
    ],
)
def test_what_small_devices_send_is_taken(server, request_bytes):
    assert ws.exchange(server.port, request_bytes)[0] == 403


def test_headers_that_could_pose_as_others_are_dropped_and_repeated_ones_joined(server):
    answer = ws.exchange(
        server.port,
        b"GET /environ?q=1 HTTP/1.1\r\n"
        + HOST
        + b"X_Real: evil\r\nX-Real: good\r\nAccept: a\r\nAccept: b\r\nCookie: c=1\r\nCookie: d=2\r\n\r\n",
    )
    environ = json.loads(answer[2])
    assert environ["HTTP_X_REAL"] == "good" and environ["HTTP_ACCEPT"] == "a,b" and environ["HTTP_COOKIE"] == "c=1; d=2"
    assert (
        environ["REMOTE_ADDR"] == "127.0.0.1"
        and environ["QUERY_STRING"] == "q=1"
        and environ["SERVER_PORT"] == str(server.port)
    )
