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

HUB, AGENT = "hub", "agent"
# place() would choose the system's services, because this runs as root.
INSTALL = """
import sys
from pathlib import Path
from tools.boot import systemd
from tools.boot.program import Program
from tools.boot.steps import take
kind, instance, units, watchdog = sys.argv[5], Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
script = {"hub": "app.py", "agent": "agent.py"}[kind]
systemd.WATCHDOG_SECONDS, systemd.RESTART_SECONDS = watchdog, 0
where = systemd.Place(units)
if sys.argv[4] == "install":
    program = Program(kind, script, instance, f"gatehouse-{kind}", tells_when_ready=kind == "hub")
    take(systemd.install_steps(program, where))
else:
    take(systemd.remove_steps(f"gatehouse-{kind}", where))
"""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Systemd]:
    with Systemd(tmp_path) as running:
        yield running


class Service:
    """A program on an instance folder whose name has a space and what systemd would expand."""

    def __init__(self, manager: Systemd, tmp_path: Path, kind: str = HUB, watchdog: int = 60) -> None:
        self._manager, self._kind, self._watchdog = manager, kind, watchdog
        self.unit = f"gatehouse-{kind}.service"
        self.instance = tmp_path / "gate 1 %h $HOME é"
        self.instance.mkdir()
        main, *side = free_ports(1 + len(SIDE_PORTS))
        self._ports = {"HUB_PORT": str(main)} | {name: str(port) for name, port in zip(SIDE_PORTS, side, strict=True)}
        for name, port in self._ports.items():
            done = manager.run("systemctl", "--user", "set-environment", f"{name}={port}")
            assert done.returncode == 0, done.stderr

    def do(self, what: str) -> None:
        units = str(self._manager.units)
        done = self._manager.run(
            sys.executable, "-c", INSTALL, str(self.instance), units, str(self._watchdog), what, self._kind
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.log

    @property
    def log(self) -> str:
        path = self.instance / f"{self._kind}.log"
        return path.read_text("utf-8") if path.exists() else ""

    def pid(self) -> str:
        return self._manager.show(self.unit, "MainPID")

    def is_active(self) -> bool:
        return self._manager.show(self.unit, "ActiveState") == "active"


def test_from_installation_over_a_kill_and_a_stop_to_removal(manager: Systemd, tmp_path: Path) -> None:
    service = Service(manager, tmp_path)
    service.do("install")
    assert service.is_active(), "installed means ready: systemctl waits for it"
    assert (service.instance / "hub.ready.json").exists()
    first = service.pid()
    manager.signal(service.unit, signal.SIGKILL)
    wait_for(lambda: service.pid() not in ("0", first) and service.is_active(), 30, "the restart")
    done = manager.run(sys.executable, str(ROOT / "app.py"), "stop", "--instance", str(service.instance))
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: manager.show(service.unit, "ActiveState") == "inactive", 30, "the end")
    assert service.log.count("The hub has ended.") == 1
    service.do("install")
    assert service.is_active(), "an installation starts it again"
    service.do("remove")
    assert service.log.count("The hub has ended.") == 2
    assert list(manager.units.rglob("*")) == []
    assert manager.show(service.unit, "LoadState") == "not-found"


def test_the_agent_too(manager: Systemd, tmp_path: Path) -> None:
    service = Service(manager, tmp_path, AGENT)
    service.do("install")
    wait_for(lambda: "Simulated vehicle" in service.log, 60, "the simulated gate")
    first = service.pid()
    manager.signal(service.unit, signal.SIGKILL)
    wait_for(lambda: service.pid() not in ("0", first), 30, "the restart")
    seen = service.log.count("Simulated vehicle")
    wait_for(lambda: service.log.count("Simulated vehicle") > seen, 60, "the simulated gate again")
    service.do("remove")
    assert "Ending, as asked." in service.log and manager.show(service.unit, "LoadState") == "not-found"


def test_a_frozen_hub_is_restarted(manager: Systemd, tmp_path: Path) -> None:
    service = Service(manager, tmp_path, watchdog=3)
    service.do("install")
    first = service.pid()
    manager.signal(service.unit, signal.SIGSTOP)
    wait_for(lambda: service.pid() not in ("0", first) and service.is_active(), 60, "the restart")
    assert manager.show(service.unit, "NRestarts") == "1"


def test_a_hub_that_already_runs_is_named_before_anything_is_written(manager: Systemd, tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", real=True) as hub:
        flags = ("install-service", "--instance", str(hub.instance))
        done = manager.run(sys.executable, str(ROOT / "app.py"), *flags)
        assert done.returncode == 1 and "already runs on" in done.stderr and "app.py stop" in done.stderr, done.stderr
        assert manager.run("find", "/etc/systemd/system", "-type", "f").stdout == ""
        assert hub.get("/api/test")
