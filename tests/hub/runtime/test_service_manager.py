"""Reports to systemd, over a real datagram socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from hub.runtime.service_manager import ServiceManager
from tests.support.helpers import HubProcess

pytestmark = pytest.mark.skipif(os.name == "nt", reason="systemd is Linux's")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "n"))
        listening.settimeout(30)
        yield listening


def test_it_reports_and_its_children_cannot(manager: socket.socket, tmp_path: Path) -> None:
    environ = {"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "90000", "WATCHDOG_PID": str(os.getpid())}
    reports = ServiceManager(environ)
    assert environ == {}
    reports.ready()
    greenlet = gevent.spawn(reports.keep_alive)
    gevent.sleep(0.05)
    greenlet.kill()
    reports.stopping()
    assert [manager.recv(100) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]
    assert reports.ping_seconds == pytest.approx(0.03)


def test_an_abstract_address() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"gatehouse-test-{os.getpid()}"
        listening.bind(f"\0{name}")
        listening.settimeout(5)
        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": "/nowhere/x"}, {"WATCHDOG_USEC": "x", "NOTIFY_SOCKET": "/n"}]
)
def test_without_a_manager_nothing_happens(environ: dict[str, str]) -> None:
    reports = ServiceManager(environ)
    reports.ready()
    reports.keep_alive()
    reports.stopping()


def test_the_watchdog_of_another_process_is_not_ours(manager: socket.socket, tmp_path: Path) -> None:
    reports = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    reports.keep_alive()
    assert reports.ping_seconds == 0


@pytest.mark.slow
def test_a_hub_reports_when_it_serves_lives_and_ends(manager: socket.socket, tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", real=True, NOTIFY_SOCKET=str(tmp_path / "n"), WATCHDOG_USEC="300000") as hub:
        assert {manager.recv(100) for _ in range(4)} == {b"READY=1", b"WATCHDOG=1"}
        assert hub.stop() == 0
    seen = {manager.recv(100)}
    while b"STOPPING=1" not in seen:
        seen.add(manager.recv(100))
    assert seen <= {b"WATCHDOG=1", b"STOPPING=1"}


def test_no_name_of_systemd_is_left_in_the_environment_of_this_process() -> None:
    code = (
        "import os; from hub.runtime.service_manager import ServiceManager; ServiceManager(); print(dict(os.environ))"
    )
    environ = {**os.environ, "NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert "NOTIFY_SOCKET" not in done.stdout and "WATCHDOG" not in done.stdout
