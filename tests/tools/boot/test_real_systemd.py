"""The hub under a real systemd: it starts, is restarted when killed or frozen, ends in order, is removed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.helpers import ROOT, SIDE_PORTS, HubProcess, free_ports, wait_for
from tests.support.systemd import Systemd, missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]

UNIT = "gatehouse-hub.service"
# place() would choose the system's services, because this runs as root.
INSTALL = """
import sys
from pathlib import Path
from tools.boot import systemd
from tools.boot.program import Program
from tools.boot.steps import take
instance, units, watchdog = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
systemd.WATCHDOG_SECONDS, systemd.RESTART_SECONDS = watchdog, 0
where = systemd.Place(units)
if sys.argv[4] == "install":
    take(systemd.install_steps(Program("hub", "app.py", instance, "gatehouse-hub", tells_when_ready=True), where))
else:
    take(systemd.remove_steps("gatehouse-hub", where))
"""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Systemd]:
    with Systemd(tmp_path) as running:
        yield running


class Service:
    """The hub on an instance folder whose name has a space and what systemd would expand."""

    def __init__(self, manager: Systemd, tmp_path: Path, watchdog: int = 60) -> None:
        self._manager, self._watchdog = manager, watchdog
        self.instance = tmp_path / "gate 1 %h $HOME é"
        self.instance.mkdir()
        main, *side = free_ports(1 + len(SIDE_PORTS))
        self._ports = {"HUB_PORT": str(main)} | {name: str(port) for name, port in zip(SIDE_PORTS, side, strict=True)}
        for name, port in self._ports.items():
            done = manager.run("systemctl", "--user", "set-environment", f"{name}={port}")
            assert done.returncode == 0, done.stderr

    def do(self, what: str) -> None:
        units = str(self._manager.units)
        done = self._manager.run(sys.executable, "-c", INSTALL, str(self.instance), units, str(self._watchdog), what)
        assert done.returncode == 0, done.stdout + done.stderr + self.log

    @property
    def log(self) -> str:
        path = self.instance / "hub.log"
        return path.read_text("utf-8") if path.exists() else ""

    def pid(self) -> str:
        return self._manager.show(UNIT, "MainPID")

    def is_active(self) -> bool:
        return self._manager.show(UNIT, "ActiveState") == "active"


def test_from_installation_to_removal(manager: Systemd, tmp_path: Path) -> None:
    service = Service(manager, tmp_path)
    service.do("install")
    assert service.is_active(), "installed means ready: systemctl waits for it"
    assert (service.instance / "hub.ready.json").exists()
    first = service.pid()
    manager.signal(UNIT, signal.SIGKILL)
    wait_for(lambda: service.pid() not in ("0", first) and service.is_active(), 30, "the restart")
    service.do("remove")
    assert "The hub has ended." in service.log
    assert list(manager.units.rglob("*")) == []
    assert manager.show(UNIT, "LoadState") == "not-found"


def test_a_frozen_hub_is_restarted(manager: Systemd, tmp_path: Path) -> None:
    service = Service(manager, tmp_path, watchdog=3)
    service.do("install")
    first = service.pid()
    manager.signal(UNIT, signal.SIGSTOP)
    wait_for(lambda: service.pid() not in ("0", first) and service.is_active(), 60, "the restart")
    assert manager.show(UNIT, "NRestarts") == "1"


def test_a_hub_that_was_stopped_stays_stopped(manager: Systemd, tmp_path: Path) -> None:
    service = Service(manager, tmp_path)
    service.do("install")
    done = manager.run(sys.executable, str(ROOT / "app.py"), "stop", "--instance", str(service.instance))
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: manager.show(UNIT, "ActiveState") == "inactive", 30, "the end")
    assert "The hub has ended." in service.log
    service.do("install")
    assert service.is_active()


def test_a_hub_that_already_runs_is_named_before_anything_is_written(manager: Systemd, tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        flags = ("install-service", "--instance", str(hub.instance))
        done = manager.run(sys.executable, str(ROOT / "app.py"), *flags)
        assert done.returncode == 1 and "already runs on" in done.stderr and "app.py stop" in done.stderr, done.stderr
        assert manager.run("find", "/etc/systemd/system", "-type", "f").stdout == ""
        assert hub.get("/api/test")
