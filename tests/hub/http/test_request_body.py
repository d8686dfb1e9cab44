"""Request bodies over real sockets: the limit, chunks, bodies that end early or stall."""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
from random import Random

import pytest
import requests

from tests.support import ws
from tests.support.http_server import HOST, MB, Dripping, still_serves

pytestmark = pytest.mark.slow

# -- bodies over the limit


def test_a_client_sending_200_mb_reads_the_413(server):
    server.state(reset=1)
    before = server.state()["rss"]
    response = requests.post(f"{server.url}/body", data=bytes(200 * MB), timeout=30)
    assert response.status_code == 413 and response.headers["Connection"] == "close"
    sentence = "The body of the request is larger than the limit of 2 MB."
    assert response.json() == {"success": False, "message": sentence, "errors": [sentence]}
    assert server.state()["peak"] - before < 8 * MB
    still_serves(server)


def test_a_client_that_only_reads_after_it_has_sent_everything_reads_the_413_too(server):
    with ws.connect(server.port) as sock:
        sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (30 * MB))
        for _ in range(30):  # a reset of the connection would be raised here
            sock.sendall(bytes(MB))
        ws.json_error(ws.read_response(sock), 413)


def test_a_chunked_body_over_the_limit_is_413_too(server):
    response = requests.post(f"{server.url}/body", data=(bytes(MB) for _ in range(20)), timeout=30)
    assert response.status_code == 413 and response.json()["success"] is False


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not(server):
    assert requests.post(f"{server.url}/body", data=bytes(2 * MB), timeout=10).json()["length"] == 2 * MB
    assert requests.post(f"{server.url}/body", data=bytes(2 * MB + 1), timeout=10).status_code == 413


