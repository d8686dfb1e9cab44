"""The hub's listeners over real sockets: ports, limits, bad requests, and the orderly end."""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading

import pytest
import requests

from tests.support import ws

MB = 1024 * 1024
HOST = b"Host: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ws.running(tmp_path_factory.mktemp("server") / "server.log", max_body_bytes=2 * MB) as started:
        yield started


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """Limits of a fraction of a second."""
    with ws.running(
        tmp_path_factory.mktemp("server") / "server.log",
        head_seconds=0.3,
        body_stall_seconds=0.3,
        keep_alive_seconds=0.3,
        send_stall_seconds=0.5,
    ) as started:
        yield started


def still_serves(server):
    assert requests.post(f"{server.url}/body", data=b"abc", timeout=10).json()["length"] == 3


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


def test_a_body_that_stops_coming_is_408(impatient):
    with ws.connect(impatient.port) as sock:
        sock.sendall(_begin_form(5000))
        assert "stopped coming" in ws.json_error(ws.read_response(sock), 408)
    with ws.connect(impatient.port) as sock:
        sock.sendall(b"POST /body HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel")
        assert "stopped coming" in ws.json_error(ws.read_response(sock), 408)
    still_serves(impatient)


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


# -- heads


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
        b"GET /refuse HTTP/1.0\r\n\r\n",
        b"GET /refuse?a=b HTTP/1.1\r\nX-Empty:\r\n\r\n",
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


# -- answers


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


def test_a_client_that_does_not_read_its_answer_is_dropped(impatient):
    with ws.connect(impatient.port, receive_buffer=4096) as sock:
        sock.sendall(b"GET /stream?count=2000&size=100000 HTTP/1.1\r\n" + HOST + b"\r\n")
        ws.until(lambda: impatient.state()["status"]["connections"] == 2)
        ws.until(lambda: impatient.state()["status"]["connections"] == 1)


def test_a_mistake_of_the_application_is_a_500_in_json(tmp_path):
    with ws.running(tmp_path / "server.log", may_fail=True) as server:
        for path in ("/raw-crash", "/nothing"):
            response = requests.get(server.url + path, timeout=10)
            assert response.status_code == 500 and response.json()["success"] is False and "meant" not in response.text
        assert "GET /raw-crash" in server.log() and "meant to fail" in server.log()


def test_too_many_connections_are_503_and_places_become_free_again(tmp_path):
    with ws.running(tmp_path / "server.log", max_connections=5) as server:
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(ws.open_raw(server.port))
            response = requests.get(f"{server.url}/refuse", timeout=10)
            assert (
                response.status_code == 503 and response.headers["Retry-After"] and response.json()["success"] is False
            )

        def free():
            return requests.get(f"{server.url}/refuse", timeout=10).status_code == 403

        ws.until(free)


# -- ports


def test_every_listener_has_its_name_and_its_port(tmp_path):
    sides = {name: ws.free_port() for name in ("apriltag", "lpr", "images", "results")} | {"off": 0}
    with ws.running(tmp_path / "server.log", side_ports=sides) as server:
        assert (
            set(server.hello["ports"]) == {"main", "apriltag", "lpr", "images", "results"}
            and not server.hello["warnings"]
        )
        for name, port in server.hello["ports"].items():
            environ = requests.get(f"http://127.0.0.1:{port}/environ", timeout=10).json()
            assert environ["gatehouse.listener"] == name and environ["SERVER_PORT"] == str(port)


def _has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as sock:
        sock.bind(("::1", 0))
        return True
    return False


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_localhost_works_over_ipv6_too(tmp_path, host):
    with ws.running(tmp_path / "server.log", host=host) as server, ws.connect(server.port, "::1") as sock:
        sock.sendall(b"GET /environ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        environ = json.loads(ws.read_response(sock)[2])
    assert environ["REMOTE_ADDR"] == "::1" and environ["SERVER_PORT"] == str(server.port)


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
def test_every_network_of_both_kinds_by_two_colons(tmp_path):
    with ws.running(tmp_path / "server.log", host="::") as server:
        assert requests.get(f"{server.url}/environ", timeout=10).json()["REMOTE_ADDR"] == "127.0.0.1"


def test_a_taken_side_port_is_a_warning_that_names_its_owner(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with ws.running(tmp_path / "server.log", side_ports={"images": port, "lpr": ws.free_port()}) as server:
            (warning,) = server.hello["warnings"]
            assert (
                f"Port {port} is taken by " in warning
                and f"(process {os.getpid()})" in warning
                and "[images]" in warning
            )
            assert "images" not in server.hello["ports"] and "lpr" in server.hello["ports"]
            assert warning in server.log()
            still_serves(server)


def test_a_taken_main_port_is_an_error_that_names_its_owner_and_the_way_out(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = ws.Server(tmp_path / "server.log", port=port)
        assert server.end() == 1
    error = server.hello["error"]
    assert f"Port {port} is taken by " in error and f"(process {os.getpid()})" in error and "--port" in error
    assert "Traceback" not in server.log()


def test_an_address_of_another_machine_is_an_error_that_says_so(tmp_path):
    server = ws.Server(tmp_path / "server.log", host="203.0.113.7")
    assert server.end() == 1
    assert "This machine has no address 203.0.113.7" in server.hello["error"] and "0.0.0.0" in server.hello["error"]


def test_a_port_is_free_again_at_once(tmp_path):
    with ws.running(tmp_path / "one.log") as first:
        still_serves(first)
        port = first.port
    with ws.running(tmp_path / "two.log", port=port) as second:
        still_serves(second)


# -- the end


def test_the_end_answers_what_is_in_flight_and_closes_with_1001(tmp_path):
    with ws.running(tmp_path / "server.log") as server:
        answers = []
        slow = threading.Thread(
            target=lambda: answers.append(
                requests.get(f"{server.url}/slow", params={"name": "last", "seconds": 0.6}, timeout=10)
            )
        )
        slow.start()
        ws.until(lambda: "last" in requests.get(f"{server.url}/begun", timeout=10).json()["started"])
        with ws.open_raw(server.port) as first, ws.open_raw(server.port) as second, ws.connect(server.port) as idle:
            idle.sendall(b"GET /refuse HTTP/1.1\r\n" + HOST + b"\r\n")
            assert ws.read_response(idle)[0] == 403
            assert requests.get(f"{server.url}/stop", params={"timeout": 60}, timeout=10).json()["success"]
            for sock in (first, second):
                assert ws.read_close(sock) == (1001, "The hub is stopping.")
                sock.sendall(ws.frame(8, b"\x03\xe9"))
            assert idle.recv(1) == b""
            with pytest.raises(OSError):
                ws.connect(server.port).close()
        slow.join()
        assert answers[0].status_code == 200 and answers[0].headers["Connection"] == "close"
        assert server.process.wait(10) == 0


def test_the_end_cuts_what_does_not_end(tmp_path):
    with ws.running(tmp_path / "server.log") as server, ws.connect(server.port) as sock:
        sock.sendall(b"GET /slow?name=endless&seconds=1000 HTTP/1.1\r\n" + HOST + b"\r\n")
        ws.until(lambda: "endless" in requests.get(f"{server.url}/begun", timeout=10).json()["started"])
        requests.get(f"{server.url}/stop", params={"timeout": 0.3}, timeout=10)
        assert sock.recv(1) == b""
        assert server.process.wait(10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on open files to raise")
def test_the_limit_on_open_files_is_raised_to_fit(tmp_path):
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 3000:
        pytest.skip("this user may not raise it")
    with ws.running(tmp_path / "server.log", max_connections=2500) as server:
        assert server.state()["open_files"] >= 2500
