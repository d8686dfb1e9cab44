"""Ports over real sockets: listeners, IPv6, ports that are in use."""

import contextlib
import json
import os
import socket

import pytest
import requests

from tests.support import ws
from tests.support.http_server import still_serves


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_localhost_works_over_ipv6_too(tmp_path, host):
    with ws.running(tmp_path / "server.log", host=host) as server, ws.connect(server.port, "::1") as sock:
        sock.sendall(b"GET /environ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        environ = json.loads(ws.read_response(sock)[2])
    assert environ["REMOTE_ADDR"] == "::1" and environ["SERVER_PORT"] == str(server.port)


@pytest.mark.slow
@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
def test_every_network_of_both_kinds_by_two_colons(tmp_path):
    with ws.running(tmp_path / "server.log", host="::") as server:
        assert requests.get(f"{server.url}/environ", timeout=10).json()["REMOTE_ADDR"] == "127.0.0.1"


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_address_of_another_machine_is_an_error_that_says_so(tmp_path):
    server = ws.Server(tmp_path / "server.log", host="203.0.113.7")
    assert server.end() == 1
    assert "This machine has no address 203.0.113.7" in server.hello["error"] and "0.0.0.0" in server.hello["error"]


@pytest.mark.slow
def test_a_port_is_free_again_at_once(tmp_path):
    with ws.running(tmp_path / "one.log") as first:
        still_serves(first)
        port = first.port
    with ws.running(tmp_path / "two.log", port=port) as second:
        still_serves(second)
