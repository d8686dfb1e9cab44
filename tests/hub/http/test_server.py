"""The hub's server over real sockets: the limit on connections and the orderly shutdown."""

import contextlib
import sys
import threading

import pytest
import requests

from tests.support import ws
from tests.support.http_server import HOST


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_end_cuts_what_does_not_end(tmp_path):
    with ws.running(tmp_path / "server.log") as server, ws.connect(server.port) as sock:
        sock.sendall(b"GET /slow?name=endless&seconds=1000 HTTP/1.1\r\n" + HOST + b"\r\n")
        ws.until(lambda: "endless" in requests.get(f"{server.url}/begun", timeout=10).json()["started"])
        requests.get(f"{server.url}/stop", params={"timeout": 0.3}, timeout=10)
        assert sock.recv(1) == b""
        assert server.process.wait(10) == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on open files to raise")
def test_the_limit_on_open_files_is_raised_to_fit(tmp_path):
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 3000:
        pytest.skip("this user may not raise it")
    with ws.running(tmp_path / "server.log", max_connections=2500) as server:
        assert server.state()["open_files"] >= 2500