def test_a_client_that_asks_first_is_refused_before_it_sends(server):
    head = b"POST /body HTTP/1.1\r\n" + HOST + b"Content-Length: 209715200\r\nExpect: 100-continue\r\n\r\n"
    assert "larger than the limit" in ws.json_error(ws.exchange(server.port, head), 413)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_reads_the_413(server, tmp_path):
    big = tmp_path / "big.bin"
    with big.open("wb") as file:
        file.truncate(50 * MB)
    for extra in ([], ["-H", "Expect:"]):
        done = subprocess.run(
            [
                "curl",
                "-s",
                "-w",
                "%{http_code}",
                "--max-time",
                "20",
                *extra,
                "--data-binary",
                f"@{big}",
                f"{server.url}/body",
            ],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.stdout.endswith("413") and '"success":false' in done.stdout, done


# -- bodies that are taken


def test_a_client_that_asks_first_is_told_to_go_on(server):
    with ws.connect(server.port) as sock:
        sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert ws.exactly(sock, 25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hello")
        assert json.loads(ws.read_response(sock)[2])["length"] == 5


def test_bodies_arrive_unchanged_with_and_without_a_length(server):
    data = os.urandom(1_500_000)
    whole = requests.post(f"{server.url}/body", data=data, timeout=10).json()
    chunked = requests.post(
        f"{server.url}/body", data=(data[start : start + 70_001] for start in range(0, len(data), 70_001)), timeout=10
    ).json()
    assert whole["sha"] == chunked["sha"] == hashlib.sha256(data).hexdigest()


def test_a_chunked_body_with_extensions_and_trailers(server):
    body = b"5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
    with ws.connect(server.port) as sock:
        for _ in range(2):  # the second shows that the connection stands at the right byte
            sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + body)
            assert json.loads(ws.read_response(sock)[2])["sha"] == hashlib.sha256(b"hello world").hexdigest()


@pytest.mark.parametrize("largest", [3, 100, 5000, 200_000])
def test_chunks_of_many_sizes(server, largest):
    random = Random(largest)
    sizes = [random.randint(1, largest) for _ in range(min(3000, 1_500_000 // largest))]
    sizes[3:3] = [65536, 1, 65536 - 4, 4] if largest > 3 else []
    chunks = [random.randbytes(size) for size in sizes]
    body = b"".join(
        b"%x;a=b\r\n%b\r\n" % (len(chunk), chunk) if len(chunk) > 50 else b"%X\n%b\n" % (len(chunk), chunk)
        for chunk in chunks
    )
    with ws.connect(server.port) as sock:
        for _ in range(2):
            sock.sendall(
                b"POST /body HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
            )
            assert json.loads(ws.read_response(sock)[2])["sha"] == hashlib.sha256(b"".join(chunks)).hexdigest()


def test_lines_of_ten_bytes_are_taken_and_many_chunks_of_one_byte_refused(server):
    head = b"POST /body HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    lines = b"a\r\n0123456789\r\n" * 30_000 + b"0\r\n\r\n"
    assert json.loads(ws.exchange(server.port, head + lines)[2])["length"] == 300_000
    few = b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n"
    assert json.loads(ws.exchange(server.port, head + few)[2])["length"] == 3000
    many = b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n"
    assert "too many small chunks" in ws.json_error(ws.exchange(server.port, head + many), 400)


def test_a_form_with_files_is_read(server):
    answer = requests.post(
        f"{server.url}/form", data={"tag": "E200"}, files={"primary": ("../../x.jpg", b"j" * 300_000)}, timeout=10
    )
    assert answer.json() == {"success": True, "fields": {"tag": "E200"}, "files": {"primary": 300_000}}


def test_a_body_the_application_did_not_read_does_not_disturb_the_next_request(server):
    with ws.connect(server.port) as sock:
        for _ in range(2):
            sock.sendall(b"POST /refuse HTTP/1.1\r\n" + HOST + b"Content-Length: 20000\r\n\r\n" + b"x" * 20000)
            assert ws.read_response(sock)[0] == 403


# -- bodies that fail


def _begin_form(length):
    head = (
        b"POST /form HTTP/1.1\r\n"
        + HOST
        + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n" % length
    )
    return head + b'--b\r\nContent-Disposition: form-data; name="primary"; filename="x.jpg"\r\n\r\nabc'


def test_a_form_that_ends_early_is_400(server):
    with ws.connect(server.port) as sock:
        sock.sendall(_begin_form(5000))
        sock.shutdown(socket.SHUT_WR)
        assert "ended early; 76 of 5000 bytes had come" in ws.json_error(ws.read_response(sock), 400)
    still_serves(server)


def test_a_sender_that_vanishes_in_the_middle_disturbs_nobody(server):
    with ws.connect(server.port) as sock:
        sock.sendall(_begin_form(5000))
    still_serves(server)
    ws.until(lambda: server.state()["status"]["connections"] == 1)


@pytest.mark.slow
def test_a_body_that_stops_coming_is_408(impatient):
    with ws.connect(impatient.port) as sock:
        sock.sendall(_begin_form(5000))
        assert "stopped coming" in ws.json_error(ws.read_response(sock), 408)
    with ws.connect(impatient.port) as sock:
        sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel")
        assert "stopped coming" in ws.json_error(ws.read_response(sock), 408)
    still_serves(impatient)


def test_a_body_has_a_time_for_its_whole(tmp_path):
    with ws.running(tmp_path / "server.log", body_seconds=0.5) as server:
        for header in (b"Content-Length: 100000", b"Transfer-Encoding: chunked"):
            with ws.connect(server.port) as sock:
                sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + header + b"\r\n\r\n")
                dripping = Dripping(sock, b"1\r\nx\r\n")
                assert "came too slowly" in ws.json_error(ws.read_response(sock), 408)
                dripping.end()
        still_serves(server)


def test_bodies_beyond_the_budget_are_503_and_small_ones_are_taken(tmp_path):
    with ws.running(tmp_path / "server.log", max_body_bytes=6 * MB, memory_bytes=8 * MB) as server:
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(ws.connect(server.port)) for _ in range(2)]
            for sock in socks:
                sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (4 * MB))
            socks[0].sendall(bytes(4 * MB - 1))
            ws.until(lambda: server.state()["status"]["memory"]["held"] >= 4 * MB - 1)
            threading.Thread(target=_send, args=(socks[1], bytes(4 * MB))).start()
            answer = ws.read_response(socks[1])
            assert "as much in memory as it may" in ws.json_error(answer, 503) and int(answer[1]["retry-after"]) > 0
            still_serves(server)
            assert requests.post(f"{server.url}/body", data=bytes(60_000), timeout=10).json()["length"] == 60_000
            socks[0].sendall(b"x")
            assert json.loads(ws.read_response(socks[0])[2])["length"] == 4 * MB
        ws.until(lambda: server.state()["status"]["memory"]["held"] == 0)
        assert server.state()["status"]["memory"]["refused"] == 1
        assert requests.post(f"{server.url}/body", data=bytes(5 * MB), timeout=10).json()["length"] == 5 * MB


def _send(sock, data):
    with contextlib.suppress(OSError):
        sock.sendall(data)


@pytest.mark.slow
def test_a_thousand_broken_requests_leave_nothing_behind(tmp_path):
    with ws.running(tmp_path / "server.log") as server:
        for number in range(1100):
            if number % 100 == 0:
                ws.until(lambda: server.state()["status"]["connections"] == 1)
            with ws.connect(server.port) as sock:
                head = (b"Content-Length: 300000", b"Transfer-Encoding: chunked")[number % 2]
                sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + head + b"\r\n\r\n" + b"fff0\r\n" + bytes(100_000))
            if number == 100:
                before = server.state()["rss"]
        ws.until(lambda: server.state()["status"]["connections"] == 1)
        assert server.state()["status"]["memory"]["held"] == 0
        assert server.state()["rss"] - before < 8 * MB


@pytest.mark.parametrize(
    "body",
    [
        b"xyz\r\nabc\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"3\r\nhello\r\n0\r\n\r\n",
        b"\r\n\r\n",
        b"fffffffffffffffff\r\nx",
        b"1;" + b"a" * 5000,
    ],
)
def test_a_malformed_chunked_body_is_400(server, body):
    response = ws.exchange(
        server.port, b"POST /body HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + body
    )
    ws.json_error(response, 400)
